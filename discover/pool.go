package discover

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrNoEndpoints is the error of a call for which a [Pool] has no instance. Its cause
// says why, for logs: Run has not been called, the source names none, or the last error
// of the source or of a dial. Nothing was sent.
var ErrNoEndpoints = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "NO_ENDPOINTS", "temporarily unavailable")

var (
	errNilPool  = errors.New("discover: Pool: it is nil; make one with New or Of")
	errNilConn  = errors.New("discover: the dial func returned neither a connection nor an error")
	errZeroPool = errors.New("discover: Pool: it is the zero Pool; make one with New or Of")
)

// A Pool gives each attempt of a client's calls a connection to one of the
// instances that a [Source] names. Make one with [New] and start it with
// [Pool.Run], or with [Of]. The zero Pool and a nil *Pool have no instances: each
// call and [Pool.Err] return the fault.
//
// All operations of a client share its connections and what it knows of the
// health of instances; the latencies that a balancer goes by are those of each
// operation.
//
//   - A new instance gets calls once it is dialled; dials are made side by
//     side ([Dials]) and repeated with growing pauses when they fail. One that
//     is gone gets no further calls, and its connection is closed when the last
//     of its calls has ended. All others stay as they are.
//   - An error of the source changes nothing. The last instances are kept for
//     a while when the source says that there are none ([Grace]), and until
//     one of their successors is dialled.
//   - An instance whose address is malformed (see [Instance]) is left out.
//   - An instance that fails again and again is ejected for a while ([Eject]). One whose
//     probes fail gets no calls ([Check]).
//   - A priority gets the calls that those before it are not healthy enough for. When
//     no instance is healthy, all get calls.
//
// Its events, with the source "pool", are joined, left, dial_failed, ejected,
// readmitted, unhealthy, healthy, source_failed, source_recovered, empty, malformed and
// close_failed. Detail is the address, where the event is one instance's. A malformed
// address is an event when it appears in the set, and the first 50 of a set are; the event
// has its start, without characters that cannot be printed.
//
// C is the type of a connection. A connection with a method Close() error is closed
// when the pool no longer needs it. All methods are safe for concurrent use. A pick
// takes no lock.
type Pool[C any] struct {
	core   *core // nil for the zero Pool
	views  views[C]
	direct func() *view[C] // of calls without an operation, made by the first
}

// New returns a pool that dials instances with dial, which gets the address of an
// [Instance] and is called by several goroutines at once. The pool has no instances
// before [Pool.Run] is called. A nil dial, a nil option and other faults of the
// arguments are kept: clients report them, and Err does. A dial that returns neither a
// connection nor an error has failed.
//
// The context of dial is made from that of Run, with its values. It ends when dial
// returns, so a connection must not depend on it. It ends sooner when the source no
// longer names the instance, when the pool ends, and when the time of [DialTimeout] is
// over. The pool does not wait for a dial that ignores the end of its context, except
// Run, for a second at most. The connection of such a dial is used when it comes, or
// closed if the source no longer names the instance.
func New[C any](dial func(ctx context.Context, addr string) (C, error), opts ...Option) *Pool[C] {
	p := newPool[C]("New", opts)
	if dial == nil {
		p.core.config.fault("New: the dial func is nil")
		return p
	}
	if err := p.core.config.check.fits(reflect.TypeFor[C]()); err != nil {
		p.core.config.fault("New: %w", err)
	}
	p.core.connect = func(ctx context.Context, addr string) (any, error) {
		conn, err := dial(ctx, addr)
		if err == nil && isNil(conn) {
			return nil, errNilConn
		}
		return conn, err
	}
	return p
}

