package resilience_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// What tests of attempts share: a service over HTTP in memory, and the events of
// policies.

type ask struct {
	N int `query:"n"`
}

type told struct {
	N int `json:"n"`
}

type body struct {
	N int `json:"n"`
}

// notes is a service with an operation of each kind.
type notes struct {
	Read  endpoint.Endpoint[ask, told]
	Write endpoint.Endpoint[body, told]
	Save  endpoint.Endpoint[body, told] // a POST that is declared idempotent
	Watch endpoint.Endpoint[ask, endpoint.Stream[told]]
}

func (s *notes) HTTP(r *httpx.Routes) {
	r.GET("/notes", &s.Read)
	r.POST("/notes", &s.Write)
	r.POST("/saved", &s.Save, httpx.Idempotent())
	r.ServerStream("GET", "/watch", &s.Watch)
}

// allOf returns a service whose operations do the same.
func allOf(do func(context.Context) error) *notes {
	write := func(ctx context.Context, b body) (told, error) { return told(b), do(ctx) }
	return &notes{
		Read:  func(ctx context.Context, a ask) (told, error) { return told(a), do(ctx) },
		Write: write, Save: write,
		Watch: func(ctx context.Context, a ask) (endpoint.Stream[told], error) {
			return func(yield func(told, error) bool) {
				if err := do(ctx); err != nil {
					yield(told{}, err)
					return
				}
				for i := range a.N {
					if !yield(told{i}, nil) {
						return
					}
				}
			}, nil
		},
	}
}

// served serves svc in a bubble until the test ends, and returns what a client
// of it dials.
func served(t *testing.T, svc httpx.Service, opts ...httpx.Option) *httpx.Conn {
	t.Helper()
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, svc, opts...); err != nil {
		t.Fatal(err)
	}
	l := endpointtest.NewListener()
	server := &http.Server{Handler: mux} //nolint:gosec // it listens to the test alone
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Hour) // in the bubble: connections linger as they close
	})
	return httpx.To("http://notes.example", httpx.HTTPClient(&http.Client{Transport: transport}))
}

// client returns a client of what conn leads to.
func client(t *testing.T, conn *httpx.Conn, layers ...endpoint.Layer) *notes {
	t.Helper()
	var c notes
	if err := httpx.Client(conn, &c, httpx.Use(layers...), httpx.NoCallTimeout()); err != nil {
		t.Fatal(err)
	}
	return &c
}

// logged has the events of a policy logged as "source kind".
func logged(log *endpointtest.Recorder) func(context.Context, endpoint.Event) {
	return func(_ context.Context, e endpoint.Event) { log.Log("%s %s", e.Source, e.Kind) }
}

// hang waits for the end of the context.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
