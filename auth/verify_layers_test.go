package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

func principal(ctx context.Context) string { return endpoint.Incoming(ctx).Principal() }

// TestPerClient has callers that share a machine. Each of them has a share of its own.
func TestPerClient(t *testing.T) {
	t.Parallel()
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			users := newUsers()
			connect := w.serve(t, newRooms(users, users.Scope("rooms:write"), principal), users.Verify(verifyUser), resilience.NewPerClient(1e-6, 1))
			ann, bob := connect(users.Send(auth.Static("ann"))), connect(users.Send(auth.Static("bob")))
			_, err := ann.Save(t.Context(), room{})
			require.NoError(t, err)
			_, err = ann.Save(t.Context(), room{})
			require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err))
			_, err = bob.Save(t.Context(), room{})
			require.NoError(t, err)
		})
	}
}

// TestHedgeSends has the first attempt of a call wait until a second one, which proves who
// calls as well, has been answered.
func TestHedgeSends(t *testing.T) {
	t.Parallel()
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			users := newUsers()
			var calls atomic.Int64
			r := newRooms(users, users.Scope("rooms:write"), principal)
			serve := r.Save
			r.Save = func(ctx context.Context, req room) (saved, error) {
				if calls.Add(1) == 1 {
					<-ctx.Done()
					return saved{}, ctx.Err()
				}
				return serve(ctx, req)
			}
			connect := w.serve(t, r, users.Verify(verifyUser))
			c := connect(resilience.NewHedge(time.Millisecond), users.Send(auth.Static("ann")))
			got, err := c.Save(t.Context(), room{})
			require.NoError(t, err)
			require.Equal(t, "ann/ann", got.By)
			require.GreaterOrEqual(t, calls.Load(), int64(2))
		})
	}
}

// open is a service without requirements of its own.
type open struct {
	Save, Look endpoint.Endpoint[room, saved]
}

func (o *open) HTTP(r *httpx.Routes) {
	r.POST("/save", &o.Save)
	r.POST("/look", &o.Look, httpx.Public())
}

// TestMountRequires has the requirement in an option of Mount, which holds for every route
// that is not public.
func TestMountRequires(t *testing.T) {
	t.Parallel()
	users := newUsers()
	serve := func(ctx context.Context, _ room) (saved, error) { return saved{By: principal(ctx)}, nil }
	mux := http.NewServeMux()
	require.ErrorContains(t, httpx.Mount(http.NewServeMux(), &open{serve, serve}, httpx.Requires(users)), "no layer verifies")
	require.NoError(t, httpx.Mount(mux, &open{serve, serve}, httpx.Requires(users), httpx.Use(users.Verify(verifyUser))))
	post := func(path, token string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(`{"Name":"r"}`))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, 401, post("/save", ""))
	require.Equal(t, 200, post("/save", "ann"))
	require.Equal(t, 200, post("/look", ""))
	require.Equal(t, 401, post("/look", "eve"), "credentials that are wrong are refused, even where none are required")
}
