package grpcx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
)

// errs calls endpoints of every kind and returns the errors.
func (s *Echo) errs(ctx context.Context) map[string]error {
	got := map[string]error{}
	_, got["unary"] = s.Say(ctx, Note{})
	if items, err := s.Count(ctx, Note{}); err == nil {
		_, got["server stream"] = items.Collect()
	}
	_, got["client stream"] = s.Sum(ctx, endpoint.StreamOf(Note{}))
	if items, err := s.Talk(ctx, endpoint.StreamOf(Note{})); err == nil {
		_, got["bidi"] = items.Collect()
	}
	return got
}

// TestCallAfterTheEnd begins calls under a context that has ended, with a cause that
// has a code of its own: the code is that of the context.
func TestCallAfterTheEnd(t *testing.T) {
	t.Parallel()
	cause := endpoint.Define(endpoint.NotFound, "shop", "CLOSED", "closed")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	expired, stop := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), cause)
	defer stop()
	conn := serve(t, register(t, &Echo{Say: none[Note, Note], Look: none[Note, Note], Count: none[Note, endpoint.Stream[Note]], Sum: none[endpoint.Stream[Note], Note], Talk: none[endpoint.Stream[Note], endpoint.Stream[Note]]}))
	for name, opts := range map[string][]grpcx.Option{"plain": nil, "layered": {grpcx.Use(&passing{})}} {
		var c Echo
		connect(t, conn, &c, opts...)
		for ctx, want := range map[context.Context]endpoint.Code{canceled: endpoint.Canceled, expired: endpoint.DeadlineExceeded} {
			for kind, err := range c.errs(ctx) {
				require.Equal(t, want, endpoint.CodeOf(err), "%s, %s: %v", name, kind, err)
				require.ErrorIs(t, err, cause, "%s, %s", name, kind)
				require.ErrorIs(t, err, ctx.Err(), "%s, %s", name, kind)
				require.False(t, endpoint.Retryable(err), "%s, %s", name, kind)
			}
		}
	}
}

// passing is a layer that does nothing.
type passing struct{}

func (*passing) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (*passing) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
