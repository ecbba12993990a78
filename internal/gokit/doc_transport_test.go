package gokit_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	kitendpoint "github.com/go-kit/kit/endpoint"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
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

// kitEcho is a gRPC server of go-kit's, whose replies have errors in a field, as those of
// its examples.
type kitEcho struct {
	echopb.UnimplementedEchoServer

	say kitgrpc.Handler
}

func (s kitEcho) Say(ctx context.Context, n *echopb.Note) (*echopb.Note, error) {
	_, reply, err := s.say.ServeGRPC(ctx, n)
	if err != nil {
		return nil, err
	}
	return reply.(*echopb.Note), nil
}

// sayer is the service as ours has it.
type sayer struct {
	Say endpoint.Endpoint[int64, string]
}

var (
	number = grpcx.Map(
		func(n int64) *echopb.Note { return &echopb.Note{Number: n} },
		func(m *echopb.Note) (int64, error) { return m.GetNumber(), nil },
	)
	reply = grpcx.Map(
		func(s string) *echopb.Note { return &echopb.Note{Blob: []byte(s)} },
		func(m *echopb.Note) (string, error) {
			if text := m.GetText(); text != "" {
				return "", failure{text}.err()
			}
			return string(m.GetBlob()), nil
		},
	)
)

func (s *sayer) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, number, reply)
}

// TestGRPCServerOfKit has a client of ours call a gRPC server of go-kit's.
func TestGRPCServerOfKit(t *testing.T) {
	t.Parallel()
	say := kitgrpc.NewServer(
		func(_ context.Context, r any) (any, error) {
			if r.(int64) == 0 {
				return &echopb.Note{Text: "can't sum two zeroes"}, nil
			}
			return &echopb.Note{Blob: []byte("fine")}, nil
		},
		func(_ context.Context, r any) (any, error) { return r.(*echopb.Note).GetNumber(), nil },
		func(_ context.Context, r any) (any, error) { return r, nil },
	)
	l, s := endpointtest.NewListener(), grpc.NewServer()
	echopb.RegisterEchoServer(s, kitEcho{say: say})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	conn, err := grpc.NewClient("passthrough:///kit", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	var c sayer
	require.NoError(t, grpcx.Client(grpcx.To(conn), &c))
	text, err := c.Say(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "fine", text)
	_, err = c.Say(t.Context(), 0)
	require.ErrorIs(t, err, errTwoZeroes)
	require.EqualError(t, err, "can't sum two zeroes")
}
