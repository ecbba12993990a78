package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/miekg/dns"
	"github.com/typedkit/endpoint/discover"
)

// answerSize is how large an answer over UDP may be: what fits into a packet on
// nearly all paths (DNS Flag Day 2020).
const answerSize = 1232

// targetsAtOnce is how many targets of a service are asked for at the same time:
// each needs two sockets, and one slow name server must not delay all of them in
// a row.
const targetsAtOnce = 16

var (
	errNoName = errors.New(dns.RcodeToString[dns.RcodeNameError])
	errNoKind = errors.New(dns.RcodeToString[dns.RcodeNotImplemented]) // said by all servers
)

// absent is the error of a host that does not exist, as far as it is known.
type absent struct{ error }

// query is one round of questions.
type query struct {
	config *config

	mu  sync.Mutex // guards the field below
	ttl time.Duration
}

// expires notes how long a record is right.
func (q *query) expires(h *dns.RR_Header) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ttl = min(q.ttl, time.Duration(h.Ttl)*time.Second)
}

// hosts returns the addresses of a host.
func (q *query) hosts(ctx context.Context, name string, port uint16) ([]discover.Instance, error) {
	addrs, err := q.addresses(ctx, name)
	set := make([]discover.Instance, len(addrs))
	for i, a := range addrs {
		set[i].Addr = join(a, port)
	}
	return set, err
}

func join(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// addresses asks for the addresses of a host, of both kinds at the same time.
func (q *query) addresses(ctx context.Context, name string) ([]string, error) {
	var kinds []uint16
	if q.config.ipv4 {
		kinds = append(kinds, dns.TypeA)
	}
	if q.config.ipv6 {
		kinds = append(kinds, dns.TypeAAAA)
	}
	found, errs := make([][]string, len(kinds)), make([]error, len(kinds))
	var asked sync.WaitGroup
	for i, kind := range kinds {
		asked.Go(func() {
			answer, err := q.ask(ctx, name, kind)
			if err != nil {
				errs[i] = err
				return
			}
			found[i] = q.addressesIn(answer.Answer)
			q.denied(answer, kind)
		})
	}
	asked.Wait()
	return settled(kinds, found, errs)
}

// settled makes one answer of those for each kind. When one kind fails, so does
// the whole: half of a set must not replace the whole. But there are name servers
// that deny the name, or know no such kind, when they are asked for AAAA records
// (RFC 4074 §4.2 and §4.3): the addresses of the other kind prove them wrong.
func settled(kinds []uint16, found [][]string, errs []error) ([]string, error) {
	failed, denied := false, false
	for i, err := range errs {
		switch {
		case errors.Is(err, errNoName):
			denied = true
		case err != nil:
			failed = failed || kinds[i] != dns.TypeAAAA || !errors.Is(err, errNoKind)
		}
	}
	all, err := slices.Concat(found...), errors.Join(errs...)
	switch {
	case failed:
		return nil, err
	case len(all) > 0:
		return all, nil
	case denied:
		return nil, absent{err}
	}
	return nil, err
}

// denied notes how long the answer is right that there are no records of the
// kind (RFC 2308 §5), if that is what it says. See decision 92.
func (q *query) denied(answer *dns.Msg, kind uint16) {
	if slices.ContainsFunc(answer.Answer, func(r dns.RR) bool { return r.Header().Rrtype == kind }) {
		return
	}
	for _, alias := range answer.Answer {
		q.expires(alias.Header())
	}
	for _, r := range answer.Ns {
		if soa, ok := r.(*dns.SOA); ok {
			h := soa.Hdr
			h.Ttl = min(h.Ttl, soa.Minttl)
			q.expires(&h)
		}
	}
}

// addressesIn returns the addresses in records, also those at the end of
// aliases.
func (q *query) addressesIn(records []dns.RR) []string {
	var addrs []string
	for _, r := range records {
		q.expires(r.Header())
		switch r := r.(type) {
		case *dns.A:
			addrs = append(addrs, r.A.String())
		case *dns.AAAA:
			addrs = append(addrs, r.AAAA.String())
		}
	}
	return addrs
}

// services returns the servers of a service. See decision 90.
func (q *query) services(ctx context.Context, name string) ([]discover.Instance, error) {
	answer, err := q.ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	q.denied(answer, dns.TypeSRV)
	var servers []*dns.SRV
	for _, r := range answer.Answer {
		q.expires(r.Header())
		if s, ok := r.(*dns.SRV); ok && s.Target != "." {
			servers = append(servers, s)
		}
	}
	found, err := q.targets(ctx, servers)
	if err != nil {
		return nil, err
	}
	var set []discover.Instance
	for _, s := range servers {
		addrs := found[dns.CanonicalName(s.Target)]
		for _, a := range addrs {
			set = append(set, discover.Instance{
				Addr: join(a, s.Port), Priority: int(s.Priority), Weight: weight(s, servers) / float64(len(addrs)),
				Meta: map[string]string{"target": s.Target},
			})
		}
	}
	return set, nil
}

// targets returns the addresses of the targets by their canonical names, each
// asked for once. Those that came with the answer are not used: a server may leave
// out some of them and need not tell (RFC 2181 §9). A target that does not exist
// is a record that was forgotten, unless no other is left: that is as little
// believed as it is of a host. Any other error is one of the whole answer.
// See decision 91.
func (q *query) targets(ctx context.Context, servers []*dns.SRV) (map[string][]string, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		asked sync.WaitGroup
		turns = make(chan struct{}, targetsAtOnce)

		mu      sync.Mutex // guards the fields below
		found   = map[string][]string{}
		missing []error
	)
	for _, name := range targetNames(servers) {
		turns <- struct{}{}
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
			if len(addrs) > 0 {
				found[name] = addrs
			}
		})
	}
	asked.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.Join(missing...)
	}
	return found, nil
}

