package grpcx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"google.golang.org/grpc/tap"
)

// ErrMessageTimeout is the error of a call whose first message did not come in time.
// It has the identity of the same error over HTTP, where the body is waited for.
var ErrMessageTimeout = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "BODY_TIMEOUT", "the first message came too slowly")

// DefaultFirstMessage is how long a server with [ServerOptions] waits for the first
// message of a call.
const DefaultFirstMessage = 10 * time.Second

// A FirstMessageTap is a tap.ServerInHandle that lets methods of [Register] stop
// waiting for the first message of a call, and for a reader of a response stream: see
// [SendTimeout]. Make one with [FirstMessage].
type FirstMessageTap tap.ServerInHandle

// FirstMessage returns a tap with which a call that a client has begun, and whose
// first message does not come within d, ends with DeadlineExceeded; layers and hooks
// get [ErrMessageTimeout]. Without it, grpc-go lets such a call wait until its
// deadline, which the client sets. d must be positive, else FirstMessage panics.
// [SendTimeout] needs the tap as well.
//
// It is an option of [ServerOptions], which have such a tap anyway. Since grpc-go
// takes one tap only, a program that has one of its own calls this from it:
//
//	first := grpcx.FirstMessage(5 * time.Second)
//	own := func(ctx context.Context, info *tap.Info) (context.Context, error) {
//		… // look at info
//		return first(ctx, info)
//	}
//	grpc.NewServer(append(grpcx.ServerOptions(grpcx.NoTap()), grpc.InTapHandle(own))...)
//
// It concerns the methods of [Register] alone: a handler of generated code waits as
// long as grpc-go has it wait.
func FirstMessage(d time.Duration) FirstMessageTap {
	if d <= 0 {
		panic(fmt.Sprintf("grpcx: FirstMessage(%v): the time must be positive", d))
	}
	return func(ctx context.Context, _ *tap.Info) (context.Context, error) {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
			return ctx, nil // which ends the wait before, at no cost
		}
		ctx, cancel := context.WithCancelCause(ctx)
		return &firstContext{ctx, cancel, d}, nil
	}
}

func (t FirstMessageTap) applyServer(c *serverConfig) { c.tap = tap.ServerInHandle(t) }

// firstContext is the context of a call that can be ended by its handler.
type firstContext struct {
	context.Context
	cancel context.CancelCauseFunc // the end of the call cancels its parent
	within time.Duration
}

// Err is context.DeadlineExceeded after the wait is over: grpc-go answers a call
// whose message it did not read itself, by the error of the context.
func (c *firstContext) Err() error {
	err := c.Context.Err()
	if err != nil && errors.Is(context.Cause(c.Context), ErrMessageTimeout) {
		return context.DeadlineExceeded
	}
	return err
}

type firstKey struct{}

// Value answers for firstKey.
func (c *firstContext) Value(key any) any {
	if key == (firstKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// firstWait is a wait for a first message. Its timer is new: one that is used again
// could belong to another testing/synctest bubble.
type firstWait struct{ timer *time.Timer }

// startWait begins the wait for the first message of a call. It does nothing if
// nothing has to end the wait, or nothing can.
func startWait(ctx context.Context) firstWait {
	of, ok := ctx.Value(firstKey{}).(*firstContext)
	if !ok {
		return firstWait{}
	}
	return firstWait{time.AfterFunc(of.within, func() { of.cancel(ErrMessageTimeout) })}
}

// stop ends the wait, and returns ErrMessageTimeout if it was over before.
func (w firstWait) stop() error {
	if w.timer == nil || w.timer.Stop() {
		return nil
	}
	return ErrMessageTimeout
}
