package endpoint_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/internal/fork"
)

// servedCall starts a Call of a server whose reply is that of a writer, and has
// headers already.
func servedCall(t *testing.T) (context.Context, map[string][]string) {
	t.Helper()
	reply := map[string][]string{"Vary": {"Origin"}, "X-Old": {"1"}, "X-Gone": {"1"}}
	op := &endpoint.Operation{Name: "Serve", Side: endpoint.ServerSide}
	ctx, w, err := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(map[string][]string{"X-In": {"in"}}), endpoint.HTTPHeader(reply))
	require.NoError(t, err)
	w.SetPeer("192.0.2.1:80")
	w.AddBytes(7, 0)
	return ctx, reply
}

// replyTo writes into a reply in each way that there is.
func replyTo(h *endpoint.Header, who string) {
	h.Add("Vary", "Accept-"+who)
	h.Set("X-Old", who)
	h.Del("X-Gone")
	h.Set("X-New", who)
	h.Set("X-New-bin", "\x00"+who)
	h.Set("X-None")
}

// wantReply is what replyTo makes of the reply of servedCall.
func wantReply(who string) map[string][]string {
	bin := endpoint.HTTPHeader(nil)
	bin.Set("X-New-Bin", "\x00"+who)
	return map[string][]string{
		"Vary": {"Origin", "Accept-" + who}, "X-Old": {who}, "X-New": {who}, "X-New-Bin": bin.Raw()["X-New-Bin"], "X-None": {},
	}
}

// hedgedReply makes a hedged call whose third attempt is the first to succeed; the two
// others go on. The attempts do what work does, side by side. It
// sleeps in the bubble of its test.
func hedgedReply(t *testing.T, ctx context.Context, stack endpoint.Stack, kind endpoint.StreamKind, work func(ctx context.Context, who string)) {
	t.Helper()
	one := func(ctx context.Context) {
		n := endpoint.AttemptFrom(ctx).Number()
		for range 5 {
			work(ctx, fmt.Sprint(n))
			time.Sleep(time.Duration(4-n) * time.Second)
		}
	}
	if kind == endpoint.Unary {
		_, err := stack.Wrap(func(ctx context.Context, n int) (int, error) {
			one(ctx)
			return n, nil
		})(ctx, 7)
		require.NoError(t, err)
		return
	}
	items, err := stack.Wrap(func(ctx context.Context, n int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			one(ctx)
			if yield(n, nil) {
				endpoint.CallFrom(ctx).Reply().Add("Vary", "late")
			}
		}, nil
	})(ctx, 7)
	require.NoError(t, err)
	for range items {
		require.Equal(t, []string{"3"}, endpoint.CallFrom(ctx).Reply().Values("X-New"), "when the first item is there")
		require.NotContains(t, endpoint.CallFrom(ctx).Reply().Values("Vary"), "late")
	}
}

// atFirst is work that is done in the first round of an attempt.
func atFirst(work func(ctx context.Context, who string)) func(ctx context.Context, who string) {
	return func(ctx context.Context, who string) {
		if endpoint.CallFrom(ctx).Reply().Get("X-New") != who {
			work(ctx, who)
		}
	}
}

// TestHedgerForksServedCall: attempts around a handler share nothing of the Call that
// is served. It gets what the winner set, and nothing when it is over.
func TestHedgerForksServedCall(t *testing.T) {
	t.Parallel()
	for _, kind := range []endpoint.StreamKind{endpoint.Unary, endpoint.ServerStream} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, reply := servedCall(t)
				call := endpoint.CallFrom(ctx)
				hedgedReply(t, ctx, endpoint.Stack{&hedge{max: 3}}, kind, atFirst(func(ctx context.Context, who string) {
					c := endpoint.CallFrom(ctx)
					if c == call || endpoint.Incoming(ctx) != c || c.Operation() != call.Operation() || c.Side() != endpoint.ServerSide ||
						c.Peer() != "192.0.2.1:80" || c.RequestBytes() != 7 || c.Header().Get("X-In") != "in" || c.Attempt() != 1 {
						t.Errorf("attempt %s has the Call %p of %q from %q, want a copy of %p", who, c, c.Operation().Name, c.Peer(), call)
					}
					c.Header().Set("X-In", who)
					c.SetPrincipal("user " + who)
					replyTo(c.Reply(), who)
				}))
				want := wantReply("3")
				if kind != endpoint.Unary {
					want["Vary"] = append(want["Vary"], "late")
				}
				require.Equal(t, want, reply)
				require.Equal(t, "user 3", call.Principal())
				require.Equal(t, "in", call.Header().Get("X-In"))
				got := maps.Clone(reply)
				time.Sleep(time.Minute)
				require.Equal(t, got, reply, "after the losers have ended")
			})
		})
	}
}

