package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// callContext returns the context of a client's call of an operation.
func callContext(t *testing.T, idempotent bool) context.Context {
	t.Helper()
	ctx := endpoint.WithHeader(t.Context(), "X-Caller", "me")
	ctx, _, err := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide, Idempotent: idempotent}, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	return ctx
}

// doing serves h in memory and returns a connection to it.
func doing(t *testing.T, h http.HandlerFunc) *httpx.Conn {
	t.Helper()
	l := endpointtest.NewListener()
	s := &http.Server{Handler: h, ErrorLog: quiet} //nolint:gosec // of a test
	go s.Serve(l)
	transport := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() { s.Close(); transport.CloseIdleConnections() })
	return httpx.To("http://peer.example/base", httpx.MaxResponse(64), httpx.HTTPClient(&http.Client{Transport: transport}))
}

func TestDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got *http.Request
		var body []byte
		conn := doing(t, func(w http.ResponseWriter, r *http.Request) {
			got = r
			body, _ = io.ReadAll(r.Body)
			w.Header().Set("X-Server", "it")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "answer")
		})
		ctx, cancel := context.WithTimeout(callContext(t, false), time.Second)
		defer cancel()
		a, err := conn.Do(ctx, "/rpc", "text/x", []byte("body!"))
		require.NoError(t, err)
		require.Equal(t, []any{202, "answer", true, "it"}, []any{a.Status, string(a.Body), a.IsSuccess(), a.Header.Get("X-Server")})
		require.Nil(t, a.Err())
		require.Equal(t, []string{"POST", "/base/rpc", "me", "text/x", "text/x, application/problem+json", "1000"}, []string{
			got.Method, got.URL.Path, got.Header.Get("X-Caller"), got.Header.Get("Content-Type"), got.Header.Get("Accept"), got.Header.Get("Connect-Timeout-Ms"),
		})
		require.Equal(t, "body!", string(body))
		call := endpoint.CallFrom(ctx)
		require.Equal(t, []any{"peer.example", 202, int64(5), int64(6), "it"}, []any{call.Peer(), call.Status(nil), call.RequestBytes(), call.ResponseBytes(), call.Reply().Get("X-Server")})
	})
}

// TestDoFails has exchanges without an answer that can be used.
func TestDoFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		code  endpoint.Code
	}{
		"too large":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 65)) }, endpoint.ResourceExhausted},
		"breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, endpoint.Unavailable},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.example/", http.StatusTemporaryRedirect)
		}, endpoint.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, idempotent := range []bool{false, true} {
				_, err := doing(t, tt.serve).Do(callContext(t, idempotent), "", "text/x", nil)
				require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
				require.Equal(t, !idempotent, endpoint.MaybeSent(err), "%v", err)
			}
		})
	}
}

// TestDoRefused has answers that are not a success.
func TestDoRefused(t *testing.T) {
	t.Parallel()
	errFull := endpoint.Define(endpoint.Unavailable, "peer", "FULL", "full")
	conn := doing(t, func(w http.ResponseWriter, r *http.Request) {
		h := httpx.Handler(func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, errFull })
		if r.URL.Path == "/base/plain" {
			h = http.NotFoundHandler()
		}
		h.ServeHTTP(w, r)
	})
	a, err := conn.Do(callContext(t, false), "", "application/json", []byte("{}"))
	require.NoError(t, err)
	require.ErrorIs(t, a.Err(), errFull)
	require.True(t, a.Err().Remote())
	a, err = conn.Do(callContext(t, false), "/plain", "application/json", nil)
	require.NoError(t, err)
	require.Equal(t, []any{404, endpoint.CodeOfStatus(404), false}, []any{a.Status, a.Err().Code(), a.IsSuccess()})
}
