package endpoint

import (
	"context"
	"time"

	"github.com/typedkit/endpoint/internal/ended"
	"github.com/typedkit/endpoint/internal/mark"
)

// outcome is what one attempt of a race came to.
type outcome struct {
	at       *attemptContext
	forks    *forkContext // of the Calls that at does not fork; nil without any
	value    any
	err      error
	panicked *PanicError // nil for runtime.Goexit
	cancel   context.CancelFunc
	began    time.Time // of the race, if the Hedger is a Racer
}

// race runs try side by side as often as h wants and returns the first success,
// whose context stays alive until its cancel is called. When every attempt that
// was started failed, it returns the error of the last; if one of them
// panicked, it panics on the caller's goroutine. The others are cancelled;
// their goroutines end when their try does, and dispose of what it gives. A panic that
// the caller does not get is reported. See decision 177.
func race(ctx context.Context, h Hedger, bound bool, try func(context.Context) (any, error), dispose func(any)) (outcome, error) {
	r := &racing{hedger: h, try: try, dispose: dispose, results: make(chan outcome), over: make(chan struct{})}
	defer r.end()
	racer, _ := h.(Racer)
	var began time.Time
	if racer != nil {
		began = time.Now()
	}
	o := r.decide(ctx, racer, bound)
	o.began = began
	if o.err == nil {
		r.winner = o.at
		o.settle()
		for _, p := range r.panics {
			r.report(p.at, p.panicked)
		}
	} else if n := len(r.panics); n > 0 {
		panic(r.panics[n-1].panicked.Value)
	}
	if racer != nil {
		racer.Settle(ctx, time.Since(began), o.err)
	}
	return o, o.err
}

// decide starts attempts until one of them decides the race.
func (r *racing) decide(ctx context.Context, racer Racer, bound bool) outcome {
	r.start(ctx, bound)
	for {
		o, decided := r.await(ctx, r.timer(r.hedger.Delay(ctx, r.started)))
		if !decided && racer != nil && !racer.Start(ctx, r.started) {
			o, decided = r.await(ctx, nil)
		}
		if decided {
			return o
		}
		r.start(ctx, bound)
	}
}

type racing struct {
	hedger           Hedger
	try              func(context.Context) (any, error)
	dispose          func(any)
	results          chan outcome
	over             chan struct{} // closed when nobody receives results any more
	attempts         []racer
	started, pending int
	wait             *time.Timer
	panics           []outcome // of all attempts that panicked
	winner           *attemptContext
}

type racer struct {
	at     *attemptContext
	cancel context.CancelFunc
}

func (r *racing) start(ctx context.Context, bound bool) {
	ctx, cancel := context.WithCancel(ctx)
	var before *attemptContext
	if r.started > 0 {
		before = r.attempts[r.started-1].at
	}
	ctx, forks := forkAttempt(ctx, bound)
	at := newAttempt(ctx, before, bound)
	r.attempts = append(r.attempts, racer{at, cancel})
	r.started++
	r.pending++
	go r.run(outcome{at: at, forks: forks, cancel: cancel})
}

// settle makes what the attempt learned known to the calls around it, when it is the
// one that decides.
func (o *outcome) settle() {
	o.at.settle()
	o.forks.settle()
}

// run makes one attempt on a goroutine of its own.
func (r *racing) run(o outcome) {
	finished := false
	defer func() {
		if !finished {
			p := NewPanicError(recover())
			if o.err = p; p.Value != nil {
				o.panicked = p
			}
		}
		select {
		case r.results <- o:
		case <-r.over:
			if o.err == nil {
				r.discard(o.value)
			} else if o.panicked != nil {
				r.report(o.at, o.panicked)
			}
		}
	}()
	o.value, o.err = r.try(o.at)
	finished = true
}

// report passes a panic of an attempt to the Hedger and to the error hooks of the server
// whose call is being served, because the caller does not get it.
func (r *racing) report(ctx context.Context, p *PanicError) {
	defer func() { _ = recover() }()
	defer mark.WireOf(ctx).Report(ctx, p)
	if h, ok := r.hedger.(panicHedger); ok {
		h.Panicked(ctx, p)
	}
}

// discard disposes of a loser's result. Nobody is left to hear of its panic,
// which must not end the program.
func (r *racing) discard(v any) {
	defer func() { _ = recover() }()
	r.dispose(v)
}

// timer returns a channel that fires after d, and never when there is to be no
// further attempt.
func (r *racing) timer(d time.Duration, ok bool) <-chan time.Time {
	switch {
	case !ok:
		return nil
	case r.wait == nil:
		r.wait = time.NewTimer(d)
	default:
		r.wait.Reset(d) // it has fired, or there would be no further attempt
	}
	return r.wait.C
}

// await waits until the race is decided (true) or the timer wants one attempt
// more.
func (r *racing) await(ctx context.Context, timer <-chan time.Time) (outcome, bool) {
	for {
		select {
		case o := <-r.results:
			if r.decides(&o) {
				return o, true
			}
		case <-timer:
			return outcome{}, false
		case <-ctx.Done():
			return r.last(ctx), true
		}
	}
}

// decides says that the race ends with what an attempt came to: it succeeded,
// or it failed and was the last.
func (r *racing) decides(o *outcome) bool {
	r.pending--
	if o.err == nil {
		return true
	}
	o.cancel()
	if o.panicked != nil {
		r.panics = append(r.panics, *o)
	}
	if r.pending > 0 {
		return false
	}
	o.settle()
	*o = outcome{err: o.err}
	return true
}

// last returns what is there at the end of the caller's context: a success that
// raced with it counts.
func (r *racing) last(ctx context.Context) outcome {
	for {
		select {
		case o := <-r.results:
			if r.decides(&o) && o.err == nil {
				return o
			}
		default:
			return outcome{err: ended.Err(ctx)}
		}
	}
}

// end lets the attempts that still run go, and cancels all but the winner.
func (r *racing) end() {
	close(r.over)
	if r.wait != nil {
		r.wait.Stop()
	}
	for _, a := range r.attempts {
		if a.at != r.winner {
			a.cancel()
		}
	}
}
