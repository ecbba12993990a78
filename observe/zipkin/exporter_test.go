package zipkin_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/promtest"
	"github.com/typedkit/endpoint/observe/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestNewFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url  string
		opts []zipkin.Option
		want string
	}{
		"no URL":    {"", nil, "zipkin: New: the scheme of the URL must be http or https, got \"\"\nzipkin: New: the URL has no host"},
		"no scheme": {"localhost:9411", nil, "zipkin: New: the scheme of the URL must be http or https, got \"localhost\"\nzipkin: New: the URL has no host"},
		"malformed": {"http://u:secret@[::1", nil, "zipkin: New: the URL is malformed"},
		"options": {
			"http://zipkin",
			[]zipkin.Option{zipkin.HTTPClient(nil), nil, zipkin.Timeout(0), zipkin.MaxBody(4095)},
			"zipkin: New: HTTPClient: the client is nil\nzipkin: New: option 1 is nil\n" +
				"zipkin: New: Timeout must be positive, got 0s\nzipkin: New: MaxBody must be at least 4096, got 4095",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := zipkin.New(tt.url, tt.opts...)
			require.EqualError(t, err, tt.want)
			assert.Nil(t, e)
		})
	}
}

// TestURL has the path and the credentials of a request.
func TestURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://zipkin.example":                    "/api/v2/spans",
		"http://zipkin.example/":                   "/api/v2/spans",
		"http://zipkin.example/?key=1":             "/api/v2/spans?key=1",
		"http://zipkin.example/tracing/spans":      "/tracing/spans",
		"http://ada:secret@zipkin.example/a/spans": "/a/spans",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			c := collect(t, func(_ http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "POST "+want, r.Method+" "+r.URL.RequestURI())
				assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
				assert.Equal(t, "0", r.Header.Get("B3"))
				_, password, ok := r.BasicAuth()
				assert.Equal(t, want == "/a/spans", ok && password == "secret")
			})
			e, err := zipkin.New(url, zipkin.HTTPClient(c.client))
			require.NoError(t, err)
			require.NoError(t, e.ExportSpans(t.Context(), snapshots(newStub())))
			require.Len(t, c.sent(), 1)
		})
	}
}

// TestOwnClient has an exporter without HTTPClient: it follows no redirect, and its
// connection ends with Shutdown.
func TestOwnClient(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/spans", func(w http.ResponseWriter, _ *http.Request) {
		taken.Add(1)
		w.WriteHeader(http.StatusAccepted)
	})
	mux.Handle("POST /moved", http.RedirectHandler("/api/v2/spans", http.StatusPermanentRedirect))
	var open atomic.Int64
	s := httptest.NewUnstartedServer(mux)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)

	moved, err := zipkin.New(s.URL + "/moved")
	require.NoError(t, err)
	require.ErrorContains(t, moved.ExportSpans(t.Context(), snapshots(newStub())), "the collector answered 308 Permanent Redirect")
	require.NoError(t, moved.Shutdown(t.Context()))
	require.Zero(t, taken.Load())

	e, err := zipkin.New(s.URL)
	require.NoError(t, err)
	require.NoError(t, e.ExportSpans(t.Context(), snapshots(newStub())))
	require.Equal(t, int64(1), taken.Load())
	require.Positive(t, open.Load())
	require.NoError(t, e.Shutdown(t.Context()))
	promtest.Eventually(t, func() error {
		if n := open.Load(); n != 0 {
			return fmt.Errorf("%d connections are open", n)
		}
		return nil
	})
	require.EqualError(t, e.ExportSpans(t.Context(), snapshots(newStub())), "zipkin: the exporter is shut down")
	require.Equal(t, int64(1), taken.Load())
}

// TestTimeout has a collector that does not answer: of three requests, only the first is
// made.
func TestTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts   []zipkin.Option
		ctx    time.Duration // 0: none
		want   time.Duration
		reason string
	}{
		"by default":   {nil, 0, 10 * time.Second, "the export timed out: context deadline exceeded"},
		"by an option": {[]zipkin.Option{zipkin.Timeout(time.Minute)}, 0, time.Minute, "the export timed out: context deadline exceeded"},
		"of a flush":   {nil, 2 * time.Second, 2 * time.Second, "context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := collect(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				e := c.exporter(t, append(tt.opts, zipkin.MaxBody(4096))...)
				ctx := t.Context()
				if tt.ctx > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.ctx)
					defer cancel()
				}
				begun := time.Now()
				err := e.ExportSpans(ctx, snapshots(large(3000), large(3000), large(3000)))
				require.EqualError(t, err, `zipkin: 3 of 3 spans are lost: Post "http://zipkin.example/api/v2/spans": `+tt.reason)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, tt.want, time.Since(begun))
				assert.Len(t, c.sent(), 1)
			})
		})
	}
}

// TestForceFlush has a provider that sends what it has when it is asked, and when it is
// shut down.
func TestForceFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := collect(t, nil)
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(c.exporter(t)))
		end := func(name string) {
			_, span := provider.Tracer("test").Start(t.Context(), name)
			span.End()
		}
		end("first")
		synctest.Wait()
		require.Empty(t, c.spans(t))
		require.NoError(t, provider.ForceFlush(t.Context()))
		require.Len(t, c.spans(t), 1)
		end("second")
		require.NoError(t, provider.Shutdown(t.Context()))
		require.Len(t, c.spans(t), 2)
		require.Equal(t, "second", c.spans(t)[1]["name"])
	})
}
