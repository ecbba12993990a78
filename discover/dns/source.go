package dns

import (
	"context"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/typedkit/endpoint/discover"
)

const (
	firstRetry = time.Second      // after an error
	lastRetry  = 30 * time.Second // the longest pause between errors
	emptyRetry = 30 * time.Second // the longest one after an empty answer
)

// Hosts returns a Source of the addresses of a host, "users.internal", at a
// port. A name with a dot at its end is taken as it is; any other is looked for
// in the search domains of /etc/resolv.conf too, unless [Servers] is given. It
// yields the set after each answer, so that the age of a pool's set is the time
// since the last one. If there are faults of the arguments, Watch yields them, joined,
// as its only error.
func Hosts(name string, port uint16, opts ...Option) discover.Source {
	c := newConfig("Hosts", opts)
	c.check("Hosts", name)
	if port == 0 {
		c.fault("Hosts: the port is 0")
	}
	return &source{config: c, lookup: func(ctx context.Context, q *query) ([]discover.Instance, error) {
		return q.hosts(ctx, name, port)
	}}
}

// SRV returns a Source of the servers of a service by their SRV records, named
// "_http._tcp.users.internal" (RFC 2782): with their ports, priorities and
// weights. Each address of a target is an instance. They share the weight of the
// target, whose name is in Meta under "target". The name servers are asked for the
// addresses of each target, even if some came with the records, since those may not be
// all. A target that does not exist or has no address is left out. If all targets are
// left out and one of them does not exist, that is an error. A target "." means that
// the service is not available: an empty set. Otherwise SRV is like [Hosts].
func SRV(name string, opts ...Option) discover.Source {
	c := newConfig("SRV", opts)
	c.check("SRV", name)
	return &source{config: c, lookup: func(ctx context.Context, q *query) ([]discover.Instance, error) {
		return q.services(ctx, name)
	}}
}

// check notes a fault of a name.
func (c *config) check(constructor, name string) {
	if _, ok := dns.IsDomainName(name); !ok || name == "" || strings.ContainsAny(name, " /:") {
		c.fault("%s: %q is not a domain name", constructor, name)
	}
}

type source struct {
	config config
	lookup func(context.Context, *query) ([]discover.Instance, error)
}

// Watch asks until ctx ends.
func (s *source) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		if err := s.config.err(); err != nil {
			yield(nil, err)
			return
		}
		timer := time.NewTimer(0)
		defer timer.Stop()
		for failures := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			q := &query{config: &s.config, ttl: s.config.maxTTL}
			set, err := s.lookup(ctx, q)
			if err == nil {
				set = discover.Sorted(set)
			} else {
				set = nil
			}
			if ctx.Err() != nil || !yield(set, err) {
				return
			}
			pause := max(q.ttl, s.config.minTTL)
			if err != nil {
				failures++
				pause = jitter(min(firstRetry<<min(failures-1, 16), lastRetry))
			} else {
				failures = 0
			}
			if len(set) == 0 {
				pause = min(pause, emptyRetry)
			}
			timer.Reset(pause)
		}
	}
}

// jitter takes up to a quarter off, so that clients that failed together do not
// ask together.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/4) }
