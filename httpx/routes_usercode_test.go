package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

type Text struct {
	S string `json:"s"`
}
type Count struct {
	N int `json:"n"`
}

var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

// Strings is a service: its fields are the implementation on a server, the
// calls on a client.
type Strings struct {
	Upper endpoint.Endpoint[Text, Text]
	Count endpoint.Endpoint[Text, Count]
}

func (s *Strings) HTTP(r *httpx.Routes) {
	r.POST("/upper", &s.Upper, httpx.Fails(ErrEmpty))
	r.POST("/count", &s.Count)
}

func upper(_ context.Context, t Text) (Text, error) {
	if t.S == "" {
		return Text{}, ErrEmpty
	}
	return Text{strings.ToUpper(t.S)}, nil
}

func count(_ context.Context, t Text) (Count, error) { return Count{len(t.S)}, nil }

// TestService is a service on either router with layers, and a typed client.
func TestService(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		var rec endpointtest.Recorder
		logger, limiter, breaker := rec.Layer("logger"), rec.Layer("limiter"), rec.Layer("breaker")
		require.NoError(t, httpx.Mount(r, &Strings{Upper: upper, Count: count}, httpx.Use(logger, limiter, breaker)))
		url := listen(t, httpx.Problems(r))

		var c Strings
		dial(t, url, &c)
		got, err := c.Upper(t.Context(), Text{"hello"})
		require.NoError(t, err)
		require.Equal(t, Text{"HELLO"}, got)
		require.Equal(t, []string{
			"enter logger", "enter limiter", "enter breaker", "exit breaker", "exit limiter", "exit logger",
		}, rec.Reset())

		n, err := c.Count(t.Context(), Text{"hello"})
		require.NoError(t, err)
		require.Equal(t, Count{5}, n)

		_, err = c.Upper(t.Context(), Text{})
		require.ErrorIs(t, err, ErrEmpty)
	})
}

// pass is a policy that does nothing, as a Layer and by Wrap.
type pass struct{ layer }

func (p *pass) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{p}.Wrap(next)
}

