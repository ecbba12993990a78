package taskguide

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: handler

func TestPlace(t *testing.T) {
	placed, err := place(t.Context(), Order{Item: "book", Qty: 1})
	require.NoError(t, err)
	require.Equal(t, "book", placed.ID)

	_, err = place(t.Context(), Order{Qty: 0})
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	require.Len(t, endpoint.ErrorOf(err).Violations(), 2)
}

// end snippet

// snippet: wire

func TestPlaceOverHTTP(t *testing.T) {
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Shop{Place: place}))
	server := httptest.NewServer(httpx.Problems(mux))
	defer server.Close()

	var c Shop
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	_, err := c.Place(t.Context(), Order{Item: " ", Qty: 101})
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	require.Equal(t, []endpoint.Violation{
		{Pointer: "/item", Detail: "must not be empty"},
		{Pointer: "/qty", Detail: "must be from 1 to 100"},
	}, endpoint.ErrorOf(err).Violations())
}

// end snippet

// TestServe stops a server while clients call it and one call is in flight.
func TestServe(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	begun, finish := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &Shop{Place: func(_ context.Context, o Order) (Placed, error) {
		if o.Item == "slow" {
			close(begun)
			<-finish
		}
		return Placed{}, nil
	}}))
	var ready atomic.Bool
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { served <- serve(ctx, l, server, ready.Store, 50*time.Millisecond, 5*time.Second) }()

	var c Shop
	require.NoError(t, httpx.Client(httpx.To("http://"+l.Addr().String()), &c))
	slow := make(chan error)
	go func() {
		_, err := c.Place(t.Context(), Order{Item: "slow", Qty: 1})
		slow <- err
	}()
	<-begun
	require.True(t, ready.Load())
	stop()
	_, err = c.Place(t.Context(), Order{Item: "book", Qty: 1})
	require.NoError(t, err, "a call during the propagation")
	close(finish)
	require.NoError(t, <-slow, "the call in flight")
	require.NoError(t, <-served)
	require.False(t, ready.Load())

	l, err = net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Error(t, serve(t.Context(), l, &http.Server{ReadHeaderTimeout: time.Second}, ready.Store, time.Second, time.Second))
}

// TestServeGrace stops a server whose call does not end.
func TestServeGrace(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	begun := make(chan struct{})
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { served <- serve(ctx, l, server, func(bool) {}, 0, 10*time.Millisecond) }()
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
		if err == nil {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}
	}()
	<-begun
	stop()
	require.ErrorIs(t, <-served, context.DeadlineExceeded)
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{"192.0.2.7": "192.0.2.7:0", "2001:db8::1": "[2001:db8::1]:0", "": "proxy:1", "x": "proxy:1"} {
		h := clientAddress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = "proxy:1"
		r.Header.Set("X-Real-Ip", sent)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Body.String(), sent)
	}
}
