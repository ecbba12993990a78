package observe

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/outcome"
)

// run is the state of one call. It is used again, unless an item came: a
// request's stream may be read by a goroutine that does not know of the end.
type run struct {
	Observation
	*operation
	tokens [maxParts]endpoint.Token

	// state is the number of the call that owns the run, times two. The bit
	// below says that an item came, after which nothing above changes.
	state atomic.Int64
	// later is what observers get of all items but the first.
	later atomic.Pointer[Observation]
}

var runs = sync.Pool{New: func() any { return new(run) }}

// begin tells the observers in order.
func (r *run) begin(ctx context.Context) context.Context {
	ctx = r.beginOne(ctx, 0)
	if len(r.observers) > 1 {
		ctx = r.beginOthers(ctx)
	}
	return ctx
}

func (r *run) beginOne(ctx context.Context, i int) context.Context {
	inner, token := r.observers[i].Begin(ctx, &r.Observation)
	r.tokens[i] = token
	if inner != nil {
		return inner
	}
	return ctx
}

// beginOthers goes on after the first, and ends those that began when one
// panics.
func (r *run) beginOthers(ctx context.Context) context.Context {
	begun := 1
	defer func() {
		if begun == len(r.observers) {
			return
		}
		v := recover()
		r.Duration, r.Err, r.Code = r.start.elapsed(), endpoint.NewPanicError(v), endpoint.Internal
		r.end(ctx, begun, &r.Observation)
		if v != nil {
			panic(v)
		}
	}()
	for ; begun < len(r.observers); begun++ {
		ctx = r.beginOne(ctx, begun)
	}
	return ctx
}

// end tells the first n observers, the last first, also when one panics.
func (r *run) end(ctx context.Context, n int, o *Observation) {
	if n > 1 {
		defer r.end(ctx, n-1, o)
	}
	r.observers[n-1].End(ctx, r.tokens[n-1], o)
}

func exit(ctx context.Context, t endpoint.Token, err error) error {
	r, ok := t.P.(*run)
	if !ok {
		return err
	}
	if !r.state.CompareAndSwap(t.N, t.N+2) {
		r.finish(ctx, r.afterItems(), err)
		return err
	}
	r.finish(ctx, &r.Observation, err)
	r.reuse()
	return err
}

func (r *run) finish(ctx context.Context, o *Observation, err error) {
	o.Duration = o.start.elapsed()
	o.Err, o.Code = err, outcome.Code(o.Call, o.Operation, err)
	r.end(ctx, len(r.observers), o)
}

// reuse gives the run back, as it was but for its state and its start. See decision 67.
func (r *run) reuse() {
	clear(r.tokens[:len(r.observers)])
	r.operation, r.Call, r.Operation, r.Err = nil, nil, nil, nil
	r.Duration, r.Code = 0, endpoint.OK
	runs.Put(r)
}

// afterItems returns an observation for End that no Item sees.
func (r *run) afterItems() *Observation {
	o := r.Observation
	if later := r.later.Load(); later != nil {
		o = *later
	}
	return &o
}

func item(ctx context.Context, t endpoint.Token) error {
	r, ok := t.P.(*run)
	if !ok || !r.keep(t.N) {
		return nil
	}
	o := r.later.Load()
	if o == nil {
		later := r.Observation
		later.FirstItem = max(1, r.start.elapsed())
		if o = &r.Observation; !r.later.CompareAndSwap(nil, &later) {
			o = r.later.Load()
		}
	}
	for i, items := range r.items {
		if items != nil {
			items.Item(ctx, r.tokens[i], o)
		}
	}
	return nil
}

// keep says that the run belongs to the call, and keeps it from the pool.
func (r *run) keep(call int64) bool {
	return r.state.Load() == call|1 || r.state.CompareAndSwap(call, call|1)
}
