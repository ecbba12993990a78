package consul

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
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
			v.index, v.known = 0, false
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
	entries, index, err := v.registry.query(ctx, v.index)
	if err != nil {
		return err
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
	ctx, repeated := traceRepeats(ctx)
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
	if index > 0 && repeated() {
		return nil, 0, errors.New("consul: the connection was lost while the query waited: data may be lost")
	}
	if len(entries) > maxInstances {
		return nil, 0, fmt.Errorf("consul: there are more than %d instances of %s", maxInstances, r.service)
	}
	return entries, meta.LastIndex, nil
}

// traceRepeats returns a context for a request, and a func that reports whether the request
// was sent more than once. net/http sends a GET again when a connection breaks that was used
// before. The agent may have restarted meanwhile, and have a higher index than before already.
func traceRepeats(ctx context.Context) (context.Context, func() bool) {
	var conns atomic.Int32
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { conns.Add(1) }}
	return httptrace.WithClientTrace(ctx, trace), func() bool { return conns.Load() > 1 }
}

// same reports whether nothing about an instance has changed.
func same(a, b discover.Instance) bool {
	return a.Addr == b.Addr && a.Weight == b.Weight && a.Zone == b.Zone && a.Priority == b.Priority && maps.Equal(a.Meta, b.Meta)
}