// Of returns a pool of these connections, which never change and which it does not
// close. It is for a plain slice, including one of endpoints (see [Balanced]). It
// needs no Run. The address of an instance is its index: "0", "1". An empty slice, a
// nil connection and a nil option are faults. A pool with faults has no instances: its
// calls fail with them.
func Of[C any](conns []C, opts ...Option) *Pool[C] {
	p := newPool[C]("Of", opts)
	c := p.core
	if len(conns) == 0 {
		c.config.fault("Of: there is no connection")
	}
	if c.config.check != nil {
		c.config.fault("Of: option Check: nothing is dialled, so nothing is probed")
	}
	for i, conn := range conns {
		if isNil(conn) {
			c.config.fault("Of: connection %d is nil", i)
		}
	}
	if c.config.err() != nil {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = running
	for i, conn := range conns {
		s := c.roster.add(Instance{Addr: fmt.Sprint(i)})
		s.conn = conn
		c.roster.tally.update(s, func() { s.ready = true })
		c.roster.slots = append(c.roster.slots, s)
	}
	c.publish()
	return p
}

// isNil reports whether the connection is a nil that cannot be used as one.
func isNil(conn any) bool {
	if conn == nil {
		return true
	}
	switch v := reflect.ValueOf(conn); v.Kind() {
	case reflect.Func, reflect.Pointer, reflect.Map, reflect.Chan:
		return v.IsNil()
	default:
		return false
	}
}

func newPool[C any](constructor string, opts []Option) *Pool[C] {
	p := &Pool[C]{core: newCore(newConfig(constructor, opts))}
	p.views.core = p.core
	p.views.conns = make(map[*level]chunked[C])
	p.core.publisher = &p.views
	p.direct = sync.OnceValue(p.views.add)
	return p
}

// Err returns the faults of the constructor's arguments, joined, or nil.
func (p *Pool[C]) Err() error {
	switch {
	case p == nil:
		return errNilPool
	case p.core == nil:
		return errZeroPool
	}
	return p.core.config.err()
}

// isMade reports whether the pool was made by a constructor.
func (p *Pool[C]) isMade() bool { return p != nil && p.core != nil }

// For returns the pool as one operation sees it. Clients call it once for each
// of their operations.
func (p *Pool[C]) For(*endpoint.Operation) endpoint.Target[C] {
	if !p.isMade() {
		return refusal[C]{p.Err()}
	}
	return p.views.add()
}

// Acquire returns a connection for a call without an operation, whose latency
// statistics are those of all such calls. Its error is [ErrNoEndpoints], which
// is marked as not sent, or that of ctx. A fault of the pool is an error with the
// code INTERNAL.
func (p *Pool[C]) Acquire(ctx context.Context) (C, endpoint.Token, error) {
	if !p.isMade() {
		return refusal[C]{p.Err()}.Acquire(ctx)
	}
	return p.direct().Acquire(ctx)
}

// Release gives the outcome of an attempt back.
func (p *Pool[C]) Release(t endpoint.Token, err error) {
	if p.isMade() {
		p.direct().Release(t, err)
	}
}

// Run keeps the pool's set as the source says until ctx ends, Close is called
// or the source ends, and closes the pool. It can be called once. It returns the
// last error of a source that ended by itself, else nil. By then all that it started
// has ended, except dials that ignore their context (see [New]). Calls in flight go
// on and close their connections when they end. A nil source is an error.
func (p *Pool[C]) Run(ctx context.Context, s Source) error {
	if err := p.Err(); err != nil {
		return err
	}
	return p.core.run(ctx, s)
}

// Close ends Run and closes the pool: calls get ErrNoEndpoints from then on.
// Connections are closed when the last of their calls has ended. A second Close
// does nothing.
func (p *Pool[C]) Close() error {
	if p.isMade() {
		p.core.end(nil)
	}
	return nil
}

// Age returns how long ago the source last yielded a set. It is 0 before the first, and
// for a source of [Fixed] or [Static], whose set cannot be out of date.
func (p *Pool[C]) Age() time.Duration {
	if !p.isMade() {
		return 0
	}
	return p.core.age()
}

// Gauges yields the figures of the pool: instances (that the source names, or that
// are kept although it does not), serving (that get calls and have not failed as often
// in a row as [Eject] says, so 0 when all are dead), ejected, age_seconds (see
// [Pool.Age]), and for each instance, with its address as Detail, pending (calls in
// flight), weight, and out: 1 while it gets no calls because it is ejected or its checks
// fail, else 0. The Source is "pool".
func (p *Pool[C]) Gauges(yield func(endpoint.Gauge) bool) {
	if !p.isMade() {
		return
	}
	for _, g := range p.core.gauges() {
		if !yield(g) {
			return
		}
	}
}

// A refusal is the target that a pool is when it was not made by a constructor.
type refusal[C any] struct{ fault error }

// Acquire returns the fault.
func (r refusal[C]) Acquire(context.Context) (conn C, t endpoint.Token, err error) {
	return conn, t, endpoint.Errorf(endpoint.Internal, "%w", r.fault)
}

// Release does nothing.
func (refusal[C]) Release(endpoint.Token, error) {}
