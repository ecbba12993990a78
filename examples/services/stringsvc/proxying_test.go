package stringsvc_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// instance is a server of the service that counts its calls.
type instance struct {
	*httptest.Server

	calls atomic.Int64
}

func (i *instance) addr() string { return i.Listener.Addr().String() }

func start(t *testing.T) *instance {
	t.Helper()
	i := &instance{}
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, stringsvc.New(), httpx.Use(endpoint.LayerFunc(i.count))))
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *instance) count(ctx context.Context) (context.Context, func(error) error, error) {
	i.calls.Add(1)
	return ctx, nil, nil
}

// client serves s over a socket and returns its client.
func client(t *testing.T, s *stringsvc.Strings) *stringsvc.Strings {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, s))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var c stringsvc.Strings
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	return &c
}

// proxy returns the proxy of some instances, whose server runs until the test ends.
func proxy(t *testing.T, instances ...string) *stringsvc.Strings {
	t.Helper()
	s := server.New("proxy", server.Log(slog.New(slog.DiscardHandler)))
	svc, err := stringsvc.Proxying(s, discover.Static(instances...), stringsvc.New())
	require.NoError(t, err)
	programtest.RunServer(t, s)
	return svc
}

func TestService(t *testing.T) {
	t.Parallel()
	c := client(t, stringsvc.New())
	up, err := c.Uppercase(t.Context(), stringsvc.Text{S: "hello, world"})
	require.NoError(t, err)
	require.Equal(t, "HELLO, WORLD", up.V)
	_, err = c.Uppercase(t.Context(), stringsvc.Text{})
	require.ErrorIs(t, err, stringsvc.ErrEmpty)
	n, err := c.Count(t.Context(), stringsvc.Text{S: "hello, world"})
	require.NoError(t, err)
	require.Equal(t, 12, n.V)
}

// TestProxy kills instances under load until none is left.
func TestProxy(t *testing.T) {
	t.Parallel()
	instances := []*instance{start(t), start(t), start(t)}
	s := proxy(t, instances[0].addr(), instances[1].addr(), instances[2].addr())
	c := client(t, s)

	_, err := c.Uppercase(t.Context(), stringsvc.Text{})
	require.ErrorIs(t, err, stringsvc.ErrEmpty, "of an instance, through the proxy")

	for left := 3; left > 0; left-- {
		// An instance that was slow once, because the machine was busy, waits for its turn.
		for tries := 3; tries > 0 && !allCalled(instances[3-left:]); tries-- {
			require.NoError(t, load(t, c), "with %d instances", left)
		}
		require.True(t, allCalled(instances[3-left:]), "calls to each instance that is left, of %d", left)
		for _, i := range instances {
			i.calls.Store(0)
		}
		instances[3-left].CloseClientConnections()
		instances[3-left].Close()
	}

	_, err = c.Uppercase(t.Context(), stringsvc.Text{S: "a"})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	n, err := c.Count(t.Context(), stringsvc.Text{S: "a"})
	require.NoError(t, err, "the proxy counts itself")
	require.Equal(t, 1, n.V)
}

// TestProxyFailsFast has no instance left: calls are refused at once, before the
// breaker opens and after. Its cooldown is 5 s, so a bound of 2 s tells a call
// that waits for it from one that does not, however slow the machine is.
func TestProxyFailsFast(t *testing.T) {
	t.Parallel()
	gone := start(t)
	gone.Close()
	s := proxy(t, gone.addr())
	rejected := 0
	for range 60 { // 20 open the breaker, and each puts a tenth of a repeat aside
		began := time.Now()
		_, err := s.Uppercase(t.Context(), stringsvc.Text{S: "a"})
		require.Less(t, time.Since(began), 2*time.Second)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		if errors.Is(err, resilience.ErrOpen) {
			rejected++
		}
	}
	require.Positive(t, rejected)
}

// allCalled reports whether each instance was called.
func allCalled(instances []*instance) bool {
	for _, i := range instances {
		if i.calls.Load() == 0 {
			return false
		}
	}
	return true
}

// load makes 96 calls from several goroutines and returns the first error. Nine
// loads at once stay within the limit of the proxy, however fast the machine is.
func load(t *testing.T, c *stringsvc.Strings) error {
	t.Helper()
	var calls sync.WaitGroup
	var failed atomic.Pointer[error]
	for range 8 {
		calls.Go(func() {
			for range 12 {
				if _, err := c.Uppercase(t.Context(), stringsvc.Text{S: "a"}); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	calls.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// TestNoInstance: addresses where nobody listens.
func TestNoInstance(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	s := proxy(t, gone.Listener.Addr().String())
	resp := httptest.NewRecorder()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, s))
	r := httptest.NewRequest(http.MethodPost, "/uppercase", strings.NewReader(`{"s":"a"}`))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(resp, r)
	require.Equal(t, http.StatusServiceUnavailable, resp.Code)
}
