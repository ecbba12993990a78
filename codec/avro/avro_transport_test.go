package avro_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint/codec/avro"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/natsx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// zoo describes the endpoints of the conformance table to three transports.
type zoo struct {
	*transporttest.Zoo

	limit int
}

func (z *zoo) HTTP(r *httpx.Routes) {
	r = r.Under("/zoo", httpx.Fails(transporttest.Fails()...), httpx.MaxBody(int64(z.limit)))
	r.POST("/unary", &z.Unary)
	r.PUT("/idempotent", &z.Idempotent)
	r.POST("/empty", &z.Empty)
	r.ServerStream("POST", "/server-stream", &z.ServerStream)
	r.ClientStream("POST", "/client-stream", &z.ClientStream)
	r.Bidi("POST", "/bidi", &z.Bidi)
}

func (z *zoo) GRPC(m *grpcx.Methods) {
	m.Service("test.Zoo", grpcx.Fails(transporttest.Fails()...), grpcx.MaxMessage(z.limit))
	m.Unary("Unary", &z.Unary)
	m.Unary("Idempotent", &z.Idempotent, grpcx.Idempotent())
	m.Unary("Empty", &z.Empty)
	m.ServerStream("ServerStream", &z.ServerStream)
	m.ClientStream("ClientStream", &z.ClientStream)
	m.Bidi("Bidi", &z.Bidi)
}

func (z *zoo) NATS(m *natsx.Methods) {
	m = m.Under("zoo.", natsx.Fails(transporttest.Fails()...), natsx.MaxMessage(z.limit))
	m.Method("unary", &z.Unary)
	m.Method("idempotent", &z.Idempotent, natsx.Idempotent())
	m.Method("empty", &z.Empty)
	m.ServerStream("server_stream", &z.ServerStream)
	m.Omit(&z.ClientStream)
	m.Omit(&z.Bidi)
}

type (
	zooOf   = *transporttest.Zoo
	endOf   = transporttest.End
	connect = func(z zooOf, e endOf) error
)

func serveHTTP(z zooOf, e endOf) (connect, error) {
	mux := http.NewServeMux()
	formats := httpx.Formats(avro.Format())
	if err := httpx.Mount(mux, &zoo{z, e.MaxMessage}, httpx.Use(e.Layers...), httpx.ErrorHook(e.Hook), formats); err != nil {
		return nil, err
	}
	version := new(http.Protocols)
	version.SetUnencryptedHTTP2(true)
	l := endpointtest.NewListener()
	s := &http.Server{Handler: mux, Protocols: version, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)} //nolint:gosec // what httpx bounds by itself is enough
	e.Cleanup(func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }()
	return func(z zooOf, e endOf) error {
		t := &http.Transport{DialContext: l.Dial, Protocols: version}
		e.Cleanup(t.CloseIdleConnections)
		conn := httpx.To("http://zoo.example", httpx.HTTPClient(&http.Client{Transport: t}))
		return httpx.Client(e.Counted(conn), &zoo{z, e.MaxMessage}, httpx.Use(e.Layers...), formats)
	}, nil
}

func serveGRPC(z zooOf, e endOf) (connect, error) {
	s := grpc.NewServer(grpcx.ServerOptions()...)
	formats := grpcx.Formats(avro.Format())
	if err := grpcx.Register(s, &zoo{z, e.MaxMessage}, grpcx.Use(e.Layers...), grpcx.ErrorHook(e.Hook), formats); err != nil {
		return nil, err
	}
	l := endpointtest.NewListener()
	e.Cleanup(s.Stop)
	go func() { _ = s.Serve(l) }()
	return func(z zooOf, e endOf) error {
		conn, err := grpc.NewClient("passthrough:///zoo", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
		if err != nil {
			return err
		}
		e.Cleanup(func() { _ = conn.Close() })
		return grpcx.Client(e.Counted(grpcx.To(conn)), &zoo{z, e.MaxMessage}, grpcx.Use(e.Layers...), formats)
	}, nil
}

func serveNATS(z zooOf, e endOf) (connect, error) {
	ns, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, err
	}
	ns.Start()
	e.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(10 * time.Second) {
		return nil, nats.ErrTimeout
	}
	dial := func(e endOf) (*nats.Conn, error) {
		conn, err := nats.Connect("", nats.InProcessServer(ns), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
		if err == nil {
			e.Cleanup(conn.Close)
		}
		return conn, err
	}
	conn, err := dial(e)
	if err != nil {
		return nil, err
	}
	formats := natsx.Formats(avro.Format())
	s := natsx.NewServer(conn)
	e.Cleanup(func() { _ = s.Close() })
	err = natsx.Register(s, &zoo{z, e.MaxMessage}, natsx.Use(e.Layers...), natsx.ErrorHook(e.Hook), formats)
	if err = errors.Join(err, s.Start()); err != nil {
		return nil, err
	}
	return func(z zooOf, e endOf) error {
		conn, err := dial(e)
		if err != nil {
			return err
		}
		return natsx.Client(e.Counted(natsx.To(conn)), &zoo{z, e.MaxMessage}, natsx.Use(e.Layers...), formats)
	}, nil
}

// TestTransports runs the conformance table with messages in Avro.
func TestTransports(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Transport{Name: "HTTP", Serve: serveHTTP})
	transporttest.Run(t, transporttest.Transport{Name: "gRPC", Serve: serveGRPC})
	const nats = "the test of natsx has the reason"
	transporttest.Run(t, transporttest.Transport{Name: "NATS", Serve: serveNATS, Limits: map[transporttest.Case]string{
		transporttest.ClientStreams: nats,
		transporttest.BidiStreams:   nats,
		transporttest.Places:        nats,
		transporttest.Cancellation:  nats,
		transporttest.Hedges:        nats,
		transporttest.BackPressure:  nats,
		transporttest.Peers:         nats,
	}})
}
