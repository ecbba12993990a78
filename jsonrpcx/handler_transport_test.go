package jsonrpcx_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// zoo describes the endpoints of the conformance table to JSON-RPC.
type zoo struct {
	*transporttest.Zoo

	positional bool
}

func (z *zoo) JSONRPC(m *jsonrpcx.Methods) {
	opts := []jsonrpcx.MethodOption{jsonrpcx.Fails(transporttest.Fails()...)}
	if z.positional {
		opts = append(opts, jsonrpcx.Positional())
	}
	m = m.Under("zoo.", opts...)
	m.Method("unary", &z.Unary)
	m.Method("idempotent", &z.Idempotent, jsonrpcx.Idempotent())
	m.Method("empty", &z.Empty)
	m.Omit(&z.ServerStream)
	m.Omit(&z.ClientStream)
	m.Omit(&z.Bidi)
}

// quiet is the log of a server whose cases panic.
var quiet = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)

// serveZoo returns what serves and connects zoos over a version of HTTP.
func serveZoo(version *http.Protocols, positional bool) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		mux := http.NewServeMux()
		err := jsonrpcx.Mount(mux, "/rpc", &zoo{z, false}, jsonrpcx.Use(e.Layers...), jsonrpcx.ErrorHook(e.Hook), jsonrpcx.MaxBody(int64(e.MaxMessage)))
		if err != nil {
			return nil, err
		}
		l := endpointtest.NewListener()
		s := &http.Server{Handler: mux, Protocols: version, ErrorLog: quiet} //nolint:gosec // what httpx bounds by itself is enough
		e.Cleanup(func() { s.Close() })
		go s.Serve(l)
		return func(z *transporttest.Zoo, e transporttest.End) error {
			t := &http.Transport{DialContext: l.Dial, Protocols: version}
			e.Cleanup(t.CloseIdleConnections)
			conn := httpx.To("http://zoo.example/rpc", httpx.HTTPClient(&http.Client{Transport: t}))
			return jsonrpcx.Client(e.Counted(conn), &zoo{z, positional}, jsonrpcx.Use(e.Layers...))
		}, nil
	}
}

// TestTransport runs the conformance table over both versions of HTTP, with params by name
// and by position.
func TestTransport(t *testing.T) {
	t.Parallel()
	one, two := new(http.Protocols), new(http.Protocols)
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	const noStreams = "JSON-RPC has no streams"
	limits := map[transporttest.Case]string{
		transporttest.ServerStreams: noStreams,
		transporttest.ClientStreams: noStreams,
		transporttest.BidiStreams:   noStreams,
	}
	transporttest.Run(t, transporttest.Transport{Name: "HTTP 1 by name", Serve: serveZoo(one, false), Limits: limits})
	transporttest.Run(t, transporttest.Transport{Name: "HTTP 2 by position", Serve: serveZoo(two, true), Limits: limits})
}
