package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// Writers as middlewares have them, around one of net/http.
type (
	unwraps   struct{ hidden }
	flushes   struct{ hidden }
	flushErrs struct{ hidden }
	pretender struct{ hidden }
)

func (u unwraps) Unwrap() http.ResponseWriter { return u.ResponseWriter }
func (f flushes) Flush()                      { _ = http.NewResponseController(f.ResponseWriter).Flush() }

func (f flushErrs) FlushError() error { return http.NewResponseController(f.ResponseWriter).Flush() }
func (pretender) FlushError() error   { return http.ErrNotSupported }

// writingTo serves h behind a middleware that replaces the writer.
func writingTo(h http.Handler, wrap func(w http.ResponseWriter) http.ResponseWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
}

// TestStreamBehindWriter has a stream whose second item waits until the first has
// arrived, behind writers that can flush and one that cannot.
func TestStreamBehindWriter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wrap func(w http.ResponseWriter) http.ResponseWriter
		code endpoint.Code
		says string // in the hook
	}{
		"with Unwrap":         {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{hidden{w}} }, endpoint.OK, ""},
		"with two of Unwrap":  {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{hidden{unwraps{hidden{w}}}} }, endpoint.OK, ""},
		"with Flush":          {func(w http.ResponseWriter) http.ResponseWriter { return flushes{hidden{w}} }, endpoint.OK, ""},
		"with FlushError":     {func(w http.ResponseWriter) http.ResponseWriter { return flushErrs{hidden{w}} }, endpoint.OK, ""},
		"with neither":        {func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} }, endpoint.Internal, "httpx_test.hidden cannot flush"},
		"with neither inside": {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{hidden{hidden{w}}} }, endpoint.Internal, "httpx_test.hidden cannot flush"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived chan struct{}
			svc := newFeed()
			wait := func(ctx context.Context) {
				select {
				case <-arrived:
				case <-ctx.Done():
				}
			}
			svc.Ticks = func(ctx context.Context, _ from) (endpoint.Stream[tick], error) {
				return func(yield func(tick, error) bool) {
					if yield(tick{1}, nil) {
						wait(ctx)
						yield(tick{2}, nil)
					}
				}, nil
			}
			svc.Twice = func(ctx context.Context, _ endpoint.Stream[count1]) (endpoint.Stream[count1], error) {
				return func(yield func(count1, error) bool) {
					if yield(count1{1}, nil) {
						wait(ctx)
						yield(count1{2}, nil)
					}
				}, nil
			}
			hooked, ends := make(chan error, 10), newPermits()
			h := mounted(t, svc, httpx.Use(ends), httpx.ErrorHook(func(_ context.Context, err error) { hooked <- err }))
			check := func(kind string, n int, err error) {
				require.Equal(t, tt.code, endpoint.CodeOf(err), "%s: %v", kind, err)
				end := ends.drained(t, 1)[0]
				require.Equal(t, tt.code, endpoint.CodeOf(end), "%s: layers see what goes out", kind)
				if err == nil {
					require.Equal(t, 2, n, kind)
					require.Empty(t, hooked, kind)
					return
				}
				require.Zero(t, n, kind)
				require.Equal(t, 500, causeOf(err).Status, kind)
				require.NotContains(t, causeOf(err).Detail, "httpx_test", kind)
				require.ErrorContains(t, <-hooked, tt.says, kind)
				require.Empty(t, hooked, kind)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // of a stream that is held back
			defer cancel()
			for version, f := range feeds(t, writingTo(h, tt.wrap)) {
				arrived = make(chan struct{})
				s, err := f.Ticks(ctx, from{})
				require.NoError(t, err)
				n := 0
				for _, e := range s {
					if err = e; e == nil {
						if n++; n == 1 {
							close(arrived)
						}
					}
				}
				check(version, n, err)
				if version == "HTTP/1" {
					continue
				}
				arrived, n = make(chan struct{}), 0
				both, err := f.Twice(ctx, numbers())
				require.NoError(t, err)
				for _, e := range both {
					if err = e; e == nil {
						if n++; n == 1 {
							close(arrived)
						}
					}
				}
				check("both sides", n, err)
			}
		})
	}
}