// targetNames returns the canonical names of the targets, each once.
func targetNames(servers []*dns.SRV) []string {
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = dns.CanonicalName(s.Target)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// weight is the weight of a server: its own unless it is zero. RFC 2782 gives
// those of weight 0 "a very small chance of being selected" beside others, and
// equal chances among themselves.
func weight(s *dns.SRV, all []*dns.SRV) float64 {
	if s.Weight > 0 {
		return float64(s.Weight)
	}
	for _, other := range all {
		if other.Priority == s.Priority && other.Weight > 0 {
			return 1.0 / 100
		}
	}
	return 1
}

// ask returns the answer of the first name server that gives one, for the first
// of the names that exists.
func (q *query) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	servers, names, err := q.where(name)
	if err != nil {
		return nil, err
	}
	for i, full := range names {
		answer, err := q.askAll(ctx, servers, full, kind)
		switch {
		case err != nil:
			return nil, err
		case answer.Rcode == dns.RcodeSuccess:
			return answer, nil
		case i == len(names)-1:
			q.denied(answer, kind)
			return nil, fmt.Errorf("dns: %s %s: %w", dns.TypeToString[kind], name, errNoName)
		}
	}
	return nil, fmt.Errorf("dns: %q stands for no name", name)
}

// where returns the servers to ask and the names to ask for.
func (q *query) where(name string) (servers, names []string, err error) {
	if len(q.config.servers) > 0 {
		return q.config.servers, []string{dns.Fqdn(name)}, nil
	}
	file, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, nil, fmt.Errorf("dns: %w", err)
	}
	for _, s := range file.Servers {
		servers = append(servers, net.JoinHostPort(s, file.Port))
	}
	if len(servers) == 0 {
		return nil, nil, errors.New("dns: /etc/resolv.conf names no server")
	}
	return servers, file.NameList(name), nil
}

// askAll asks one server after the other until one knows: that a name does not
// exist is knowledge, a failure is none.
func (q *query) askAll(ctx context.Context, servers []string, name string, kind uint16) (*dns.Msg, error) {
	var errs []error
	noKind := 0
	for _, server := range servers {
		answer, err := q.askOne(ctx, server, name, kind)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("dns: %s %s: %w", dns.TypeToString[kind], name, err))
		case answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError:
			return answer, nil
		case answer.Rcode == dns.RcodeNotImplemented:
			noKind++
			fallthrough
		default:
			errs = append(errs, fmt.Errorf("dns: %s %s: %s", dns.TypeToString[kind], name, dns.RcodeToString[answer.Rcode]))
		}
		if ctx.Err() != nil {
			break
		}
	}
	if noKind == len(servers) {
		return nil, fmt.Errorf("dns: %s %s: %w", dns.TypeToString[kind], name, errNoKind)
	}
	return nil, errors.Join(errs...)
}

// askOne asks one server, again over TCP when the answer does not fit.
func (q *query) askOne(ctx context.Context, server, name string, kind uint16) (*dns.Msg, error) {
	question := new(dns.Msg).SetQuestion(name, kind)
	question.SetEdns0(answerSize, false)
	answer, err := q.exchange(ctx, "udp", server, question)
	if err == nil && answer.Truncated {
		answer, err = q.exchange(ctx, "tcp", server, question)
	}
	if err != nil {
		return nil, err
	}
	if len(answer.Question) != 1 || dns.CanonicalName(answer.Question[0].Name) != dns.CanonicalName(name) || answer.Question[0].Qtype != kind {
		return nil, errors.New("the answer is one to another question")
	}
	return answer, nil
}

func (q *query) exchange(ctx context.Context, network, server string, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, q.config.timeout)
	defer cancel()
	conn, err := q.config.dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	// The end of the context ends a read too.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client := &dns.Client{Timeout: q.config.timeout}
	answer, _, err := client.ExchangeWithConnContext(ctx, question, &dns.Conn{Conn: conn})
	return answer, err
}
