package natsx_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/natsx"
)

// zoo describes the endpoints of the conformance table to NATS.
type zoo struct {
	*transporttest.Zoo

	limit int
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

// serveZoo starts a NATS server with a server of z.
func serveZoo(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	ns, err := startNATS()
	if err != nil {
		return nil, err
	}
	e.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	connect := func(e transporttest.End) (*nats.Conn, error) {
		conn, err := nats.Connect("", nats.InProcessServer(ns), quiet)
		if err == nil {
			e.Cleanup(conn.Close)
		}
		return conn, err
	}
	conn, err := connect(e)
	if err != nil {
		return nil, err
	}
	s := natsx.NewServer(conn)
	e.Cleanup(func() { _ = s.Close() })
	if err := errors.Join(natsx.Register(s, &zoo{z, e.MaxMessage}, natsx.Use(e.Layers...), natsx.ErrorHook(e.Hook)), s.Start()); err != nil {
		return nil, err
	}
	return func(z *transporttest.Zoo, e transporttest.End) error {
		conn, err := connect(e)
		if err != nil {
			return err
		}
		return natsx.Client(e.Counted(natsx.To(conn)), &zoo{z, e.MaxMessage}, natsx.Use(e.Layers...))
	}, nil
}

// TestTransport runs the conformance table.
func TestTransport(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Transport{
		Name: "NATS", Serve: serveZoo,
		Limits: map[transporttest.Case]string{
			transporttest.ClientStreams: "a request over NATS is one message",
			transporttest.BidiStreams:   "a request over NATS is one message",
			transporttest.Places:        "a request over NATS has come whole before a layer runs; TestPlaces has the rest of the case",
			transporttest.Cancellation:  "a caller cannot tell the server of a unary call that it has given up; TestAbandonedStream has the case for streams",
			transporttest.Hedges:        "the same holds for the attempt of a hedge that loses",
			transporttest.BackPressure:  "NATS has no flow control; TestSlowReader has what happens in place of it",
			transporttest.Peers:         "NATS does not tell a server who calls",
		},
	})
}