// TestStreamBehindWriterThatLies has a Flush that finds out too late that there is
// none: the stream breaks off, and the hook has the reason.
func TestStreamBehindWriterThatLies(t *testing.T) {
	t.Parallel()
	var hooked []error
	h := mounted(t, newFeed(), httpx.ErrorHook(func(_ context.Context, err error) { hooked = append(hooked, err) }))
	a := ask(t, writingTo(h, func(w http.ResponseWriter) http.ResponseWriter { return pretender{hidden{w}} }), "GET", "/ticks?n=3", "")
	require.NotContains(t, a.body, "event: end")
	require.Len(t, hooked, 1)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(hooked[0]))
	require.ErrorContains(t, hooked[0], "httpx_test.pretender cannot flush")
}

// TestNoItemBehindWriter has what needs no Flush behind a writer without one.
func TestNoItemBehindWriter(t *testing.T) {
	t.Parallel()
	h := mounted(t, newFeed(), httpx.ErrorHook(func(_ context.Context, err error) {
		if endpoint.CodeOf(err) == endpoint.Internal {
			t.Error(err)
		}
	}))
	h = writingTo(h, func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} })
	require.Equal(t, "BROKEN", ask(t, h, "GET", "/ticks?n=-1", "").problem(t).Reason, "an error before the stream")
	require.Equal(t, []string{"query:n: must be an integer"}, ask(t, h, "GET", "/ticks?n=x", "").faults(t))
	require.Equal(t, "event: end\ndata: {}\n\n", ask(t, h, "GET", "/ticks?n=0", "").body, "a stream without items")
	require.Equal(t, 200, ask(t, h, "HEAD", "/ticks?n=3", "").status)
	require.Equal(t, `{"n":3}`, ask(t, h, "POST", "/sum", "{\"n\":1}\n{\"n\":2}\n", "Content-Type", "application/x-ndjson").body, "a request stream")
}

// TestHeartbeatBehindWriter has, in a bubble, a first item that comes after several
// heartbeats. Behind a writer without Flush they send nothing, so the error of the
// item has its status.
func TestHeartbeatBehindWriter(t *testing.T) {
	t.Parallel()
	svc := &beating{beat: time.Second, Ticks: func(context.Context, count1) (endpoint.Stream[tick], error) {
		return slowly(5*time.Second, 1, nil), nil
	}}
	h := writingTo(mounted(t, svc), func(w http.ResponseWriter) http.ResponseWriter { return hidden{w} })
	inBubble(t, h, func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		resp, err := client.Post("http://x/ticks", "application/json", strings.NewReader(`{"n":1}`)) //nolint:noctx // in the bubble
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 500, resp.StatusCode, "%s", body)
	})
}

// TestStreamErrorHasRetry has the wait of an error in the event, where browsers look
// for it.
func TestStreamErrorHasRetry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  *endpoint.Error
		want string
	}{
		"none":       {endpoint.Errorf(endpoint.Unavailable, "stopping"), "event: error\ndata: {"},
		"a wait":     {endpoint.Errorf(endpoint.Unavailable, "stopping").WithRetryAfter(2500 * time.Millisecond), "event: error\nretry: 2500\ndata: {"},
		"rounded up": {endpoint.Errorf(endpoint.Unavailable, "stopping").WithRetryAfter(time.Microsecond), "event: error\nretry: 1\ndata: {"},
		"declared":   {errBroken.WithRetryAfter(time.Minute), "event: error\nretry: 60000\ndata: {"},
		"undeclared": {endpoint.Define(endpoint.Unavailable, "other", "GONE", "gone").WithRetryAfter(time.Second), "event: error\nretry: 1000\ndata: {"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := newFeed()
			svc.Ticks = func(context.Context, from) (endpoint.Stream[tick], error) {
				return func(yield func(tick, error) bool) { _ = yield(tick{1}, nil) && yield(tick{}, tt.err) }, nil
			}
			a := ask(t, mounted(t, svc), "GET", "/ticks", "")
			require.True(t, strings.HasPrefix(a.body, "id: 1\ndata: {\"n\":1}\n\n"+tt.want), "%q", a.body)
		})
	}
}
