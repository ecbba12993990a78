package natsx_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/natsx"
)

// startNATS starts a NATS server without a listener: connections are in memory, so that
// it runs in a bubble of testing/synctest.
func startNATS() (*server.Server, error) {
	ns, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, err
	}
	ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		ns.Shutdown()
		return nil, nats.ErrTimeout
	}
	return ns, nil
}

// broker starts a NATS server for a test.
func broker(tb testing.TB) *server.Server {
	tb.Helper()
	ns, err := startNATS()
	require.NoError(tb, err)
	tb.Cleanup(func() {
		ns.Shutdown()
		ns.WaitForShutdown()
	})
	return ns
}

// dial returns a connection to ns.
func dial(tb testing.TB, ns *server.Server, opts ...nats.Option) *nats.Conn {
	tb.Helper()
	conn, err := nats.Connect("", append([]nats.Option{nats.InProcessServer(ns)}, opts...)...)
	require.NoError(tb, err)
	tb.Cleanup(conn.Close)
	return conn
}

// serve serves svc on a connection of its own.
func serve(tb testing.TB, ns *server.Server, svc natsx.Service, opts ...natsx.Option) *natsx.Server {
	tb.Helper()
	s := natsx.NewServer(dial(tb, ns))
	require.NoError(tb, natsx.Register(s, svc, opts...))
	require.NoError(tb, s.Start())
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// connect fills svc with calls over a connection of its own.
func connect(tb testing.TB, ns *server.Server, svc natsx.Service, opts ...natsx.Option) {
	tb.Helper()
	require.NoError(tb, natsx.Client(natsx.To(dial(tb, ns)), svc, opts...))
}
