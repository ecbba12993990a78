package discover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrNoEndpoints is the error of a call for which a [Pool] has no instance. Its
// cause is the last error of the source, if there was one. Nothing was sent.
var ErrNoEndpoints = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "NO_ENDPOINTS", "no server is available")

var (
	errClosed       = errors.New("discover: the pool is closed")
	errTwice        = errors.New("discover: Run was called before")
	errPicker       = errors.New("discover: the balancer returned no picker, or its picker an index that is none of the set's")
	errNone         = errors.New("discover: the source names no instance")
	errSlow         = errors.New("discover: the source has not answered in time")
	errDialPanicked = errors.New("discover: the dial func panicked")
	errDials        = errors.New("discover: no instance could be dialled in time")
)

// A Pool gives each attempt of a client's calls a connection to one of the
// instances that a [Source] names. Make one with [New] and start it with
// [Pool.Run], or with [Of].
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
//   - An instance that fails again and again is ejected for a while ([Eject]).
//   - Of the priorities, only the first with a healthy instance gets calls.
//
// Its events, with the source "pool", are joined, left, dial_failed, ejected,
// readmitted, source_failed, source_recovered, empty and close_failed; Detail
// is the address, where the event is one instance's.
//
// C is the type of a connection. What has a method Close() error is closed when
// it is not needed any more. All methods are safe for concurrent use; a pick
// takes no lock.
type Pool[C any] struct {
	config config
	dial   func(addr string) (C, error) // nil for a pool of a slice
	begun  time.Time                    // zero of the pool's clock
	uneven atomic.Int64                 // slots whose weight is not 1
	direct func() *view[C]              // of calls without an operation, made by the first

	mu      sync.Mutex // guards the fields below; never held in a dial, a close or a callback
	state   state
	cause   error // why there is no set: of the source, of Run
	known   time.Time
	set     []Instance // what the source named last
	slots   []*slot[C] // in the order of the addresses, with those that are missing but kept
	tally   tally      // of slots
	shown   []*slot[C] // that get calls, at their places in the tables of all views
	tier    tier       // what they have in common
	touched []*slot[C] // whose part in the tally has changed since shown was brought up to date
	moved   []int      // places of shown that have changed since the last publication
	views   []*view[C]
	ids     uint32
	changed chan struct{} // closed when what await waits for may have changed
	cancel  context.CancelFunc
	notes   []event    // to be told without the lock
	telling bool       // somebody is telling them
	joining []*slot[C] // ready since the last publication
	dropped []*slot[C] // to be retired once no view shows them
	closing []*slot[C] // to be closed without the lock
	dials   dials[C]
	gap     time.Duration // to the next publication of a burst
	flush   *time.Timer
	empty   *time.Timer // of the grace
	warming *time.Timer // of slow start
	first   bool        // a set was published
}

type state uint8

const (
	idle state = iota
	running
	ended
)

// New returns a pool that dials instances with dial, which gets the address of
// an [Instance] and is called by several goroutines at once, without a context:
// it should return soon. The pool has no instances before [Pool.Run] is called.
// Faults of the arguments are kept: clients report them, and Err does.
func New[C any](dial func(addr string) (C, error), opts ...Option) *Pool[C] {
	p := newPool[C](opts)
	if dial == nil {
		p.config.fault("New: the dial func is nil")
	}
	p.dial = dial
	return p
}

// Of returns a pool of these connections, which never change and which it does
// not close. It is for a plain slice, of endpoints too (see [Balanced]). It
// needs no Run. Instances are called by their index: "0", "1".
func Of[C any](conns []C, opts ...Option) *Pool[C] {
	p := newPool[C](opts)
	if len(conns) == 0 {
		p.config.fault("Of: there is no connection")
	}
	p.state = running
	for i, c := range conns {
		s := p.slot(Instance{Addr: fmt.Sprint(i)})
		s.conn = c
		p.makeReady(s)
		p.slots = append(p.slots, s)
	}
	p.publish()
	p.notes = nil
	return p
}

func newPool[C any](opts []Option) *Pool[C] {
	p := &Pool[C]{config: newConfig(opts), begun: time.Now(), changed: make(chan struct{})}
	p.tally.priorities = make(map[int]standing)
	p.direct = sync.OnceValue(p.view)
	p.dials.limit = p.config.dials
	return p
}

// Err returns what is wrong with the arguments of the constructor, or nil.
func (p *Pool[C]) Err() error {
	if p == nil {
		return errors.New("discover: the pool is nil")
	}
	return p.config.err()
}

// now reads the pool's clock: nanoseconds since it was made, never 0.
func (p *Pool[C]) now() int64 { return int64(time.Since(p.begun)) + 1 }

