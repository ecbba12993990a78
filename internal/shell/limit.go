package shell

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// DefaultCallTimeout is how long an exchange of a unary call may take whose context
// has no deadline, unless the client says otherwise.
const DefaultCallTimeout = 30 * time.Second

// errTimeout has the identity of resilience.ErrTimeout: it is a time-out of this
// process.
var errTimeout = endpoint.Define(endpoint.DeadlineExceeded, "endpoint", "TIMEOUT", "not done in time")

// A limit bounds exchanges whose context has no deadline. It ends their context, but
// sets no deadline, because transports tell the server a deadline as one of the
// caller's. See decision 130.
type limit struct {
	d   time.Duration   // negative for none
	err *endpoint.Error // of an exchange that took longer
}

// newLimit returns a limit of d: the default if d is 0, and none if it is negative.
func newLimit(d time.Duration) *limit {
	if d == 0 {
		d = DefaultCallTimeout
	}
	return &limit{d, errTimeout.With("%w", fmt.Errorf("not answered within %v, the client's limit for calls without a deadline", d))}
}

// bounds reports whether the limit applies to an exchange under ctx.
func (l *limit) bounds(ctx context.Context) bool {
	_, has := ctx.Deadline()
	return !has && l.d >= 0
}

// A limitContext is the context of one exchange. Its timer starts when something asks
// for the end of the context, which a transport does when it waits for the server. An
// exchange in memory costs one allocation and no timer.
type limitContext struct {
	context.Context // of the attempt

	limit *limit

	mu     sync.Mutex // guards the fields below
	armed  context.Context
	cancel context.CancelFunc
	timer  *time.Timer // nil if it was armed after the exchange
	over   bool        // the exchange is over
	open   bool        // but something is still read
}

// start returns the context of an exchange under ctx.
func (l *limit) start(ctx context.Context) *limitContext {
	return &limitContext{Context: ctx, limit: l}
}

// arm returns the context of package context that ends at the limit.
func (c *limitContext) arm() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed != nil {
		return c.armed
	}
	c.armed, c.cancel = context.WithCancel(c.Context)
	switch {
	case !c.over:
		c.timer = time.AfterFunc(c.limit.d, c.cancel)
	case !c.open:
		c.cancel()
	}
	return c.armed
}

func (c *limitContext) Done() <-chan struct{} { return c.arm().Done() }

func (c *limitContext) Err() error { return c.arm().Err() }

// Value asks the armed context, which is how package context finds it.
func (c *limitContext) Value(key any) any {
	c.mu.Lock()
	ctx := c.armed
	c.mu.Unlock()
	if ctx == nil {
		ctx = c.Context
	}
	return ctx.Value(key)
}

// end ends the context when the exchange is over, unless something that was returned
// is still read under it. It returns the error of an exchange that ended with err: the
// limit's own if that ended it.
func (c *limitContext) end(err error, open bool) error {
	expired := c.stop(open)
	if err == nil || !expired || c.Context.Err() != nil {
		return err
	}
	if code := endpoint.CodeOf(err); code != endpoint.Canceled && code != endpoint.DeadlineExceeded {
		return err // of a server that answered in the last moment
	}
	// The error is not wrapped, because it is a context.Canceled.
	if endpoint.MaybeSent(err) {
		return endpoint.MarkMaybeSent(c.limit.err)
	}
	return c.limit.err
}

// stop reports whether the time is up.
func (c *limitContext) stop(open bool) (expired bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over, c.open = true, open
	if c.armed == nil {
		return false
	}
	expired = !c.timer.Stop()
	if !open {
		c.cancel()
	}
	return expired
}