// TestHedgerForksIncoming: so it is for the attempts of a client in a handler, whose
// layers may pass on what the server behind says.
func TestHedgerForksIncoming(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, reply := servedCall(t)
		ctx, stack := clientShell(t, outer, endpoint.Stack{&hedge{max: 3}})
		hedgedReply(t, ctx, stack, endpoint.Unary, atFirst(func(ctx context.Context, who string) {
			c := endpoint.CallFrom(ctx)
			if c.Side() != endpoint.ClientSide || fmt.Sprint(c.Attempt()) != who {
				t.Errorf("attempt %s has the Call of attempt %d on the %v side", who, c.Attempt(), c.Side())
			}
			c.Reply().Set("X-New", who)
			replyTo(endpoint.Incoming(ctx).Reply(), who)
		}))
		require.Equal(t, wantReply("3"), reply)
		require.Equal(t, "3", endpoint.CallFrom(ctx).Reply().Get("X-New"))
		time.Sleep(time.Minute)
		require.Equal(t, wantReply("3"), reply, "after the losers have ended")
	})
}

// TestHedgerKeepsAttempts: a client that is called in a hedged handler is the attempt
// itself, and its pool knows what the others tried.
func TestHedgerKeepsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, _ := servedCall(t)
		log := new(endpointtest.Recorder)
		_, err := endpoint.Stack{&hedge{max: 2}}.Wrap(func(ctx context.Context, n int) (int, error) {
			ctx = under(t, ctx, &endpoint.Operation{Name: "Ask", Side: endpoint.ClientSide})
			forked, _ := fork.Of(ctx)
			attempt := endpoint.CallFrom(forked).Attempt()
			log.Log("%d", attempt)
			time.Sleep(time.Duration(3-attempt) * 10 * time.Second)
			return n, ctx.Err()
		})(outer, 7)
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, log.Lines())
		time.Sleep(2 * time.Minute)
	})
}

// TestHedgerFailureAdopts: an error has the reply of the attempt that it is of.
func TestHedgerFailureAdopts(t *testing.T) {
	t.Parallel()
	ctx, reply := servedCall(t)
	_, err := endpoint.Stack{&hedge{max: 1}}.Wrap(func(ctx context.Context, n int) (int, error) {
		replyTo(endpoint.CallFrom(ctx).Reply(), "1")
		return n, errTest
	})(ctx, 7)
	require.ErrorIs(t, err, errTest)
	require.Equal(t, wantReply("1"), reply)
}

// TestForkAdopts: what shared work sets is copied to each caller, in the form of its
// transport, and what was there stays.
func TestForkAdopts(t *testing.T) {
	t.Parallel()
	first, reply := servedCall(t)
	inner, calls := fork.Of(first)
	replyTo(endpoint.CallFrom(inner).Reply(), "a")
	require.Equal(t, fork.Origin(first), fork.Origin(inner))
	calls.Settle()
	endpoint.CallFrom(inner).Reply().Set("X-Late", "1") // of a goroutine that the work left behind
	calls.Adopt(first)
	require.Equal(t, wantReply("a"), reply)

	other, _, err := endpoint.StartCall(t.Context(), &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.MetadataHeader(nil), endpoint.MetadataHeader(map[string][]string{"vary": {"Cookie"}, "x-mine": {"1"}}))
	require.NoError(t, err)
	calls.Adopt(other)
	require.Equal(t, map[string][]string{
		"vary": {"Cookie", "Accept-a"}, "x-mine": {"1"}, "x-old": {"a"}, "x-new": {"a"}, "x-new-bin": {"\x00a"}, "x-none": {},
	}, endpoint.CallFrom(other).Reply().Raw())
	calls.Adopt(t.Context()) // belongs to no Call
}

