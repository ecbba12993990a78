package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// What a lookup may cost, whatever name servers answer. A message has 64 KiB at most.
const (
	lookupTime   = time.Minute
	maxTargets   = 1024
	maxInstances = 10_000
)

// defaultTimeout is how long a server has for an answer.
const defaultTimeout = 2 * time.Second

// query is one lookup: questions that make one set.
type query struct {
	config   *config
	resolver *resolver
	timeout  time.Duration
	attempts int
	turn     *atomic.Uint32 // of the source: which server is first, if they rotate
	last     string         // the name that had something in the lookup before, or ""
	found    string         // the one that has something in this lookup

	mu     sync.Mutex // guards the fields below
	ttl    time.Duration
	silent map[string]bool // the servers that did not answer last
	noEDNS map[string]bool // the servers that answer without EDNS only
}

// newQuery returns a lookup by the options and the file at this moment. last is the name
// that had something before.
func newQuery(c *config, turn *atomic.Uint32, last string) (*query, error) {
	r := &resolver{servers: c.servers}
	if len(c.servers) == 0 {
		var err error
		if r, err = load(c.file); err != nil {
			return nil, err
		}
	}
	return &query{
		config: c, resolver: r, turn: turn, last: last, ttl: c.maxTTL,
		timeout:  cmp.Or(c.timeout, r.timeout, defaultTimeout),
		attempts: cmp.Or(c.attempts, r.attempts, defaultAttempts),
		silent:   map[string]bool{}, noEDNS: map[string]bool{},
	}, nil
}

// expires notes how long an answer is valid.
func (q *query) expires(ttl time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ttl = min(q.ttl, ttl)
}

// lifetime returns how long all answers are valid.
func (q *query) lifetime() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ttl
}

func (q *query) knowsEDNS(server string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.noEDNS[server]
}

func (q *query) noteNoEDNS(server string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.noEDNS[server] = true
}

// noteSilence notes whether a server did not answer.
func (q *query) noteSilence(server string, silent bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.silent[server] = silent
}

// servers returns the name servers in the order in which they are asked: those that
// were silent during this lookup last, so that a dead one delays it once. "rotate"
// "causes round-robin selection of name servers from among those listed".
func (q *query) servers() []string {
	all := slices.Clone(q.resolver.servers)
	if q.resolver.rotate {
		first := int((q.turn.Add(1) - 1) % uint32(len(all))) //nolint:gosec // three at most
		all = slices.Concat(all[first:], all[:first])
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	slices.SortStableFunc(all, func(a, b string) int { return rank(q.silent[a]) - rank(q.silent[b]) })
	return all
}

func rank(silent bool) int {
	if silent {
		return 1
	}
	return 0
}

var (
	errNoName = errors.New(rcodeError(dnsmessage.RCodeNameError).Error())
	errNoKind = errors.New(rcodeError(dnsmessage.RCodeNotImplemented).Error()) // said by all servers
)

// ask asks for the records of a name. "The algorithm used is to try a name server, and
// if the query times out, try the next, until out of name servers, then repeat trying
// all the name servers until a maximum number of retries are made" (resolv.conf(5)). An
// answer that the name does not exist ends this; a failure does not. A server is asked
// again after SERVFAIL, which may pass, and not after another code. A name that does
// not exist is errNoName.
func (q *query) ask(ctx context.Context, name string, kind dnsmessage.Type) ([]record, error) {
	fault := func(err error) error { return fmt.Errorf("dns: %s %s: %w", kindText(kind), shown(name), err) }
	packed, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, fault(err)
	}
	question := dnsmessage.Question{Name: packed, Type: kind, Class: dnsmessage.ClassINET}
	servers := q.servers()
	errs := make([]error, len(servers))
	for range q.attempts {
		for i, server := range servers {
			if errs[i] != nil && isFinal(errs[i]) {
				continue
			}
			a, err := q.askServer(ctx, server, question)
			q.noteSilence(server, err != nil && !isReply(err))
			if err == nil {
				q.expires(a.ttl)
				if !a.exists {
					return nil, fault(errNoName)
				}
				return a.records, nil
			}
			errs[i] = fault(err)
			if ctx.Err() != nil {
				return nil, errors.Join(errs...)
			}
		}
	}
	if !slices.ContainsFunc(errs, isOtherThanNotImplemented) {
		return nil, fault(errNoKind)
	}
	return nil, errors.Join(errs...)
}

// isReply reports whether a server's reply caused err, and not its silence.
func isReply(err error) bool {
	_, ok := errors.AsType[rcodeError](err)
	return ok || errors.Is(err, errReferral) || errors.Is(err, errAliases)
}

// isFinal reports whether a server is not asked again after err.
func isFinal(err error) bool {
	code, ok := errors.AsType[rcodeError](err)
	return isReply(err) && (!ok || dnsmessage.RCode(code) != dnsmessage.RCodeServerFailure)
}

func isOtherThanNotImplemented(err error) bool {
	code, ok := errors.AsType[rcodeError](err)
	return !ok || dnsmessage.RCode(code) != dnsmessage.RCodeNotImplemented
}

// absent is the error of a name that does not exist.
type absent struct{ error }

// search looks one name after the other up until one has something. Neither a name without
// data nor a failure ends it, as in the C library, unless the failure is one of the name
// that had something last: its outage must not replace its set by that of another name. If
// none of the names has anything, search returns the first failure, otherwise nothing if
// one of them exists, otherwise an error. See decision 152.
func search[T any](q *query, name string, lookup func(full string) ([]T, error)) ([]T, error) {
	var missing, failure error
	exists := false
	for _, full := range q.resolver.names(name) {
		found, err := lookup(full)
		if len(found) > 0 {
			q.found = full
			return found, nil
		}
		_, isAbsent := errors.AsType[absent](err)
		switch {
		case err == nil:
			exists = true
		case isAbsent:
			missing = err
		case full == q.last:
			return nil, err
		case failure == nil:
			failure = err
		}
	}
	switch {
	case failure != nil:
		return nil, failure
	case exists:
		return nil, nil
	}
	return nil, missing
}
