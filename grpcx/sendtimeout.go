package grpcx

import (
	"context"
	"os"
	"time"

	"github.com/typedkit/endpoint"
)

// DefaultSendTimeout is how long a response stream waits for its reader to take a
// message, unless [SendTimeout] says otherwise.
const DefaultSendTimeout = 30 * time.Second

// SendTimeout sets how long the server waits for the reader of a response stream to
// take a message: until grpc-go has room for it, which keeps 64 KiB of a stream and one
// message for its reader. The server then ends the stream, as if the reader had gone,
// with the code Canceled; the error hook gets an error that is os.ErrDeadlineExceeded.
// The default is [DefaultSendTimeout]; 0 means no bound. A negative d is a construction
// error. It has no effect on methods without a response stream, nor on clients.
//
// It needs the tap of [FirstMessage], which [ServerOptions] have. Without the tap such a
// stream lasts until the deadline that the client sets. A call whose deadline is no
// later than the time of FirstMessage ends with that deadline instead.
//
// What grpc-go keeps for the reader stays in memory until the reader takes it or the
// connection ends. Until then the call counts against grpc.MaxConcurrentStreams.
func SendTimeout(d time.Duration) MethodOption {
	return methodOption(func(c *methodConfig) {
		if d < 0 {
			c.Fault("option SendTimeout: %v is negative", d)
			return
		}
		c.sendTimeout = d
	})
}

// sendTimer ends a response stream whose reader does not take a message in time. The
// zero sendTimer does nothing. Its timer belongs to one call, as that of a firstWait.
// See decision 143.
type sendTimer struct {
	call   *firstContext
	within time.Duration
	timer  *time.Timer // nil before the first message
}

// newSendTimer returns the sendTimer of the call with ctx. It does nothing without a
// bound, or if nothing can end the call.
func newSendTimer(ctx context.Context, within time.Duration) sendTimer {
	if within == 0 {
		return sendTimer{}
	}
	call, _ := ctx.Value(firstKey{}).(*firstContext)
	return sendTimer{call: call, within: within}
}

// start begins the wait for a message to be taken.
func (s *sendTimer) start() {
	switch {
	case s.call == nil:
	case s.timer == nil:
		s.timer = time.AfterFunc(s.within, s.cut)
	default:
		s.timer.Reset(s.within)
	}
}

// stop ends the wait, and returns an error if it was over before.
func (s *sendTimer) stop() error {
	if s.timer == nil || s.timer.Stop() {
		return nil
	}
	return s.err()
}

// cut ends the call, and so the send that waits for its reader.
func (s *sendTimer) cut() { s.call.cancel(s.err()) }

func (s *sendTimer) err() error {
	return endpoint.Errorf(endpoint.Canceled, "the answer was not written: the reader took no message for %v: %w", s.within, os.ErrDeadlineExceeded)
}
