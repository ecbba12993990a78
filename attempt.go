package endpoint

import (
	"context"
	"sync"

	"github.com/typedkit/endpoint/internal/fork"
)

// An Attempt is one try of a call that a [Repeater] or a [Hedger] may make
// several times. The tries of one call share the set of what was tried. All
// methods are safe on a nil and on a zero Attempt, which is the first and only
// try, and for concurrent use.
type Attempt struct {
	number int
	shared *tries
}

// tries is what the attempts of one call share.
type tries struct {
	mu   sync.Mutex // guards the fields below
	last int        // number given out
	set  []tried
}

type tried struct {
	pool   any
	member uint64
}

// Number counts the attempts of the call from 1.
func (a *Attempt) Number() int {
	if a == nil || a.shared == nil {
		return 1
	}
	return a.number
}

// Try records that this attempt goes to a member of a pool, which is compared
// by ==. For authors of targets.
func (a *Attempt) Try(pool any, member uint64) {
	if a == nil || a.shared == nil {
		return
	}
	a.shared.mu.Lock()
	defer a.shared.mu.Unlock()
	a.shared.set = append(a.shared.set, tried{pool, member})
}

// Tried reports whether an attempt of the same call went to the member of the pool.
// For authors of targets.
func (a *Attempt) Tried(pool any, member uint64) bool {
	if a == nil || a.shared == nil {
		return false
	}
	a.shared.mu.Lock()
	defer a.shared.mu.Unlock()
	for _, t := range a.shared.set {
		if t.pool == pool && t.member == member {
			return true
		}
	}
	return false
}

// AttemptFrom returns the attempt that ctx belongs to, or nil. A call hides the
// attempts of the calls around it, but for the one it is itself. For authors of
// targets.
func AttemptFrom(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey).(*Attempt)
	return a
}

// attemptAround returns the attempt that a call begun under ctx is itself, or
// nil. The attempt of the Call that ctx belongs to is none: a layer that makes
// a call of its own, for a token say, makes the first attempt of that.
func attemptAround(ctx context.Context) *Attempt {
	a := AttemptFrom(ctx)
	if call := CallFrom(ctx); call != nil && call.attempt == a {
		return nil
	}
	return a
}

// attemptContext is the context of one attempt. In the stack of a client it
// also carries a fork of the Call, so that attempts that run side by side share
// nothing but the tried set.
type attemptContext struct {
	context.Context
	attempt Attempt
	outer   *Call // that the call is a fork of; nil in a stack of no client
	call    Call
	tries   tries // of the first attempt, which those after it point to
}

func (a *attemptContext) Value(key any) any {
	if k, ok := key.(contextKey); ok {
		switch {
		case k == attemptKey:
			return &a.attempt
		case (k == callKey || k == fork.OriginKey) && a.outer != nil:
			return &a.call
		}
	}
	return a.Context.Value(key)
}

// newAttempt returns the context of an attempt under ctx. before is the attempt
// that was made before it, nil for the first. The first attempt of a policy
// that runs inside an attempt of another is that same attempt: it has its
// number and its tried set. See decision 5.
func newAttempt(ctx context.Context, before *attemptContext, bound bool) *attemptContext {
	a := &attemptContext{Context: ctx}
	parent := attemptAround(ctx)
	if bound {
		parent = AttemptFrom(ctx) // the Call is the one that is repeated
	}
	switch {
	case before != nil:
		a.attempt.shared = before.attempt.shared
		a.attempt.number = a.attempt.shared.next()
	case parent != nil:
		a.attempt = *parent
	default:
		a.tries.last = 1
		a.attempt = Attempt{number: 1, shared: &a.tries}
	}
	if bound {
		if call := CallFrom(ctx); call != nil {
			a.outer = call
			a.call.fork(call)
			a.call.attempt = &a.attempt
		}
	}
	return a
}

func (t *tries) next() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	return t.last
}

// settle makes what the attempt learned known to the call, when it is the one
// that decides.
func (a *attemptContext) settle() {
	if a.outer != nil {
		a.outer.adopt(&a.call)
	}
}
