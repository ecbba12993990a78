package resilience

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlineContext is a context with a deadline, as context.WithDeadlineCause
// makes one, whose timer is armed only when somebody asks for Done. Most calls
// end without that, and pay for one allocation and no timer. Err compares the
// clock until then.
//
// Once armed it is the context of package context that it made: children
// register with that one, without a goroutine. Before, nobody has seen it end:
// a deadline that passed unseen before the parent ended, or before the call did,
// leaves no trace. See decision 45.
type deadlineContext struct {
	context.Context // the parent, whose own deadline is not earlier
	deadline        time.Time
	cause           error // of its end by the deadline
	state           atomic.Pointer[armed]
}

// armed is the context of package context that stands for a deadlineContext.
type armed struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// released marks a deadlineContext that was ended before it was armed.
var released armed

func (d *deadlineContext) Deadline() (time.Time, bool) { return d.deadline, true }

func (d *deadlineContext) Done() <-chan struct{} { return d.arm().ctx.Done() }

// Err arms the context when it has ended, so that Err, Done and the cause tell
// the same from then on.
func (d *deadlineContext) Err() error {
	if d.state.Load() == nil && d.Context.Err() == nil && time.Now().Before(d.deadline) {
		return nil
	}
	return d.arm().ctx.Err()
}

// Value asks the armed context, which is how package context finds it.
func (d *deadlineContext) Value(key any) any {
	if a := d.state.Load(); a != nil && a != &released {
		return a.ctx.Value(key)
	}
	return d.Context.Value(key)
}

func (d *deadlineContext) arm() *armed {
	for {
		a := d.state.Load()
		if a != nil && a != &released {
			return a
		}
		fresh := new(armed)
		if a == &released { // it ended by itself, whatever became of the parent since
			fresh.ctx, fresh.cancel = context.WithCancel(context.WithoutCancel(d.Context))
			fresh.cancel()
		} else {
			fresh.ctx, fresh.cancel = context.WithDeadlineCause(d.Context, d.deadline, d.cause)
		}
		if d.state.CompareAndSwap(a, fresh) {
			return fresh
		}
		fresh.cancel()
	}
}

// release ends the context and frees what it holds.
func (d *deadlineContext) release() {
	if !d.state.CompareAndSwap(nil, &released) {
		d.arm().cancel()
	}
}
