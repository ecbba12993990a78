package consul

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/backoff"
	"golang.org/x/time/rate"
)

const (
	maxInstances = 10_000
	maxWait      = 5 * time.Minute // Consul allows ten

	// The shortest time between two queries grows with the size of what they return, so that
	// many changes of a large set cost a bounded part of the CPU.
	gap            = 100 * time.Millisecond
	gapPerInstance = 500 * time.Microsecond
	burst          = 2
)

// errLeft is the error of a poll whose loop was left.
var errLeft = errors.New("consul: the loop was left")

// A view is the sets of one Watch.
type view struct {
	registry *Registry
	yield    func([]discover.Instance, error) bool
	limiter  *rate.Limiter
	backoff  backoff.Backoff
	index    uint64 // of the last response, 0 for none
	known    bool   // set was yielded, and no error since
	set      []discover.Instance
	told     map[string]string // what is wrong with services, by their IDs

	conn net.Conn  // of the last response, nil for none and after an error
	lost time.Time // when the one before conn was lost without an error
}

// follow yields sets until ctx ends.
func (r *Registry) follow(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		if err := r.config.err(); err != nil {
			yield(nil, err)
			return
		}
		v := &view{registry: r, yield: yield, limiter: rate.NewLimiter(rate.Every(gap), burst)}
		for {
			err := v.poll(ctx)
			switch {
			case ctx.Err() != nil, errors.Is(err, errLeft):
				return
			case err == nil:
				v.backoff.Reset()
				continue
			}
			v.index, v.known, v.conn = 0, false, nil
			if !yield(nil, err) {
				return
			}
			v.backoff.Wait(ctx)
		}
	}
}

// poll makes one query and yields the set if it has changed. Its rules on the index are those
// of Consul's documentation of blocking queries.
func (v *view) poll(ctx context.Context) error {
	if err := v.limiter.Wait(ctx); err != nil {
		return err
	}
	ctx, lastConn := traceConn(ctx)
	entries, index, err := v.registry.query(ctx, v.index)
	if err != nil {
		return err
	}
	if conn := lastConn(); conn != v.conn {
		if v.conn != nil && isClosed(v.conn) {
			v.lost = time.Now()
		}
		v.conn = conn
	}
	index = max(index, 1) // a query with the index 0 would not wait
	if index < v.index {
		return fmt.Errorf("consul: the index went backwards from %d to %d: data may be lost", v.index, index)
	}
	v.index = index
	v.limiter.SetLimit(rate.Every(gap + time.Duration(len(entries))*gapPerInstance))
	set := v.read(entries)
	if v.known && slices.EqualFunc(set, v.set, same) {
		return nil
	}
	if v.known && time.Since(v.lost) < settleTime && lacks(set, v.set) {
		return errors.New("consul: instances are missing after a connection was lost: data may be lost")
	}
	v.set, v.known = set, true
	if !v.yield(set, nil) {
		return errLeft
	}
	return nil
}

// query asks for the service. With an index it waits until there is a higher one.
func (r *Registry) query(ctx context.Context, index uint64) ([]*api.ServiceEntry, uint64, error) {
	wait := min(r.config.ttl/4, maxWait)
	// Consul lengthens the wait by up to a sixteenth. All in all it is less than the two thirds
	// of the TTL that registrations still have when an outage begins. So the outage is noticed
	// before they end. See decision 186.
	ctx, cancel := context.WithTimeout(ctx, wait+wait/16+r.config.ttl/4)
	defer cancel()
	entries, meta, err := r.client.Health().ServiceMultipleTags(r.service, r.config.tags, !r.config.warning, (&api.QueryOptions{
		Datacenter:        r.config.datacenter,
		AllowStale:        r.config.stale,
		RequireConsistent: r.config.consistent,
		WaitIndex:         index,
		WaitTime:          wait,
	}).WithContext(ctx))
	if err != nil {
		return nil, 0, wrap("the instances of "+r.service, err)
	}
	if len(entries) > maxInstances {
		return nil, 0, fmt.Errorf("consul: there are more than %d instances of %s", maxInstances, r.service)
	}
	return entries, meta.LastIndex, nil
}

// traceConn returns a context for a request, and a func that returns the connection over which
// the request was sent last. Neither a connection that breaks between two queries nor one that
// breaks while a query waits is an error of the client: net/http takes another one, and sends
// a GET again. The agent may have restarted meanwhile without its data, and its index may be
// higher than before already.
func traceConn(ctx context.Context) (context.Context, func() net.Conn) {
	var last atomic.Pointer[httptrace.GotConnInfo]
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { last.Store(&info) }}
	return httptrace.WithClientTrace(ctx, trace), func() net.Conn {
		if info := last.Load(); info != nil {
			return info.Conn
		}
		return nil
	}
}

// isClosed reports whether the client has closed a connection, as it does when the peer has. A
// connection of an unknown kind counts as closed.
func isClosed(conn net.Conn) bool {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = c.NetConn() // the one below TLS
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := c.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// lacks reports whether an instance of old is missing in set.
func lacks(set, old []discover.Instance) bool {
	known := make(map[string]bool, len(set))
	for _, in := range set {
		known[in.Addr] = true
	}
	return slices.ContainsFunc(old, func(in discover.Instance) bool { return !known[in.Addr] })
}

// same reports whether nothing about an instance has changed.
func same(a, b discover.Instance) bool {
	return a.Addr == b.Addr && a.Weight == b.Weight && a.Zone == b.Zone && a.Priority == b.Priority && maps.Equal(a.Meta, b.Meta)
}
