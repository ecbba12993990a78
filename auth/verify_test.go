package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestLayers checks the layers of the package by the laws of layers.
func TestLayers(t *testing.T) {
	t.Parallel()
	users := newUsers()
	for name, l := range map[string]endpoint.Layer{
		"verify": users.Verify(verifyUser, auth.Cached(time.Minute)),
		"send":   users.Send(auth.Static("ann")),
		"relay":  users.Relay(),
		"cert":   (&auth.ClientCert[user]{Name: "peers"}).Send(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpointtest.Layer(t, l)
		})
	}
}

// enter runs a layer for a call with a token and returns the Call and the error.
func enter(t *testing.T, l endpoint.Layer, token string) (*endpoint.Call, error) {
	t.Helper()
	op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
	header := endpoint.HTTPHeader(map[string][]string{"Authorization": {"Bearer " + token}})
	ctx, w, err := endpoint.StartCall(t.Context(), op, header, endpoint.Header{})
	require.NoError(t, err)
	bound, err := endpoint.Stack{l}.Bind(op)
	require.NoError(t, err)
	_, err = bound.Wrap(func(context.Context, int) (int, error) { return 0, nil })(ctx, 1)
	return (*endpoint.Call)(w), err
}

// TestVerifyErrors has a verify fail in every way.
func TestVerifyErrors(t *testing.T) {
	t.Parallel()
	own := endpoint.Define(endpoint.Unauthenticated, "shop", "TOKEN_EXPIRED", "the token has expired")
	for name, tt := range map[string]struct {
		err, want error
		code      endpoint.Code
		challenge string
	}{
		"plain":              {errors.New("no"), endpoint.ErrUnauthenticated, endpoint.Unauthenticated, `Bearer realm="users", error="invalid_token"`},
		"one of its own":     {own, own, endpoint.Unauthenticated, `Bearer realm="users", error="invalid_token"`},
		"remote":             {endpoint.FromWire(endpoint.Unauthenticated, "", "", "no"), endpoint.ErrUnauthenticated, endpoint.Unauthenticated, `Bearer realm="users", error="invalid_token"`},
		"another":            {auth.ErrOther, nil, endpoint.OK, ""},
		"another, wrapped":   {fmt.Errorf("issuer: %w", auth.ErrOther), nil, endpoint.OK, ""},
		"unavailable":        {endpoint.Errorf(endpoint.Unavailable, "down"), nil, endpoint.Unavailable, ""},
		"the context's end":  {context.DeadlineExceeded, context.DeadlineExceeded, endpoint.DeadlineExceeded, ""},
		"permission, itself": {auth.ErrPermissionDenied, auth.ErrPermissionDenied, endpoint.PermissionDenied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call, err := enter(t, newUsers().Verify(func(context.Context, string) (user, []string, error) { return user{}, nil, tt.err }), "ann")
			require.Equal(t, tt.code, endpoint.CodeOf(err))
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			require.Equal(t, tt.challenge, call.Reply().Get("WWW-Authenticate"))
			require.Empty(t, call.Principal())
		})
	}
}

// TestVerifyTwoIssuers has two schemes with tokens in one header.
func TestVerifyTwoIssuers(t *testing.T) {
	t.Parallel()
	one, two := &auth.Bearer[user]{Name: "one"}, &auth.Bearer[user]{Name: "two"}
	of := func(prefix string) func(context.Context, string) (user, []string, error) {
		return func(_ context.Context, token string) (user, []string, error) {
			if !strings.HasPrefix(token, prefix) {
				return user{}, nil, auth.ErrOther
			}
			return user{token}, nil, nil
		}
	}
	stack := endpoint.Stack{one.Verify(of("1")), two.Verify(of("2"))}
	for _, token := range []string{"1a", "2a"} {
		call, err := enter(t, stack, token)
		require.NoError(t, err)
		require.Equal(t, token, call.Principal())
	}
	call, err := enter(t, stack, "3a")
	require.NoError(t, err)
	require.Empty(t, call.Principal())
}

// TestVerifyQuotes has a verify whose errors quote the credentials.
func TestVerifyQuotes(t *testing.T) {
	t.Parallel()
	const canary = "canary/1234+5="
	for name, err := range map[string]error{
		"plain": errors.New("token " + canary),
		"coded": endpoint.Errorf(endpoint.Unavailable, "token %s", canary),
		"query": fmt.Errorf("get http://127.0.0.1/introspect?token=%s: EOF", url.QueryEscape(canary)),
		"path":  fmt.Errorf("get http://127.0.0.1/tokens/%s: EOF", url.PathEscape(canary)),
		"cause": endpoint.Errorf(endpoint.Unauthenticated, "no: %w", fmt.Errorf("token %q", canary)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := enter(t, newUsers().Verify(func(context.Context, string) (user, []string, error) { return user{}, nil, err }), canary)
			require.Error(t, got)
			for e := got; e != nil; e = errors.Unwrap(e) {
				require.NotContains(t, fmt.Sprintf("%v %+v %#v", e, e, e.Error()), "1234")
			}
		})
	}
}

// TestVerifyIdentity tells callers of one principal apart by their credentials: an answer may
// depend on more of the caller than its name, such as its tenant.
func TestVerifyIdentity(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]auth.VerifyOption{"each": nil, "cached": {auth.Cached(time.Minute)}} {
		l := newUsers().Verify(func(context.Context, string) (user, []string, error) { return user{"ann"}, nil, nil }, opts...)
		identity := func(token string) string {
			call, err := enter(t, l, token)
			require.NoError(t, err)
			return call.Identity()
		}
		red := identity("red")
		require.NotEqual(t, red, identity("blue"), name)
		require.Equal(t, red, identity("red"), name)
	}
}

