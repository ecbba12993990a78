package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/typedkit/endpoint/discover"
	"golang.org/x/net/dns/dnsmessage"
)

// targetsAtOnce is how many targets of a service are asked for at the same time:
// each needs two sockets, and one slow name server must not delay all of them in
// a row.
const targetsAtOnce = 16

// services returns the servers of a service. See decision 90.
func (q *query) services(ctx context.Context, name string) ([]discover.Instance, error) {
	records, err := search(q, name, func(full string) ([]record, error) {
		records, err := q.ask(ctx, full, dnsmessage.TypeSRV)
		if errors.Is(err, errNoName) {
			err = absent{err}
		}
		return records, err
	})
	if err != nil {
		return nil, err
	}
	servers := sortedServers(records)
	if len(servers) == 0 && slices.ContainsFunc(records, func(r record) bool { return r.target != "." }) {
		return nil, fmt.Errorf("dns: SRV %s: the port of each record is 0", name)
	}
	found, err := q.targets(ctx, servers)
	if err != nil {
		return nil, err
	}
	return merged(name, servers, found)
}

// sortedServers returns records in one order, whatever the order of the answer: by
// priority first, and each once. A target "." means that "the service is decidedly not
// available at this domain" (RFC 2782). Port 0 cannot be reached.
func sortedServers(records []record) []record {
	servers := slices.DeleteFunc(slices.Clone(records), func(r record) bool { return r.target == "." || r.port == 0 })
	slices.SortFunc(servers, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.target, b.target),
			cmp.Compare(a.port, b.port), cmp.Compare(a.weight, b.weight))
	})
	return slices.Compact(servers)
}

// merged returns the instances of servers by the addresses of their targets. "A client
// MUST attempt to contact the target host with the lowest-numbered priority it can
// reach" (RFC 2782): of several records of one address and port the lowest priority
// counts, with the weights of all records of that priority.
func merged(name string, servers []record, found map[string][]netip.Addr) ([]discover.Instance, error) {
	var set []discover.Instance
	at := map[string]int{} // by address
	weights := weights(servers)
	pairs := 0 // of a record and an address
	for i, s := range servers {
		addrs := found[s.target]
		if pairs += len(addrs); pairs > maxInstances {
			return nil, fmt.Errorf("dns: SRV %s: the service has more than %d instances", name, maxInstances)
		}
		meta := map[string]string{"target": shown(s.target)}
		for _, a := range addrs {
			in := discover.Instance{
				Addr: join(a, s.port), Priority: int(s.priority),
				Weight: weights[i] / float64(len(addrs)), Meta: meta,
			}
			if j, ok := at[in.Addr]; !ok {
				at[in.Addr] = len(set)
				set = append(set, in)
			} else if set[j].Priority == in.Priority {
				set[j].Weight += in.Weight
			}
		}
	}
	return set, nil
}

// weights returns the weight of each server: its own unless it is zero. RFC 2782 gives
// those of weight 0 "a very small chance of being selected" beside others, and
// equal chances among themselves.
func weights(servers []record) []float64 {
	weighted := map[uint16]bool{} // by priority
	for _, s := range servers {
		weighted[s.priority] = weighted[s.priority] || s.weight > 0
	}
	weights := make([]float64, len(servers))
	for i, s := range servers {
		switch {
		case s.weight > 0:
			weights[i] = float64(s.weight)
		case weighted[s.priority]:
			weights[i] = 1.0 / 100
		default:
			weights[i] = 1
		}
	}
	return weights
}

// targets returns the addresses of the targets by their names, each asked for once.
// Those that came with the answer are not used: a server may leave some of them out
// without notice (RFC 2181 §9). A target that does not exist belongs to a record that was
// forgotten, and is left out. If no other target is left, that is an error, as it is for a
// host. Any other error fails the whole answer.
// See decision 91.
func (q *query) targets(ctx context.Context, servers []record) (map[string][]netip.Addr, error) {
	names := targetNames(servers)
	if len(names) > maxTargets {
		return nil, fmt.Errorf("dns: the service has %d targets, want at most %d", len(names), maxTargets)
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		asked sync.WaitGroup
		turns = make(chan struct{}, targetsAtOnce)

		mu      sync.Mutex // guards the fields below
		found   = map[string][]netip.Addr{}
		missing []error
		total   int // addresses in found
	)
	for _, name := range names {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		asked.Go(func() {
			defer func() { <-turns }()
			addrs, err := q.addresses(ctx, name)
			if _, ok := errors.AsType[absent](err); err != nil && !ok {
				fail(err) // the first one, which ends the other questions
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				missing = append(missing, err)
			}
			if total += len(addrs); total > maxInstances {
				fail(fmt.Errorf("dns: the targets of the service have more than %d addresses", maxInstances))
			} else if len(addrs) > 0 {
				found[name] = addrs
			}
		})
	}
	asked.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, joined(missing)
	}
	return found, nil
}

// maxMissing is how many targets that do not exist an error names.
const maxMissing = 8

// joined returns one error, or nil if there are none.
func joined(missing []error) error {
	if rest := len(missing) - maxMissing; rest > 0 {
		missing = append(missing[:maxMissing:maxMissing], fmt.Errorf("dns: and %d more", rest))
	}
	return errors.Join(missing...)
}

// targetNames returns the names of the targets, each once.
func targetNames(servers []record) []string {
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = s.target
	}
	slices.Sort(names)
	return slices.Compact(names)
}
