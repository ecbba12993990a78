package jsonrpcx_test

import (
	"bytes"
	"context"
	"encoding/json/jsontext"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// described is a service of one struct, described by a function.
type described[S any] struct {
	S        S
	describe func(s *S, m *jsonrpcx.Methods)
}

func (d *described[S]) JSONRPC(m *jsonrpcx.Methods) { d.describe(&d.S, m) }

// handle serves endpoints that a function describes.
func handle[S any](s S, describe func(s *S, m *jsonrpcx.Methods), opts ...jsonrpcx.Option) http.Handler {
	return jsonrpcx.Handler(&described[S]{s, describe}, opts...)
}

// single is a service of one endpoint.
type single[Req, Resp any] struct{ Do endpoint.Endpoint[Req, Resp] }

// one serves an endpoint as the method "do".
func one[Req, Resp any](e endpoint.Endpoint[Req, Resp], opts ...jsonrpcx.MethodOption) http.Handler {
	return handle(single[Req, Resp]{e}, func(s *single[Req, Resp], m *jsonrpcx.Methods) { m.Method("do", &s.Do, opts...) })
}

// post sends a body and returns the answer.
func post(h http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/rpc", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask sends a body and returns that of the answer, whose status must be 200, or 204 if
// there is none.
func ask(t *testing.T, h http.Handler, body string) string {
	t.Helper()
	w := post(h, body)
	want := http.StatusOK
	if w.Body.Len() == 0 {
		want = http.StatusNoContent
	}
	require.Equal(t, want, w.Code, w.Body)
	return w.Body.String()
}

// compact returns JSON without spaces.
func compact(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return ""
	}
	v := jsontext.Value(text)
	require.NoError(t, v.Compact())
	return string(v)
}

// call returns a request object for the method "do".
func call(params string) string {
	if params != "" {
		params = `,"params":` + params
	}
	return `{"jsonrpc":"2.0","method":"do"` + params + `,"id":1}`
}

// echo returns its request.
func echo[T any](_ context.Context, v T) (T, error) { return v, nil }

// serving serves h on a socket, until the test ends, and returns its URL.
func serving(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// answering returns a server that answers each request with a status and a body.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	return serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

// roundTripper answers all requests without a connection.
type roundTripper func(r *http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// callOver makes a call to a server that answers with a status and a body.
func callOver(t *testing.T, status int, body []byte) (int, error) {
	t.Helper()
	transport := roundTripper(func(r *http.Request) *http.Response {
		_ = r.Body.Close()
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1, Request: r}
	})
	c := &described[single[int, int]]{describe: func(s *single[int, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do) }}
	require.NoError(t, jsonrpcx.Client(httpx.To("http://peer.example", httpx.HTTPClient(&http.Client{Transport: transport})), c))
	return c.S.Do(t.Context(), 7)
}