// For returns the pool as one operation sees it. Clients call it once for each
// of their operations.
func (p *Pool[C]) For(*endpoint.Operation) endpoint.Target[C] { return p.view() }

func (p *Pool[C]) view() *view[C] {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := &view[C]{pool: p, num: len(p.views)}
	p.views = append(p.views, v)
	all := make([]int, len(p.shown))
	for i := range all {
		all[i] = i
	}
	v.publish(all)
	return v
}

// Acquire returns a connection for a call without an operation, whose latency
// statistics are those of all such calls. Its error is [ErrNoEndpoints], which
// is marked as not sent, or the one of ctx.
func (p *Pool[C]) Acquire(ctx context.Context) (C, endpoint.Token, error) {
	return p.direct().Acquire(ctx)
}

// Release gives the outcome of an attempt back.
func (p *Pool[C]) Release(t endpoint.Token, err error) { p.direct().Release(t, err) }

// Run keeps the pool's set as the source says until ctx ends, Close is called
// or the source ends, and closes the pool. It can be called once. It returns the
// last error of a source that ended by itself, else nil, once all that it
// started has ended; calls that are in flight go on and close their connections
// when they end.
func (p *Pool[C]) Run(ctx context.Context, s Source) error {
	if err := p.Err(); err != nil {
		return err
	}
	if s == nil {
		return errors.New("discover: Run: the source is nil")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.start(cancel); err != nil {
		return err
	}
	var last error
	for set, err := range s.Watch(ctx) {
		last = err
		if err != nil {
			p.sourceFailed(ctx, err)
		} else {
			p.update(set)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() != nil {
		last = nil
	}
	p.end(last)
	p.dials.wait()
	return last
}

func (p *Pool[C]) start(cancel context.CancelFunc) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case ended:
		return errClosed
	case running:
		return errTwice
	case idle:
	}
	p.state, p.cancel = running, cancel
	return nil
}

// Close ends Run and closes the pool: calls get ErrNoEndpoints from then on.
// Connections are closed when the last of their calls has ended. A second Close
// does nothing.
func (p *Pool[C]) Close() error {
	p.end(nil)
	return nil
}

// end closes the pool because of cause, nil for the user's wish.
func (p *Pool[C]) end(cause error) {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended {
		return
	}
	p.state = ended
	if cause != nil {
		p.cause = cause
	} else {
		p.cause = errClosed
	}
	if p.cancel != nil {
		p.cancel()
	}
	for _, t := range []*time.Timer{p.flush, p.empty, p.warming} {
		if t != nil {
			t.Stop()
		}
	}
	for _, v := range p.views {
		v.set.Store(nil)
	}
	for _, s := range p.slots {
		p.drop(s)
	}
	p.retireDropped()
	p.set, p.slots, p.shown, p.touched = nil, nil, nil, nil
	p.wake()
}

// await waits until there may be a set; its error ends the attempt.
func (p *Pool[C]) await(ctx context.Context) error {
	timeout := time.NewTimer(p.config.wait)
	defer timeout.Stop()
	for {
		changed, decided, err := p.outlook()
		if decided {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return endpoint.MarkNotSent(endpoint.ErrorOf(ctx.Err()).WithCause(context.Cause(ctx)))
		case <-timeout.C:
			_, _, err = p.outlook()
			return err
		}
	}
}

// outlook says whether waiting for an instance has an end: nil when there is
// one, else the error of calls, which is decided when there will be none. The
// channel is closed when the outlook may be another.
func (p *Pool[C]) outlook() (changed <-chan struct{}, decided bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.Err(); err != nil {
		return nil, true, endpoint.Errorf(endpoint.Internal, "%w", err)
	}
	if len(p.shown) > 0 {
		return nil, true, nil
	}
	cause := p.cause
	switch {
	case cause != nil:
	case p.known.IsZero():
		cause = errSlow
	case len(p.slots) == 0:
		cause = errNone
	default:
		cause = errDials
	}
	hopeless := p.state == ended || p.first || !p.known.IsZero() && len(p.slots) == 0
	return p.changed, hopeless, endpoint.MarkNotSent(ErrNoEndpoints.WithCause(cause))
}

// wake wakes those that wait.
func (p *Pool[C]) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// slot returns a slot for an instance that is new.
func (p *Pool[C]) slot(in Instance) *slot[C] {
	p.ids++
	s := &slot[C]{hot: &hot[C]{}, uneven: &p.uneven, early: !p.first, warm: -1, place: -1}
	s.id, s.slot = p.ids, s
	s.host.about = &s.about
	s.given = in
	s.describe(&s.given)
	return s
}

// describe sets what the source says of the instance.
func (h *host) describe(in *Instance) {
	h.about.instance.Store(in)
	h.weigh(in.weight())
}
