package observe_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
)

// patterns is a Part that counts calls by the pattern of the operation that it was made
// for.
type patterns struct {
	mu    sync.Mutex // guards the field below
	calls map[string]int
}

func (p *patterns) Observe(op *endpoint.Operation) observe.Observer {
	return &patternObserver{p, op.Pattern}
}

type patternObserver struct {
	*patterns

	pattern string
}

func (o *patternObserver) Begin(context.Context, *observe.Observation) (context.Context, endpoint.Token) {
	return nil, endpoint.Token{}
}

func (o *patternObserver) End(_ context.Context, _ endpoint.Token, seen *observe.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls == nil {
		o.calls = map[string]int{}
	}
	o.calls[o.pattern+" of "+seen.Operation.Pattern]++
}

// routed is patterns that tell routes apart.
type routed struct{ patterns }

func (p *routed) ObserveRoute(op *endpoint.Operation) observe.Observer { return p.Observe(op) }

// ping is a service of one route.
type ping struct {
	Ping endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (s *ping) HTTP(r *httpx.Routes) { r.GET("/ping", &s.Ping) }

// TestRoutes has a service below several prefixes.
func TestRoutes(t *testing.T) {
	t.Parallel()
	var plain patterns
	var apart routed
	var text bytes.Buffer
	layer := observe.New(&plain, &apart, observe.NewLogger(slog.New(slog.NewTextHandler(&text, nil))))
	svc := &ping{func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil }}
	sub, r := chi.NewRouter(), chi.NewRouter()
	require.NoError(t, httpx.Mount(sub, svc, httpx.Use(layer)))
	r.Mount("/{tenant}", sub)
	ask := func(h http.Handler, path string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code)
	}
	ask(sub, "/ping")
	for _, tenant := range []string{"acme", "bolt"} {
		ask(r, fmt.Sprintf("/%s/ping", tenant))
		ask(http.StripPrefix("/api", r), fmt.Sprintf("/api/%s/ping", tenant))
	}
	require.Equal(t, map[string]int{"/ping of /ping": 5}, plain.calls)
	require.Equal(t, map[string]int{"/ping of /ping": 1, "/{tenant}/ping of /ping": 2, "/api/{tenant}/ping of /ping": 2}, apart.calls)
	require.Contains(t, text.String(), " http.route=/api/{tenant}/ping ")
	require.Contains(t, text.String(), " http.route=/ping ")
}

// TestRoutesOfAttempts observes the attempts of calls below a prefix as attempts.
func TestRoutesOfAttempts(t *testing.T) {
	t.Parallel()
	log, out := newLog(slog.LevelDebug)
	attempts := observe.New(observe.NewLogger(log)).Attempts()
	svc := &ping{endpoint.Stack{thrice{}, attempts}.Wrap(func(context.Context, endpoint.Empty) (endpoint.Empty, error) {
		return endpoint.Empty{}, errFailed
	})}
	sub, r := chi.NewRouter(), chi.NewRouter()
	require.NoError(t, httpx.Mount(sub, svc))
	r.Mount("/api", sub)
	for path, h := range map[string]http.Handler{"/ping": sub, "/api/ping": r} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}
	records := out.records(t)
	require.Len(t, records, 6)
	byRoute := map[any]int{}
	for _, record := range records {
		require.Equal(t, "attempt", record["msg"], "%v", record)
		require.Equal(t, "DEBUG", record["level"], "%v", record)
		byRoute[record["http.route"]]++
	}
	require.Equal(t, map[any]int{"/ping": 3, "/api/ping": 3}, byRoute)
}
