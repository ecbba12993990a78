package dns

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint/discover"
)

const (
	firstRetry = time.Second      // after an error
	lastRetry  = 30 * time.Second // the longest pause between errors
	emptyRetry = 30 * time.Second // the longest one after an empty answer
)

// Hosts returns a Source of the addresses of a host, "users.internal", at a
// port. A name with a dot at its end is taken as it is; any other is looked for in the
// search list too, unless [Servers] is given: its addresses are those of the first name
// that has any, of both kinds. Names at and below "localhost", and IP addresses, stand
// for themselves, and no server is asked. /etc/hosts is not read.
//
// The source yields the set after each answer, so that the age of a pool's set is the
// time since the last one. If there are faults of the arguments, Watch yields them,
// joined, as its only error.
func Hosts(name string, port uint16, opts ...Option) discover.Source {
	c := newConfig("Hosts", opts)
	addr, err := netip.ParseAddr(name)
	if err == nil {
		c.checkAddr("Hosts", addr)
	} else {
		c.check("Hosts", name)
	}
	if port == 0 {
		c.fault("Hosts: the port is 0")
	}
	if err == nil {
		return &source{config: c, literal: instances([]netip.Addr{addr}, port)}
	}
	return &source{config: c, lookup: func(ctx context.Context, q *query) ([]discover.Instance, error) {
		return q.hosts(ctx, name, port)
	}}
}

// SRV returns a Source of the servers of a service by their SRV records, named
// "_http._tcp.users.internal" (RFC 2782): with their ports, priorities and
// weights. Each address of a target is an instance. They share the weight of the
// target, whose name is in Meta under "target", in lower case. Of several records of one
// address and port the lowest priority counts. The name servers are asked for the
// addresses of each target, even if some came with the records, since those may not be
// all. A target that does not exist or has no address is left out. If all targets are
// left out and one of them does not exist, that is an error. A target "." means that
// the service is not available: an empty set. A record with the port 0 is left out; if
// all of them have it, that is an error. More than 1024 targets, and more than
// 10,000 instances, are an error. Otherwise SRV is like [Hosts].
func SRV(name string, opts ...Option) discover.Source {
	c := newConfig("SRV", opts)
	c.check("SRV", name)
	return &source{config: c, lookup: func(ctx context.Context, q *query) ([]discover.Instance, error) {
		return q.services(ctx, name)
	}}
}

// check notes a fault of a name.
func (c *config) check(constructor, name string) {
	if !isName(name) || strings.ContainsAny(name, ` /:\`) {
		c.fault("%s: %q is not a domain name", constructor, name)
	}
}

// checkAddr notes that an address is not of a kind that is asked for.
func (c *config) checkAddr(constructor string, addr netip.Addr) {
	if addr.Is4() && !c.ipv4 || addr.Is6() && !c.ipv6 {
		c.fault("%s: %s is an address of the kind that an option excludes", constructor, addr)
	}
}

type source struct {
	config  config
	literal []discover.Instance                                        // of an IP address
	lookup  func(context.Context, *query) ([]discover.Instance, error) // of a name, nil for a literal
	turn    atomic.Uint32
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
		memory := memory{keep: s.config.keep}
		last := ""
		for failures := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			set, pause, err := s.ask(ctx, &last)
			if err == nil {
				failures = 0
				set = memory.merge(set, time.Now())
			} else {
				failures++
				pause = jitter(min(firstRetry<<min(failures-1, 16), lastRetry))
			}
			if ctx.Err() != nil || !yield(set, err) {
				return
			}
			if len(set) == 0 {
				pause = min(pause, emptyRetry)
			}
			timer.Reset(pause)
		}
	}
}

// ask returns one set, sorted, and how long it is valid. last is the name that had
// something last.
func (s *source) ask(ctx context.Context, last *string) ([]discover.Instance, time.Duration, error) {
	if s.lookup == nil {
		return slices.Clone(s.literal), s.config.maxTTL, nil
	}
	q, err := newQuery(&s.config, &s.turn, *last)
	if err != nil {
		return nil, 0, err
	}
	within, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	set, err := s.lookup(within, q)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("dns: the lookup took longer than %v: %w", lookupTime, err)
	}
	if err != nil {
		return nil, 0, err
	}
	if q.found != "" {
		*last = q.found
	}
	return discover.Sorted(set), max(q.lifetime(), s.config.minTTL), nil
}

// jitter takes up to a quarter off, so that clients that failed together do not
// ask together.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/4) }
