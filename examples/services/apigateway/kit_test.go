package apigateway_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/apigateway"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

// serveAdd serves addsvc over gRPC until the test ends, and returns its address.
func serveAdd(t *testing.T) string {
	t.Helper()
	s := grpc.NewServer()
	require.NoError(t, grpcx.Register(s, addsvc.New()))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	return l.Addr().String()
}

// TestKit has the replies and errors of go-kit's gateway at its paths.
func TestKit(t *testing.T) {
	t.Parallel()
	s := server.New("gateway", server.Log(slog.New(slog.DiscardHandler)))
	h, err := apigateway.New(s, apigateway.Gateway{
		Strings: discover.Static(addr(serve(t, stringsvc.New()))), Profiles: discover.Static(),
		Add: discover.Static(serveAdd(t)), Attempts: 3, Timeout: 10 * time.Second,
	})
	require.NoError(t, err)
	programtest.RunServer(t, s)
	for _, tt := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{"/addsvc/sum", `{"a":1,"b":2}`, 200, `{"v":3}`},
		{"/addsvc/sum", `{"A":1,"B":2}`, 200, `{"v":3}`},
		{"/addsvc/sum", `{"a":0,"b":0}`, 400, `{"error":"can't sum two zeroes"}`},
		{"/addsvc/sum", `{"a":2147483647,"b":1}`, 400, `{"error":"integer overflow"}`},
		{"/addsvc/sum", `{"a":"1"}`, 400, `{"error":"invalid request"}`},
		{"/addsvc/concat", `{"a":"1","b":"2"}`, 200, `{"v":"12"}`},
		{"/addsvc/concat", `{"a":"01234","b":"567890"}`, 400, `{"error":"result exceeds maximum size"}`},
		{"/stringsvc/uppercase", `{"s":"hello, world"}`, 200, `{"v":"HELLO, WORLD"}`},
		{"/stringsvc/uppercase", `{"s":""}`, 200, `{"v":"","err":"empty string"}`},
		{"/stringsvc/count", `{"s":"hello, world"}`, 200, `{"v":12}`},
	} {
		r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		resp := httptest.NewRecorder()
		h.ServeHTTP(resp, r)
		require.Equal(t, tt.status, resp.Code, "%s %s", tt.path, tt.body)
		require.Equal(t, tt.answer, resp.Body.String(), "%s %s", tt.path, tt.body)
		require.Equal(t, "application/json", resp.Header().Get("Content-Type"), "%s %s", tt.path, tt.body)
	}

	// A client of addsvc itself gets the same.
	gateway := httptest.NewServer(h)
	t.Cleanup(gateway.Close)
	var c addsvc.Add
	require.NoError(t, httpx.Client(httpx.To(gateway.URL+"/addsvc"), &c))
	sum, err := c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
	require.NoError(t, err)
	require.Equal(t, int64(3), sum.V)
}