// TestForkValues: once there is a fork, what a layer of the call answers on demand is
// computed from a copy of the Call. Contexts inside the call come first.
func TestForkValues(t *testing.T) {
	t.Parallel()
	type inside struct{}
	ctx, _ := servedCall(t)
	call := endpoint.CallFrom(ctx)
	var asked []*endpoint.Call
	call.SetValues(func(c *endpoint.Call, key any) any {
		asked = append(asked, c)
		if key == (inside{}) || key == scriptedKey("x") {
			return c.Header().Get("X-In")
		}
		return nil
	})
	require.Equal(t, "in", ctx.Value(scriptedKey("x")))
	require.Equal(t, []*endpoint.Call{call}, asked)
	inner, _ := fork.Of(context.WithValue(ctx, inside{}, "of a handler"))
	own := endpoint.CallFrom(inner)

	asked = nil
	call.Header().Set("X-In", "used again")
	own.Header().Set("X-In", "of the work")
	require.Equal(t, "of a handler", inner.Value(inside{}))
	require.Empty(t, asked)
	require.Equal(t, "in", inner.Value(scriptedKey("x")))
	require.Equal(t, "in", ctx.Value(scriptedKey("x")))
	require.Nil(t, inner.Value(scriptedKey("y")))
	require.NotContains(t, asked, call)
	require.NotContains(t, asked, own)
	another, _ := fork.Of(inner)
	require.Equal(t, "in", another.Value(scriptedKey("x")))

	own.SetValues(func(*endpoint.Call, any) any { return "of a layer in the work" })
	require.Equal(t, "of a layer in the work", inner.Value(inside{}))
}

// TestForkOfSource: a source that can be forked is not asked before somebody asks the
// fork, and others are asked at once.
func TestForkOfSource(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Side: endpoint.ServerSide}
	ctx, _, plain := endpoint.StartSourcedCall[plainSource](t.Context(), op, endpoint.Header{})
	inner, _ := fork.Of(ctx)
	require.Equal(t, []string{"header", "peer"}, plain.asked)
	require.Equal(t, "peer", endpoint.CallFrom(inner).Peer())
	endpoint.CallFrom(inner).Header().Set("x", "y")
	require.Empty(t, endpoint.CallFrom(ctx).Header().Get("x"))

	ctx, _, source := endpoint.StartSourcedCall[forkingSource](t.Context(), op, endpoint.Header{})
	inner, _ = fork.Of(ctx)
	require.Empty(t, source.asked)
	require.Equal(t, "peer", endpoint.CallFrom(inner).Peer())
	require.Empty(t, source.asked)
}

type plainSource struct {
	asked  []string
	header endpoint.Header
}

func (s *plainSource) Header() *endpoint.Header {
	s.asked = append(s.asked, "header")
	return &s.header
}

func (s *plainSource) Peer() string {
	s.asked = append(s.asked, "peer")
	return "peer"
}

func (s *plainSource) ResponseBytes() int64 { return 0 }

type forkingSource struct{ plainSource }

func (s *forkingSource) Fork() endpoint.CallSource { return new(plainSource) }

// TestForkOfNothing: without a Call there is nothing to fork.
func TestForkOfNothing(t *testing.T) {
	t.Parallel()
	ctx, calls := fork.Of(t.Context())
	require.Nil(t, calls)
	require.Equal(t, t.Context(), ctx)
	require.Nil(t, fork.Origin(ctx))
	require.NotNil(t, fork.Origin(under(t, ctx, &endpoint.Operation{Side: endpoint.ServerSide})))
}
