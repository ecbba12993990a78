package gokit_test

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	kitendpoint "github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	kitjsonrpc "github.com/go-kit/kit/transport/http/jsonrpc"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/migrate/gokit"
)

var errTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")

type sumRequest struct {
	A int `json:"a"`
	B int `json:"b"`
}

type sumReply struct {
	V int `json:"v"`
}

// failure is the error body of go-kit's examples.
type failure struct {
	Error string `json:"error"`
}

func (f failure) err() *endpoint.Error {
	if f.Error == errTwoZeroes.Message() {
		return errTwoZeroes
	}
	return endpoint.Errorf(endpoint.Unknown, "%s", f.Error)
}

var failures = httpx.MapErrors(
	func(err *endpoint.Error) (int, failure) { return 0, failure{err.Message()} },
	func(_ int, body failure) *endpoint.Error { return body.err() },
)

// adder is the service of ours.
type adder struct {
	Sum endpoint.Endpoint[sumRequest, sumReply]
}

func (s *adder) HTTP(r *httpx.Routes) {
	r.Under("", failures).POST("/sum", &s.Sum, httpx.Fails(errTwoZeroes))
}

func sum(_ context.Context, r sumRequest) (sumReply, error) {
	if r.A == 0 && r.B == 0 {
		return sumReply{}, errTwoZeroes
	}
	return sumReply{r.A + r.B}, nil
}

// TestServerOfKit has a client of ours call an HTTP server of go-kit's, whose error
// encoder is that of its examples.
func TestServerOfKit(t *testing.T) {
	t.Parallel()
	h := kithttp.NewServer(
		func(ctx context.Context, r any) (any, error) { return sum(ctx, r.(sumRequest)) },
		func(_ context.Context, r *http.Request) (any, error) {
			var req sumRequest
			return req, json.UnmarshalRead(r.Body, &req)
		},
		kithttp.EncodeJSONResponse,
		kithttp.ServerErrorEncoder(func(_ context.Context, err error, w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.MarshalWrite(w, failure{err.Error()})
		}),
	)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var c adder
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	got, err := c.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	_, err = c.Sum(t.Context(), sumRequest{})
	require.ErrorIs(t, err, errTwoZeroes)
	require.EqualError(t, err, "can't sum two zeroes")
}

// TestDefaultsOfKit has the default error encoder of go-kit, which sends texts.
func TestDefaultsOfKit(t *testing.T) {
	t.Parallel()
	h := kithttp.NewServer(
		func(context.Context, any) (any, error) { return nil, errTwoZeroes },
		kithttp.NopRequestDecoder, kithttp.EncodeJSONResponse,
	)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var c texts
	require.NoError(t, httpx.Client(httpx.To(server.URL), &c))
	_, err := c.Sum(t.Context(), sumRequest{})
	require.ErrorIs(t, err, errTwoZeroes)
}

// texts is adder with texts as errors.
type texts struct{ adder }

func (s *texts) HTTP(r *httpx.Routes) {
	r.POST("/sum", &s.Sum, httpx.MapErrors(
		func(err *endpoint.Error) (int, string) { return 0, err.Message() },
		func(_ int, body string) *endpoint.Error { return failure{body}.err() },
	))
}

// TestClientOfKit has a client of go-kit's call a server of ours.
func TestClientOfKit(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &adder{Sum: sum}))
	server := httptest.NewServer(httpx.Problems(mux, failures))
	t.Cleanup(server.Close)
	call := kitClient(t, server.URL+"/sum")
	got, err := call(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, sumReply{3}, got)
	_, err = call(t.Context(), sumRequest{})
	require.EqualError(t, err, "can't sum two zeroes")
	_, err = kitClient(t, server.URL+"/nope")(t.Context(), sumRequest{})
	require.EqualError(t, err, "no such path")
}

// kitClient returns a client of go-kit's, with the decoder of its examples.
func kitClient(t *testing.T, at string) kitendpoint.Endpoint {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	return kithttp.NewClient(http.MethodPost, u, kithttp.EncodeJSONRequest, func(_ context.Context, r *http.Response) (any, error) {
		if r.StatusCode != http.StatusOK {
			var body failure
			if err := json.UnmarshalRead(r.Body, &body); err != nil {
				return nil, err
			}
			return nil, errors.New(body.Error)
		}
		var reply sumReply
		return reply, json.UnmarshalRead(r.Body, &reply)
	}).Endpoint()
}

// addRPC is the service over JSON-RPC.
type addRPC struct{ adder }

func (s *addRPC) JSONRPC(m *jsonrpcx.Methods) { m.Method("sum", &s.Sum, jsonrpcx.Fails(errTwoZeroes)) }

