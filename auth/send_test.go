package auth_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/resilience"
)

// TestSend calls servers with tokens of an issuer.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			users := newUsers()
			var valid atomic.Value
			valid.Store("1")
			server := newRooms(users, users.Scope("rooms:write"), principalOf(users))
			connect := w.serve(t, server, users.Verify(func(_ context.Context, token string) (user, []string, error) {
				if token != valid.Load() {
					return user{}, nil, errors.New("unknown")
				}
				return user{"ann"}, []string{"rooms:write"}, nil
			}))
			i := &issuer{lasts: time.Hour}
			tokens := auth.NewTokens(i.fetch)
			// The token stands outside the retry, and is sent inside of it.
			client := connect(users.Send(tokens), resilience.NewRetry(2))
			for _, call := range []endpoint.Endpoint[room, saved]{client.Save, client.Drop, watch(client)} {
				got, err := call(t.Context(), room{})
				require.NoError(t, err)
				require.Equal(t, "ann/ann", got.By)
			}
			require.Equal(t, 1, i.fetched())

			valid.Store("none") // and the token is young: another one would not help
			_, err := client.Drop(t.Context(), room{})
			require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
			require.False(t, endpoint.NotSent(err))
			require.Equal(t, 1, i.fetched())
		})
	}
}

// TestSendRefreshes has a token that is refused once it has a certain age: the call is
// repeated with the next one, even if it is not idempotent.
func TestSendRefreshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := newUsers()
		i := &issuer{lasts: time.Hour}
		op := &endpoint.Operation{Name: "Drop", Side: endpoint.ClientSide}
		require.NoError(t, op.Require(users))
		refusal := endpoint.FromWire(endpoint.Unauthenticated, "endpoint", "UNAUTHENTICATED", "")
		var sent []string
		accepted, challenge := "1", true
		server := func(ctx context.Context, _ int) (int, error) {
			got := endpoint.CallFrom(ctx).Header().Get("Authorization")
			sent = append(sent, got)
			if got != "Bearer "+accepted {
				if challenge {
					endpoint.CallFrom(ctx).Reply().Set("WWW-Authenticate", "Bearer")
				}
				return 0, endpoint.MarkMaybeSent(refusal)
			}
			return 0, nil
		}
		bound, err := endpoint.Stack{resilience.NewRetry(5), users.Send(auth.NewTokens(i.fetch))}.Bind(op)
		require.NoError(t, err)
		e := bound.Wrap(server)
		call := func() error {
			ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
			require.NoError(t, err)
			_, err = e(ctx, 1)
			return err
		}
		require.NoError(t, call())
		time.Sleep(2 * time.Second)
		accepted, sent = "2", nil
		require.NoError(t, call())
		require.Equal(t, []string{"Bearer 1", "Bearer 2"}, sent)

		time.Sleep(2 * time.Second)
		accepted, sent = "none", nil
		require.ErrorIs(t, call(), endpoint.ErrUnauthenticated)
		require.Equal(t, []string{"Bearer 2", "Bearer 3"}, sent, "it refreshes once")

		time.Sleep(2 * time.Second)
		challenge, sent = false, nil
		require.ErrorIs(t, call(), endpoint.ErrUnauthenticated)
		require.Len(t, sent, 1, "an error of the handler, which may have acted, is not a refused token")
	})
}

// TestSendOnServer has a layer of clients on a server: what it sent would be the caller's.
func TestSendOnServer(t *testing.T) {
	t.Parallel()
	users := newUsers()
	op := &endpoint.Operation{Name: "Drop", Side: endpoint.ServerSide}
	send := users.Send(auth.Static("root"))
	_, err := endpoint.Stack{send}.Bind(op)
	require.ErrorContains(t, err, "a layer sends credentials, which is for clients")
	ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	handler := func(context.Context, int) (int, error) { return 0, nil }
	_, err = endpoint.Stack{send}.Wrap(handler)(ctx, 1)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.Empty(t, endpoint.CallFrom(ctx).Header().Get("Authorization"))
}

// TestSendWithout has no token to send.
func TestSendWithout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := newUsers()
		for _, tt := range []struct {
			err  error
			code endpoint.Code
		}{
			{errIssuer, endpoint.Unavailable},
			{endpoint.Errorf(endpoint.PermissionDenied, "no"), endpoint.PermissionDenied},
		} {
			i := &issuer{err: tt.err}
			e := endpoint.Stack{users.Send(auth.NewTokens(i.fetch))}.Wrap(func(context.Context, int) (int, error) {
				t.Error("it was called")
				return 0, nil
			})
			_, err := e(t.Context(), 1)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.code, endpoint.CodeOf(err))
			require.ErrorContains(t, err, "no token of users")
		}
	})
}

// principalOf returns the name of who calls by a scheme.
func principalOf(s interface {
	From(ctx context.Context) (user, bool)
},
) func(ctx context.Context) string {
	return func(ctx context.Context) string {
		u, _ := s.From(ctx)
		return u.name
	}
}