// TestVerifyFaults constructs layers that cannot verify.
func TestVerifyFaults(t *testing.T) {
	t.Parallel()
	users := newUsers()
	for name, l := range map[string]endpoint.Layer{
		"no function":   users.Verify(nil),
		"no scheme":     (*auth.Bearer[user])(nil).Verify(verifyUser),
		"a nil option":  users.Verify(verifyUser, nil),
		"no cache time": users.Verify(verifyUser, auth.Cached(0)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := endpoint.Stack{l}.Bind(&endpoint.Operation{Side: endpoint.ServerSide})
			require.ErrorContains(t, err, "auth: ")
		})
	}
}

// leased is a caller until a time.
type leased struct {
	user

	until time.Time
}

func (l leased) Expires() time.Time { return l.until }

// TestCached counts how often a verify is asked.
func TestCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		users := &auth.Bearer[leased]{Name: "users"}
		asked := 0
		verify := users.Verify(func(_ context.Context, token string) (leased, []string, error) {
			asked++
			if token == "eve" {
				return leased{}, nil, errors.New("no")
			}
			l := leased{user: user{token}}
			if token == "short" {
				l.until = time.Now().Add(time.Second)
			}
			return l, nil, nil
		}, auth.Cached(time.Minute))
		ask := func(token string, want int) {
			t.Helper()
			asked = 0
			call, err := enter(t, verify, token)
			require.Equal(t, token == "eve", err != nil)
			if err == nil {
				require.Equal(t, token, call.Principal())
			}
			require.Equal(t, want, asked)
		}
		ask("ann", 1)
		ask("ann", 0)
		ask("bob", 1)
		ask("eve", 1)
		ask("eve", 1)
		ask("short", 1)
		time.Sleep(time.Second)
		ask("short", 1)
		time.Sleep(58 * time.Second)
		ask("ann", 0)
		time.Sleep(time.Second)
		ask("ann", 1)
		for i := range 20_000 { // more than are kept
			_, err := enter(t, verify, fmt.Sprint(i))
			require.NoError(t, err)
		}
		ask("19999", 0)
	})
}

// unread fails a test if it is read.
type unread struct{ reads atomic.Int64 }

func (u *unread) Read([]byte) (int, error) {
	u.reads.Add(1)
	return 0, errors.New("read")
}

// TestBodyUnread refuses requests without looking at their bodies, even inside layers whose
// places calls take.
func TestBodyUnread(t *testing.T) {
	t.Parallel()
	users := newUsers()
	full := resilience.NewBulkhead(1)
	for name, layers := range map[string][]endpoint.Layer{
		"alone":   {users.Verify(verifyUser)},
		"outside": {users.Verify(verifyUser), full},
		"inside":  {full, users.Verify(verifyUser)},
	} {
		for _, path := range []string{"/rooms/save", "/rooms/drop", "/rooms/watch"} {
			for _, token := range []string{"", "eve"} {
				server := newRooms(users, users.Scope("rooms:write"), principalOf(users))
				mux := http.NewServeMux()
				require.NoError(t, httpx.Mount(mux, server, httpx.Use(layers...)))
				body := &unread{}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, body)
				r.Header.Set("Content-Type", "text/wrong")
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, r)
				require.Equal(t, http.StatusUnauthorized, w.Code, name+path)
				require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
				require.Zero(t, body.reads.Load(), name+path)
				require.Zero(t, server.served.Load())
			}
		}
	}
}

// raw is a codec of gRPC for bytes as they are.
type raw struct{}

func (raw) Name() string                       { return "json" }
func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

// TestMessageNotDecoded sends a message over gRPC that cannot be decoded.
func TestMessageNotDecoded(t *testing.T) {
	t.Parallel()
	users := newUsers()
	server := newRooms(users, users.Scope("rooms:write"), principalOf(users))
	conn := overListener(t, nil, insecure.NewCredentials(), func(s *grpc.Server) {
		require.NoError(t, grpcx.Register(s, server, grpcx.Use(users.Verify(verifyUser))))
	})
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, "Bearer eve": codes.Unauthenticated, "Bearer bob": codes.PermissionDenied, "Bearer ann": codes.InvalidArgument} {
		ctx := t.Context()
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
		}
		var answer []byte
		var trailer metadata.MD
		err := conn.Invoke(ctx, "/auth.Rooms/Drop", []byte("{"), &answer, grpc.ForceCodec(raw{}), grpc.Trailer(&trailer))
		require.Equal(t, want, status.Code(err), token)
		require.Equal(t, want != codes.InvalidArgument, len(trailer["www-authenticate"]) > 0)
	}
	require.Zero(t, server.served.Load())
}

// TestHandler protects a handler of one endpoint.
func TestHandler(t *testing.T) {
	t.Parallel()
	users := newUsers()
	e := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		u, ok := users.From(ctx)
		if !ok {
			return "", endpoint.ErrUnauthenticated
		}
		return u.name, nil
	}
	require.Panics(t, func() { httpx.Handler(e, httpx.Requires(users)) }, "nothing verifies")
	h := httpx.Handler(e, httpx.Requires(users), httpx.Use(users.Verify(verifyUser)))
	for header, status := range map[string]int{"": http.StatusUnauthorized, "Bearer ann": http.StatusOK} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, status, w.Code)
	}
}
