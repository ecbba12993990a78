package discover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
)

var (
	errIdle  = errors.New("Run has not been called")
	errNone  = errors.New("the source names none")
	errSlow  = errors.New("the source has not answered yet")
	errDials = errors.New("none has been dialled yet")
)

// reserved is the time that a wait for an instance leaves before the caller's deadline,
// at most, so that the caller gets the reason in time. See decision 146.
const reserved = 20 * time.Millisecond

// await waits until there may be a set. Its error ends the attempt.
func (c *core) await(ctx context.Context) error {
	if err := c.config.err(); err != nil {
		return endpoint.Errorf(endpoint.Internal, "%w", err)
	}
	left, _ := mark.TimeLeft(ctx)
	wait := min(left-min(left/10, reserved), c.config.wait)
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		changed, decided, lack := c.forecast()
		switch {
		case decided:
			return noEndpoints(lack)
		case left <= 0:
			return gaveUp(ctx, lack)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return gaveUp(ctx, lack)
		case <-timeout.C:
			_, _, lack = c.forecast()
			err := noEndpoints(lack)
			if err != nil && wait < c.config.wait { // because of the deadline
				err = mark.WireOf(ctx).Late(ctx, err)
			}
			return err
		}
	}
}

// noEndpoints returns the error of a call that gets no instance because of lack, or nil if
// lack is nil.
func noEndpoints(lack error) error {
	if lack == nil {
		return nil
	}
	return endpoint.MarkNotSent(ErrNoEndpoints.WithCause(lack))
}

// gaveUp returns the error of a call that ended with its context while it waited.
// lack is the reason why it waited.
func gaveUp(ctx context.Context, lack error) error {
	e := endpoint.ErrorOf(tooLate(ctx))
	cause := fmt.Errorf("%w, while waiting: %w", e.Unwrap(), lack)
	return endpoint.MarkNotSent(mark.Never(e.WithCause(cause)))
}

// forecast reports whether the outcome of a waiting call is decided, and why no instance
// gets calls: nil when there is one. A reason that is not decided is what the call fails
// with unless an instance comes in time. The channel is closed when the forecast may have
// changed.
func (c *core) forecast() (changed <-chan struct{}, decided bool, lack error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.board.levels) > 0 {
		return nil, true, nil
	}
	hopeless := c.state == ended || c.board.first || c.isEmpty()
	return c.changed, hopeless, c.lack()
}

// isEmpty reports whether the current set of the source is empty.
func (c *core) isEmpty() bool { return !c.known.IsZero() && len(c.roster.slots) == 0 }

// lack returns the reason why no instance gets calls.
func (c *core) lack() error {
	if c.state == ended && c.cause == nil {
		return errClosed
	}
	name := ""
	if c.config.name != "" {
		name = fmt.Sprintf(" %q", c.config.name)
	}
	return fmt.Errorf("discover: the pool%s has no instance: %w", name, c.reason())
}

func (c *core) reason() error {
	failed := c.dials.failed
	switch {
	case c.cause != nil:
		return fmt.Errorf("the source failed: %w", bounds.Quiet(c.cause))
	case c.state == idle:
		return errIdle
	case c.known.IsZero():
		return errSlow
	case c.isEmpty():
		return errNone
	case failed != nil:
		return fmt.Errorf("the last dial failed: %w", bounds.Quiet(failed))
	}
	return errDials
}

// wake wakes the calls that wait.
func (c *core) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}