// TestJSONRPCServerOfKit has a client of ours call a JSON-RPC server of go-kit's, whose endpoint
// is one of ours.
func TestJSONRPCServerOfKit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(kitjsonrpc.NewServer(kitjsonrpc.EndpointCodecMap{"sum": {
		Endpoint: gokit.ToKit(endpoint.Endpoint[sumRequest, sumReply](sum)),
		Decode: func(_ context.Context, params jsontext.Value) (any, error) {
			var req sumRequest
			return req, json.Unmarshal(params, &req)
		},
		Encode: func(_ context.Context, resp any) (jsontext.Value, error) {
			text, err := json.Marshal(resp)
			return text, err
		},
	}}))
	t.Cleanup(server.Close)
	var c addRPC
	require.NoError(t, jsonrpcx.Client(httpx.To(server.URL), &c))
	got, err := c.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	_, err = c.Sum(t.Context(), sumRequest{})
	require.Equal(t, errTwoZeroes.Message(), endpoint.ErrorOf(err).Message())
	e, ok := errors.AsType[*jsonrpcx.Error](err)
	require.True(t, ok)
	require.Equal(t, "-32003", e.Code, "that of jsonrpcx for the code")
}

// TestJSONRPCClientOfKit has a client of go-kit's in a typed field call a JSON-RPC server of
// ours.
func TestJSONRPCClientOfKit(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, jsonrpcx.Mount(mux, "/rpc", &addRPC{adder{Sum: sum}}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/rpc")
	require.NoError(t, err)
	var c addRPC
	gokit.Set(&c.Sum, kitjsonrpc.NewClient(u, "sum", kitjsonrpc.ClientResponseDecoder(func(_ context.Context, r kitjsonrpc.Response) (any, error) {
		if r.Error != nil {
			return nil, *r.Error
		}
		var reply sumReply
		return reply, json.Unmarshal(r.Result, &reply)
	})).Endpoint())
	got, err := c.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	_, err = c.Sum(t.Context(), sumRequest{})
	require.EqualError(t, err, "can't sum two zeroes")
	e, ok := errors.AsType[kitjsonrpc.Error](err)
	require.True(t, ok)
	require.Equal(t, -32003, e.Code)
}

// TestJSONRPCUnmodifiedServer has a client of ours call a JSON-RPC server of go-kit's, without this
// module.
func TestJSONRPCUnmodifiedServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(kitjsonrpc.NewServer(kitjsonrpc.EndpointCodecMap{"sum": {
		Endpoint: func(_ context.Context, r any) (any, error) {
			switch req := r.(sumRequest); req.A {
			case 0:
				return nil, errors.New("can't sum two zeroes")
			case 9:
				return nil, kitjsonrpc.Error{Code: -32003, Message: "nine"}
			default:
				return sumReply{req.A + req.B}, nil
			}
		},
		Decode: func(_ context.Context, params jsontext.Value) (any, error) {
			var req sumRequest
			return req, json.Unmarshal(params, &req)
		},
		Encode: func(_ context.Context, resp any) (jsontext.Value, error) {
			text, err := json.Marshal(resp)
			return text, err
		},
	}}))
	t.Cleanup(server.Close)
	var c addRPC
	require.NoError(t, jsonrpcx.Client(httpx.To(server.URL), &c))
	got, err := c.Sum(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	for a, want := range map[int]jsonrpcx.Error{
		0: {Code: "-32603", Message: "can't sum two zeroes"},
		9: {Code: "-32003", Message: "nine"},
	} {
		_, err = c.Sum(t.Context(), sumRequest{A: a})
		e, ok := errors.AsType[*jsonrpcx.Error](err)
		require.True(t, ok)
		require.Equal(t, want.Code, e.Code)
		require.Equal(t, want.Message, e.Message)
		require.True(t, endpoint.ErrorOf(err).Remote())
	}
}

// TestJSONRPCUnmodifiedClient has a client of go-kit's, with its own codecs, call a JSON-RPC server of
// ours.
func TestJSONRPCUnmodifiedClient(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	require.NoError(t, jsonrpcx.Mount(mux, "/rpc", &addRPC{adder{Sum: sum}}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/rpc")
	require.NoError(t, err)
	call := kitjsonrpc.NewClient(u, "sum").Endpoint()
	got, err := call(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"v": 3.0}, got)
	_, err = call(t.Context(), sumRequest{})
	e, ok := errors.AsType[kitjsonrpc.Error](err)
	require.True(t, ok)
	require.Equal(t, -32003, e.Code)
	require.Equal(t, "can't sum two zeroes", e.Message)
	_, err = kitjsonrpc.NewClient(u, "nope").Endpoint()(t.Context(), sumRequest{})
	e, ok = errors.AsType[kitjsonrpc.Error](err)
	require.True(t, ok)
	require.Equal(t, kitjsonrpc.MethodNotFoundError, e.Code)
}

func httpRouter() *http.ServeMux { return http.NewServeMux() }
