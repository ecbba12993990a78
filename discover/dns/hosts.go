package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"github.com/typedkit/endpoint/discover"
	"golang.org/x/net/dns/dnsmessage"
)

// hosts returns the addresses of a host.
func (q *query) hosts(ctx context.Context, name string, port uint16) ([]discover.Instance, error) {
	addrs, err := search(q, name, func(full string) ([]netip.Addr, error) { return q.addresses(ctx, full) })
	if err != nil {
		return nil, err
	}
	return instances(addrs, port), nil
}

// instances returns addresses at a port.
func instances(addrs []netip.Addr, port uint16) []discover.Instance {
	set := make([]discover.Instance, len(addrs))
	for i, a := range addrs {
		set[i].Addr = join(a, port)
	}
	return set
}

func join(host netip.Addr, port uint16) string {
	return net.JoinHostPort(host.String(), strconv.Itoa(int(port)))
}

// kinds returns the types of records to ask for.
func (q *query) kinds() []dnsmessage.Type {
	var kinds []dnsmessage.Type
	if q.config.ipv4 {
		kinds = append(kinds, dnsmessage.TypeA)
	}
	if q.config.ipv6 && (!q.resolver.noAAAA || !q.config.ipv4) {
		kinds = append(kinds, dnsmessage.TypeAAAA)
	}
	return kinds
}

// addresses asks for the addresses of one name, of both kinds at the same time, and
// returns each once. "Name resolution APIs and libraries SHOULD recognize localhost
// names as special and SHOULD always return the IP loopback address for address
// queries" (RFC 6761 §6.3).
func (q *query) addresses(ctx context.Context, name string) ([]netip.Addr, error) {
	kinds := q.kinds()
	if isLocalhost(name) {
		return loopback(kinds), nil
	}
	found, errs := make([][]record, len(kinds)), make([]error, len(kinds))
	var asked sync.WaitGroup
	for i, kind := range kinds {
		asked.Go(func() { found[i], errs[i] = q.ask(ctx, name, kind) })
	}
	asked.Wait()
	return settled(kinds, found, errs)
}

func loopback(kinds []dnsmessage.Type) []netip.Addr {
	var addrs []netip.Addr
	for _, kind := range kinds {
		if kind == dnsmessage.TypeA {
			addrs = append(addrs, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
		} else {
			addrs = append(addrs, netip.IPv6Loopback())
		}
	}
	return addrs
}

// settled makes one set of the answers for each kind. When one kind fails, so does
// the whole: half of a set must not replace the whole. But there are name servers
// that deny the name, or know no such kind, when they are asked for AAAA records
// (RFC 4074 §4.2 and §4.3): the addresses of the other kind prove them wrong.
func settled(kinds []dnsmessage.Type, found [][]record, errs []error) ([]netip.Addr, error) {
	failed, denied := false, false
	var addrs []netip.Addr
	for i, err := range errs {
		switch {
		case errors.Is(err, errNoName):
			denied = true
		case err != nil:
			failed = failed || kinds[i] != dnsmessage.TypeAAAA || !errors.Is(err, errNoKind)
		}
		for _, r := range found[i] {
			addrs = append(addrs, r.addr)
		}
	}
	switch err := errors.Join(errs...); {
	case failed:
		return nil, err
	case len(addrs) > 0:
		slices.SortFunc(addrs, netip.Addr.Compare)
		return slices.Compact(addrs), nil // "duplicates [...] should be suppressed" (RFC 2181 §5)
	case denied:
		return nil, absent{err}
	default:
		return nil, err
	}
}
