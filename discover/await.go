package discover

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint"
)

var (
	errNone  = errors.New("discover: the source names no instance")
	errSlow  = errors.New("discover: the source has not answered in time")
	errDials = errors.New("discover: no instance could be dialled in time")
)

// await waits until there may be a set. Its error ends the attempt.
func (c *core) await(ctx context.Context) error {
	timeout := time.NewTimer(c.config.wait)
	defer timeout.Stop()
	for {
		changed, decided, err := c.forecast()
		if decided {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return endpoint.MarkNotSent(tooLate(ctx))
		case <-timeout.C:
			_, _, err = c.forecast()
			return err
		}
	}
}

// forecast reports whether it is decided what becomes of a call that waits, and the
// error: nil when there is an instance. An error that is not decided is what the call
// fails with unless an instance comes in time. The channel is closed when the
// forecast may have changed.
func (c *core) forecast() (changed <-chan struct{}, decided bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.config.err(); err != nil {
		return nil, true, endpoint.Errorf(endpoint.Internal, "%w", err)
	}
	if len(c.board.shown) > 0 {
		return nil, true, nil
	}
	isEmpty := !c.known.IsZero() && len(c.roster.slots) == 0
	cause := c.cause
	switch {
	case cause != nil:
	case c.known.IsZero():
		cause = errSlow
	case isEmpty:
		cause = errNone
	default:
		cause = errDials
	}
	hopeless := c.state == ended || c.board.first || isEmpty
	return c.changed, hopeless, endpoint.MarkNotSent(ErrNoEndpoints.WithCause(cause))
}

// wake wakes the calls that wait.
func (c *core) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}
