package addsvc_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	kitendpoint "github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	kitjsonrpc "github.com/go-kit/kit/transport/http/jsonrpc"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/old"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step1"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step2"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step3"
	"github.com/typedkit/endpoint/migrate/gokit/internal/addsvc/step4"
)

// limit allows calls, or none.
type limit bool

func (l limit) Allow() bool { return bool(l) }

// steps returns the ways of addsvc, by their names.
func steps() map[string]func(limit) (http.Handler, error) {
	return map[string]func(limit) (http.Handler, error){
		"old":    func(l limit) (http.Handler, error) { return old.New(l), nil },
		"step 1": func(l limit) (http.Handler, error) { return step1.New(l) },
		"step 2": func(l limit) (http.Handler, error) { return step2.New(l) },
		"step 3": func(l limit) (http.Handler, error) { return step3.New(l) },
		"step 4": func(l limit) (http.Handler, error) { return step4.New(l) },
	}
}

// start returns the URL of a server.
func start(t *testing.T, h http.Handler, err error) string {
	t.Helper()
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// TestSteps has any client of HTTP call each step: the answers stay what they were.
func TestSteps(t *testing.T) {
	t.Parallel()
	for name, newHandler := range steps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := newHandler(true)
			at := start(t, h, err)
			for _, tt := range []struct {
				path, body string
				status     int
				answer     string
			}{
				{"/sum", `{"a":1,"b":2}`, 200, `{"v":3}`},
				{"/sum", `{"A":1,"B":2}`, 200, `{"v":3}`},
				{"/sum", `{"a":0,"b":0}`, 400, `{"error":"can't sum two zeroes"}`},
				{"/concat", `{"a":"1","b":"2"}`, 200, `{"v":"12"}`},
				{"/concat", `{"a":"0123456789","b":"0"}`, 400, `{"error":"result exceeds maximum size"}`},
			} {
				status, answer := post(t, at+tt.path, tt.body)
				require.Equal(t, tt.status, status, "%s %s", tt.path, tt.body)
				require.JSONEq(t, tt.answer, answer)
			}
		})
	}
}

func post(t *testing.T, at, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

// TestStepsLimited has a call over the limit, whose status is another one once the endpoint
// has moved.
func TestStepsLimited(t *testing.T) {
	t.Parallel()
	for name, newHandler := range steps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := newHandler(false)
			at := start(t, h, err)
			sum, answer := post(t, at+"/sum", `{"a":1,"b":2}`)
			require.Contains(t, answer, `"error":`)
			concat, _ := post(t, at+"/concat", `{"a":"1","b":"2"}`)
			want := map[string][]int{
				"old": {500, 500}, "step 1": {429, 500}, "step 2": {429, 500}, "step 3": {429, 500}, "step 4": {429, 429},
			}
			require.Equal(t, want[name][0], sum)
			require.Equal(t, want[name][1], concat)
		})
	}
}

// TestKitClients has unmodified clients of go-kit call each step.
func TestKitClients(t *testing.T) {
	t.Parallel()
	for name, newHandler := range steps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := newHandler(true)
			at := start(t, h, err)
			for transport, call := range map[string]kitendpoint.Endpoint{"HTTP": overHTTP(t, at), "JSON-RPC": overRPC(t, at)} {
				got, err := call(t.Context(), old.SumRequest{A: 1, B: 2})
				require.NoError(t, err, transport)
				require.Equal(t, old.SumResponse{V: 3}, got)
				_, err = call(t.Context(), old.SumRequest{})
				require.EqualError(t, err, "can't sum two zeroes", transport)
			}
		})
	}
}

func overHTTP(t *testing.T, at string) kitendpoint.Endpoint {
	t.Helper()
	u, err := url.Parse(at + "/sum")
	require.NoError(t, err)
	return kithttp.NewClient(http.MethodPost, u, kithttp.EncodeJSONRequest, func(_ context.Context, r *http.Response) (any, error) {
		if r.StatusCode != http.StatusOK {
			var body struct {
				Error string `json:"error"`
			}
			return nil, errors.Join(json.UnmarshalRead(r.Body, &body), errors.New(body.Error))
		}
		return decode(json.UnmarshalRead, io.Reader(r.Body))
	}).Endpoint()
}

func overRPC(t *testing.T, at string) kitendpoint.Endpoint {
	t.Helper()
	u, err := url.Parse(at + "/rpc")
	require.NoError(t, err)
	return kitjsonrpc.NewClient(u, "sum", kitjsonrpc.ClientResponseDecoder(func(_ context.Context, r kitjsonrpc.Response) (any, error) {
		if r.Error != nil {
			return nil, *r.Error
		}
		return decode(json.Unmarshal, []byte(r.Result))
	})).Endpoint()
}

func decode[T any](read func(in T, out any, opts ...json.Options) error, in T) (any, error) {
	var resp old.SumResponse
	err := read(in, &resp)
	return resp, err
}

// TestOurClients has the client of the last step call each step.
func TestOurClients(t *testing.T) {
	t.Parallel()
	for name, newHandler := range steps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := newHandler(true)
			at := start(t, h, err)
			var c, rpc step4.Add
			require.NoError(t, httpx.Client(httpx.To(at), &c))
			require.NoError(t, jsonrpcx.Client(httpx.To(at+"/rpc"), &rpc))
			for _, c := range []step4.Add{c, rpc} {
				sum, err := c.Sum(t.Context(), step4.SumRequest{A: 1, B: 2})
				require.NoError(t, err)
				require.Equal(t, 3, sum.V)
				_, err = c.Concat(t.Context(), step4.ConcatRequest{A: "0123456789", B: "0"})
				require.Equal(t, step4.ErrMaxSize.Message(), endpoint.ErrorOf(err).Message())
			}
			_, err = c.Sum(t.Context(), step4.SumRequest{})
			require.ErrorIs(t, err, step4.ErrTwoZeroes)
			_, err = c.Concat(t.Context(), step4.ConcatRequest{A: "0123456789", B: "0"})
			require.ErrorIs(t, err, step4.ErrMaxSize)
		})
	}
}