// TestHandlerOfChain is one endpoint without a service.
func TestHandlerOfChain(t *testing.T) {
	t.Parallel()
	limiter, cache := &pass{}, &pass{}
	r := chi.NewRouter()
	r.Method("POST", "/upper", httpx.Handler(endpoint.Chain(upper, limiter.Wrap, cache.Wrap)))
	a := ask(t, r, "POST", "/upper", `{"s":"x"}`)
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"s":"X"}`, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
}

type ByID struct {
	ID string `path:"id"`
}
type Profile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
type NewProfile struct {
	ID   string `path:"id"`
	Name string `json:"name"`
}

var ErrNotFound = endpoint.Define(endpoint.NotFound, "profiles", "NOT_FOUND", "no such profile")

// Profiles is a service with parameters, a read and a write.
type Profiles struct {
	Get endpoint.Endpoint[ByID, Profile]
	Put endpoint.Endpoint[NewProfile, endpoint.Empty]
}

func (s *Profiles) HTTP(r *httpx.Routes) {
	r.GET("/profiles/{id}", &s.Get, httpx.Fails(ErrNotFound))
	r.PUT("/profiles/{id}", &s.Put)
}

// profiles returns the implementation, which keeps profiles in memory.
func profiles() *Profiles {
	var mu sync.Mutex
	all := map[string]Profile{}
	return &Profiles{
		Get: func(_ context.Context, r ByID) (Profile, error) {
			mu.Lock()
			defer mu.Unlock()
			p, ok := all[r.ID]
			if !ok {
				return Profile{}, ErrNotFound.With("there is no profile %q", r.ID)
			}
			return p, nil
		},
		Put: func(_ context.Context, r NewProfile) (endpoint.Empty, error) {
			mu.Lock()
			defer mu.Unlock()
			all[r.ID] = Profile(r)
			return endpoint.Empty{}, nil
		},
	}
}

// TestOwnMiddleware has an untyped middleware around every route, and a typed
// one around one endpoint.
func TestOwnMiddleware(t *testing.T) {
	t.Parallel()
	var rec endpointtest.Recorder
	timing := func(ctx context.Context) (context.Context, func(error) error, error) {
		start := time.Now()
		return ctx, func(err error) error {
			rec.Log("%s %t %v", endpoint.CallFrom(ctx).Operation().Name, time.Since(start) >= 0, err)
			return err
		}, nil
	}
	cached := func(next endpoint.Endpoint[ByID, Profile]) endpoint.Endpoint[ByID, Profile] {
		return func(ctx context.Context, r ByID) (Profile, error) {
			if r.ID == "7" {
				return Profile{ID: "7", Name: "of the cache"}, nil
			}
			return next(ctx, r)
		}
	}
	svc := profiles()
	svc.Get = endpoint.Chain(svc.Get, cached)
	h := mounted(t, svc, httpx.Use(endpoint.LayerFunc(timing)))

	require.JSONEq(t, `{"id":"7","name":"of the cache"}`, ask(t, h, "GET", "/profiles/7", "").body)
	require.Equal(t, http.StatusNotFound, ask(t, h, "GET", "/profiles/8", "").status)
	require.Equal(t, http.StatusOK, ask(t, h, "PUT", "/profiles/8", `{"name":"Ada"}`).status)
	require.Equal(t, []string{"Get true <nil>", `Get true there is no profile "8"`, "Put true <nil>"}, rec.Lines())
}

// TestStackOnce has one stack for two services, with authentication on writes.
func TestStackOnce(t *testing.T) {
	t.Parallel()
	var rec endpointtest.Recorder
	tracer := rec.Layer("tracer")
	auth := &layer{enter: func(ctx context.Context) (context.Context, error) {
		if endpoint.CallFrom(ctx).Header().Get("Authorization") == "" {
			return ctx, endpoint.Errorf(endpoint.Unauthenticated, "who are you?")
		}
		return ctx, nil
	}}
	writes := func(op *endpoint.Operation) bool { return op.Method != "GET" }
	stack := endpoint.Stack{tracer, endpoint.Only(auth, writes)}
	mux := http.NewServeMux()
	require.NoError(t, errors.Join(
		httpx.Mount(mux, profiles(), httpx.Use(stack...)),
		httpx.Mount(mux, &Strings{Upper: upper, Count: count}, httpx.Use(stack)),
	))
	for name, tt := range map[string]struct {
		method, path, body string
		header             []string
		want               int
	}{
		"a read":               {"GET", "/profiles/none", "", nil, 404},
		"a write":              {"PUT", "/profiles/8", `{"name":"Ada"}`, nil, 401},
		"a write of somebody":  {"PUT", "/profiles/8", `{"name":"Ada"}`, []string{"Authorization", "x"}, 200},
		"of the other service": {"POST", "/upper", `{"s":"a"}`, nil, 401},
	} {
		require.Equal(t, tt.want, ask(t, mux, tt.method, tt.path, tt.body, tt.header...).status, name)
	}
	require.Len(t, rec.Lines(), 8)
}

// mountAt makes a client of the server at url out of svc and serves it under a
// prefix: the struct that Client filled is itself a server.
func mountAt(r chi.Router, prefix, url string, svc httpx.Service, retry, limiter endpoint.Layer) error {
	if err := httpx.Client(httpx.To(url), svc, httpx.Use(retry)); err != nil {
		return err
	}
	sub := chi.NewRouter()
	r.Mount(prefix, http.StripPrefix(prefix, httpx.Problems(sub)))
	return httpx.Mount(sub, svc, httpx.Use(limiter))
}

// TestGateway serves two services, which run elsewhere, under one roof.
func TestGateway(t *testing.T) {
	t.Parallel()
	behind := listen(t, mounted(t, profiles()))
	other := listen(t, mounted(t, &Strings{Upper: upper, Count: count}))
	r := chi.NewRouter()
	require.NoError(t, errors.Join(
		mountAt(r, "/p", behind, &Profiles{}, &pass{}, &pass{}),
		mountAt(r, "/s", other, &Strings{}, &pass{}, &pass{}),
	))
	url := listen(t, httpx.Problems(r))

	var p Profiles
	dial(t, url+"/p", &p)
	for _, id := range []string{"7", "a/b", "ü", "%2F", "a b", ".."} {
		_, err := p.Put(t.Context(), NewProfile{ID: id, Name: "Ada"})
		require.NoError(t, err, id)
		got, err := p.Get(t.Context(), ByID{ID: id})
		require.NoError(t, err, id)
		require.Equal(t, Profile{ID: id, Name: "Ada"}, got)
	}
	_, err := p.Get(t.Context(), ByID{ID: "none"})
	require.ErrorIs(t, err, ErrNotFound)
	require.EqualError(t, err, `there is no profile "none"`)

	var s Strings
	dial(t, url+"/s", &s)
	got, err := s.Upper(t.Context(), Text{"x"})
	require.NoError(t, err)
	require.Equal(t, Text{"X"}, got)

	a := fetch(t, "GET", url+"/p/nothing", "")
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, "NO_ROUTE", a.problem(t).Reason)
}
