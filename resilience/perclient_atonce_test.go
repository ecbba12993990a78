package resilience_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// TestAtOnce has clients with as many calls as they may have at a time, however
// these end, and others that are not concerned.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(p *resilience.PerClient) endpoint.Middleware[int, int]{
		"PerClient": func(p *resilience.PerClient) endpoint.Middleware[int, int] { return p.Wrap },
		"By": func(p *resilience.PerClient) endpoint.Middleware[int, int] {
			return p.By(func(n int) int { return n }).Wrap
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newHeld()
				p := resilience.NewPerClient(1e9, 6, resilience.AtOnce(2))
				e := endpoint.Chain(server.call, wrap(p))
				as := func(n int) context.Context { return calling(t.Context(), strconv.Itoa(n), "") }
				for _, end := range []error{nil, errors.New("failed"), context.Canceled} {
					var wg sync.WaitGroup
					for range 2 {
						wg.Go(func() { _, _ = e(as(1), 1) })
					}
					synctest.Wait()
					for range 10 {
						_, err := e(as(1), 1)
						require.ErrorIs(t, err, resilience.ErrRateLimited)
					}
					wg.Go(func() { _, _ = e(as(2), 2) })
					synctest.Wait()
					for range 3 {
						server.results <- end
					}
					wg.Wait()
				}
			})
		})
	}
}

// TestAtOnceTakesNoToken checks that a call that is one too many at a time costs
// nothing of the rate, and that one without a token is not counted.
func TestAtOnceTakesNoToken(t *testing.T) {
	t.Parallel()
	p := resilience.NewPerClient(1e-3, 2, resilience.AtOnce(1))
	ctx, token, err := p.Enter(t.Context())
	require.NoError(t, err)
	for range 5 {
		_, _, err := p.Enter(t.Context())
		require.ErrorIs(t, err, resilience.ErrRateLimited)
	}
	require.NoError(t, p.Exit(ctx, token, nil))
	ctx, token, err = p.Enter(t.Context())
	require.NoError(t, err, "the second token is there")
	require.NoError(t, p.Exit(ctx, token, nil))
	for range 3 {
		_, _, err = p.Enter(t.Context())
		require.Positive(t, endpoint.ErrorOf(err).RetryAfter(), "the rate refuses it, not the count")
	}
}

func TestAtOnceFaults(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1, 1<<30 + 1} {
		require.ErrorContains(t, resilience.NewPerClient(1, 1, resilience.AtOnce(n)).Err(), "AtOnce("+strconv.Itoa(n)+"), want 1 to 2^30")
	}
}

// TestAtOnceNaN has a key that does not equal itself.
func TestAtOnceNaN(t *testing.T) {
	t.Parallel()
	limit := resilience.NewPerClient(1e9, 1000, resilience.AtOnce(1)).By(func(f float64) float64 { return f })
	var inner endpoint.Endpoint[float64, float64]
	calls := 0
	e := endpoint.Chain(func(ctx context.Context, f float64) (float64, error) {
		if calls++; calls == 1 {
			_, err := inner(ctx, f)
			require.ErrorIs(t, err, resilience.ErrRateLimited)
		}
		return f, nil
	}, limit.Wrap)
	inner = e
	for range 3 {
		_, err := e(t.Context(), math.NaN())
		require.NoError(t, err)
	}
	require.Equal(t, 3, calls)
}

// TestAtOnceWhileBytesCome has one client with bodies that do not come, on a server
// with a place for each of them.
func TestAtOnceWhileBytesCome(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	perClient := resilience.NewPerClient(1e9, 1e6, resilience.AtOnce(3), resilience.KeyBy(func(c *endpoint.Call) string { return c.Header().Get("X-Client") }))
	mux := http.NewServeMux()
	svc := allOf(func(context.Context) error { return nil })
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(perClient, resilience.NewBulkhead(100))))
	begin := func(client string) (chan struct{}, chan int) {
		sent, status := make(chan struct{}), make(chan int, 1)
		running.Go(func() {
			body := &lateBody{sent: sent}
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "/notes", body)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Client", client)
			r.ContentLength = 2
			w := &statusWriter{header: http.Header{}}
			mux.ServeHTTP(w, r)
			status <- w.status
		})
		return sent, status
	}
	var slow []chan struct{}
	for range 3 {
		sent, _ := begin("a")
		slow = append(slow, sent)
	}
	require.Eventually(t, func() bool {
		sent, status := begin("a")
		close(sent)
		return <-status == http.StatusTooManyRequests
	}, time.Minute, time.Millisecond)
	sent, status := begin("b")
	close(sent)
	require.NotEqual(t, http.StatusTooManyRequests, <-status)
	for _, sent := range slow {
		close(sent)
	}
	running.Wait()
}

// lateBody is a body whose bytes come when sent is closed.
type lateBody struct {
	sent chan struct{}
	read int
}

func (b *lateBody) Read(p []byte) (int, error) {
	<-b.sent
	if b.read == len("{}") {
		return 0, io.EOF
	}
	n := copy(p, "{}"[b.read:])
	b.read += n
	return n, nil
}

func (*lateBody) Close() error { return nil }

type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.header }
func (w *statusWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *statusWriter) WriteHeader(status int)      { w.status = status }
