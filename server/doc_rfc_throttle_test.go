package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// as returns a context whose calls carry a token.
func as(ctx context.Context, name string) context.Context {
	return endpoint.WithHeader(ctx, "Authorization", "Bearer "+name)
}

// once is a limit that lets one call pass within the time of a test.
func once() *resilience.Limiter { return resilience.NewLimiter(1e-6, 1) }

// TestRFC000ServerThrottles has limits that look at different things. Each refuses a second
// call, and lets a call pass that differs in what the limit looks at.
func TestRFC000ServerThrottles(t *testing.T) {
	t.Parallel()
	for factor, tt := range map[string]struct {
		layers []endpoint.Layer
		other  func(ctx context.Context, c *posts) error
	}{
		"operation": {
			[]endpoint.Layer{endpoint.Only(once(), func(op *endpoint.Operation) bool { return op.Name == "Post" })},
			func(ctx context.Context, c *posts) error { _, err := c.Put(ctx, 1); return err },
		},
		"client": {
			[]endpoint.Layer{authenticate, resilience.NewPerClient(1e-6, 1)},
			func(ctx context.Context, c *posts) error { _, err := c.Post(as(ctx, "bob"), 1); return err },
		},
		"header": {
			[]endpoint.Layer{resilience.NewPerClient(1e-6, 1, resilience.KeyBy(func(call *endpoint.Call) string { return call.Header().Get("X-Tenant") }))},
			func(ctx context.Context, c *posts) error {
				_, err := c.Post(endpoint.WithHeader(ctx, "X-Tenant", "other"), 1)
				return err
			},
		},
	} {
		t.Run(factor, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, served(double), setup{layers: tt.layers})
			_, err := h.client(t, "HTTP").Post(t.Context(), 1)
			require.NoError(t, err)
			for _, transport := range transports {
				_, err = h.client(t, transport).Post(t.Context(), 1)
				require.ErrorIs(t, err, resilience.ErrRateLimited, transport)
			}
			require.NoError(t, tt.other(t.Context(), h.client(t, "gRPC")))
		})
	}
}

// TestRFC000ServerNamesTheRejection has the two errors of a rejection, as our clients and
// as others get them.
func TestRFC000ServerNamesTheRejection(t *testing.T) {
	t.Parallel()
	full := resilience.NewBulkhead(1)
	_, _, err := full.Enter(t.Context())
	require.NoError(t, err)
	spent := once()
	_, _, err = spent.Enter(t.Context())
	require.NoError(t, err)
	for _, tt := range []struct {
		reason string
		layer  endpoint.Layer
		err    error
		status int
		code   codes.Code
	}{
		{"OUT_OF_CAPACITY", full, resilience.ErrOutOfCapacity, http.StatusServiceUnavailable, codes.Unavailable},
		{"RATE_LIMITED", spent, resilience.ErrRateLimited, http.StatusTooManyRequests, codes.ResourceExhausted},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, served(double), setup{layers: []endpoint.Layer{tt.layer}})
			for _, transport := range transports {
				_, err := h.client(t, transport).Post(t.Context(), 1)
				require.ErrorIs(t, err, tt.err, transport)
				require.Equal(t, tt.reason, endpoint.ErrorOf(err).Reason())
			}
			got := h.post(t, "1", nil)
			require.Equal(t, tt.status, got.status)
			require.Contains(t, got.body, tt.reason)
			_, err := h.invoke(t, "json", "1")
			require.Equal(t, tt.code, status.Code(err))
		})
	}
}

// TestRFC000ServerLimitsConcurrency has one limit on the calls that a server runs at the
// same time over all transports.
func TestRFC000ServerLimitsConcurrency(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	h := newHost(t, served(func(_ context.Context, n int) (int, error) {
		if n == 0 {
			close(begun)
			<-release
		}
		return n, nil
	}), setup{layers: []endpoint.Layer{resilience.NewBulkhead(1)}})
	first := make(chan error, 1)
	c := h.client(t, "HTTP")
	go func() {
		_, err := c.Post(t.Context(), 0)
		first <- err
	}()
	<-begun
	for _, transport := range transports {
		_, err := h.client(t, transport).Post(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrOutOfCapacity, transport)
	}
	close(release)
	require.NoError(t, <-first)
	_, err := h.client(t, "gRPC").Post(t.Context(), 1)
	require.NoError(t, err)
}

