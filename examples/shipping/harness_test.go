package shipping_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/httpx"
)

// now is when the seeds were made: their deadlines are 7 and 14 days later.
var now = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)

// A program is the services over a seeded store, on a socket.
type program struct {
	url                  string
	client               shipping.Services
	store                *store.Store
	misdirected, arrived atomic.Int64
}

// start starts the services with the seeds until the test ends.
func start(t *testing.T) *program {
	t.Helper()
	p := &program{store: store.New()}
	require.NoError(t, p.store.Seed(now))
	finder := routing.NewPathfinder(func() time.Time { return now })
	services, inspected := shipping.New(p.store, finder.Routes)
	inspected.Misdirected.Subscribe(func(context.Context, cargo.Cargo) { p.misdirected.Add(1) })
	inspected.Arrived.Subscribe(func(context.Context, cargo.Cargo) { p.arrived.Add(1) })

	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, services))
	web := httptest.NewServer(httpx.Problems(r, shipping.Errors()))
	t.Cleanup(web.Close)
	p.url = web.URL
	require.NoError(t, httpx.Client(httpx.To(web.URL), &p.client))
	return p
}

// An answer is what the program said to a request without a client of ours.
type answer struct {
	status int
	body   string
}

// ask sends a GET, or a POST of a body of JSON.
func (p *program) ask(t *testing.T, path, body string) answer {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, string(text)}
}

// An exchange is a request, with a body for a POST, and its answer.
type exchange struct {
	path, body string
	want       answer
}

// converse makes the requests one after the other.
func (p *program) converse(t *testing.T, all []exchange) {
	t.Helper()
	for _, x := range all {
		require.Equal(t, x.want, p.ask(t, x.path, x.body), "%s %s", x.path, x.body)
	}
}