// TestRFC000ServerLimitsClients has two clients. The calls of one, over
// both transports, count together, and leave the other its own.
func TestRFC000ServerLimitsClients(t *testing.T) {
	t.Parallel()
	h := newHost(t, served(double), setup{layers: []endpoint.Layer{authenticate, resilience.NewPerClient(1e-6, 2)}})
	for _, name := range []string{"ada", "bob"} {
		for i, transport := range []string{"HTTP", "gRPC", "HTTP", "gRPC"} {
			_, err := h.client(t, transport).Post(as(t.Context(), name), 1)
			if i < 2 {
				require.NoError(t, err, "%s, call %d", name, i)
			} else {
				require.ErrorIs(t, err, resilience.ErrRateLimited, "%s, call %d", name, i)
			}
		}
	}
}

// A window is an Allower of one's own: up to most calls in each second.
type window struct {
	most int

	mu    sync.Mutex // guards the fields below
	begin time.Time
	n     int
}

func (w *window) Allow() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); now.Sub(w.begin) >= time.Second {
		w.begin, w.n = now, 0
	}
	w.n++
	return w.n <= w.most
}

// TestRFC000RateLimitAlgorithms has several algorithms, by which of the calls pass that are
// made at the given milliseconds.
func TestRFC000RateLimitAlgorithms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit  endpoint.Layer
		at     []int
		passes string
	}{
		"least interval of 100 ms": {resilience.NewLimiter(10, 1), []int{0, 50, 101, 150, 202}, "+-+-+"},
		"leaky bucket":             {resilience.NewLimiter(10, 3), []int{0, 0, 0, 0, 101, 101, 302, 302, 302}, "+++-+-++-"},
		"window of a second":       {resilience.LimiterOf(&window{most: 2}), []int{0, 900, 901, 1000, 1001, 1002}, "++-++-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mux := http.NewServeMux()
				require.NoError(t, httpx.Mount(mux, served(double), httpx.Use(tt.limit)))
				begin, got := time.Now(), ""
				for _, ms := range tt.at {
					time.Sleep(time.Until(begin.Add(time.Duration(ms) * time.Millisecond)))
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/post", strings.NewReader("1"))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					mux.ServeHTTP(w, r)
					got += map[int]string{http.StatusOK: "+", http.StatusTooManyRequests: "-"}[w.Code]
				}
				require.Equal(t, tt.passes, got)
			})
		})
	}
}

// A shared throttle is one that instances share, such as one in a store.
type shared struct {
	mu   sync.Mutex // guards left
	left map[string]int
}

func (s *shared) Allow(_ context.Context, key string) (bool, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left[key]--
	return s.left[key] >= 0, time.Minute, nil
}

// TestRFC000ThrottleIsPluggable has two instances of a service with throttles of the
// program's own: one behind the interface Throttle, and one that is a layer.
func TestRFC000ThrottleIsPluggable(t *testing.T) {
	t.Parallel()
	for name, throttle := range map[string]func(s *shared) endpoint.Layer{
		"Throttle": func(s *shared) endpoint.Layer {
			return resilience.NewQuota(s, resilience.KeyBy((*endpoint.Call).Principal))
		},
		"Layer": func(s *shared) endpoint.Layer {
			return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				if ok, after, _ := s.Allow(ctx, endpoint.CallFrom(ctx).Principal()); !ok {
					return nil, nil, resilience.ErrRateLimited.WithRetryAfter(after)
				}
				return ctx, nil, nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &shared{left: map[string]int{"ada": 2, "bob": 1}}
			one := newHost(t, served(double), setup{layers: []endpoint.Layer{authenticate, throttle(store)}})
			two := newHost(t, served(double), setup{layers: []endpoint.Layer{authenticate, throttle(store)}})
			for _, h := range []*host{one, two} {
				_, err := h.client(t, "HTTP").Post(as(t.Context(), "ada"), 1)
				require.NoError(t, err)
			}
			for _, h := range []*host{one, two} {
				_, err := h.client(t, "gRPC").Post(as(t.Context(), "ada"), 1)
				require.ErrorIs(t, err, resilience.ErrRateLimited)
				require.Equal(t, time.Minute, endpoint.ErrorOf(err).RetryAfter())
			}
			_, err := two.client(t, "gRPC").Post(as(t.Context(), "bob"), 1)
			require.NoError(t, err)
		})
	}
}
