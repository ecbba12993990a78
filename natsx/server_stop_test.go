package natsx_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
	endpointserver "github.com/typedkit/endpoint/server"
)

// program runs Strings on ns with package server. The func ends it and returns the error
// of Run.
func program(t *testing.T, ns *server.Server, svc *Strings, opts ...endpointserver.Option) (stop func() error) {
	t.Helper()
	conn := dial(t, ns)
	s := endpointserver.New("strings", append(opts, endpointserver.Log(slog.New(slog.DiscardHandler)))...)
	calls := natsx.NewServer(conn)
	require.NoError(t, natsx.Register(calls, svc, natsx.Use(s)))
	s.Add(endpointserver.Join("NATS", calls), endpointserver.Close("NATS connection", func() error { conn.Close(); return nil }))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// await calls Upper until a server is there.
func await(t *testing.T, c *Strings) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := c.Upper(t.Context(), Text{"ready?"})
		return err == nil
	}, 10*time.Second, time.Millisecond)
}

// TestStop stops a program with calls in flight: the unary call ends with its response, the
// stream with the error of a server that stops. It needs the real clock, as TestDrain does.
func TestStop(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	started, end := make(chan struct{}, 2), make(chan struct{})
	stop := program(t, ns, &Strings{
		Upper: func(_ context.Context, in Text) (Text, error) {
			if in.S == "wait" {
				started <- struct{}{}
				<-end
			}
			return in, nil
		},
		Repeat: func(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
			started <- struct{}{}
			return endless(ctx, in)
		},
	})
	var c Strings
	connect(t, ns, &c)
	await(t, &c)
	unary, stream, stopped := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { _, err := c.Upper(t.Context(), Text{"wait"}); unary <- err }()
	go func() { _, err := collect(t, &c); stream <- err }()
	<-started
	<-started
	go func() { stopped <- stop() }()
	require.ErrorIs(t, <-stream, endpointserver.ErrStopping)
	close(end)
	require.NoError(t, <-unary)
	require.NoError(t, <-stopped)
	_, err := c.Upper(t.Context(), Text{"a"})
	require.True(t, endpoint.NotSent(err), "%v", err)
}

// TestStopAfterGrace stops a program with a call that does not end by itself.
func TestStopAfterGrace(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	started := make(chan struct{})
	stop := program(t, ns, &Strings{Repeat: thrice, Upper: func(ctx context.Context, in Text) (Text, error) {
		if in.S == "wait" {
			close(started)
			<-ctx.Done()
		}
		return in, ctx.Err()
	}}, endpointserver.Grace(10*time.Millisecond))
	var c Strings
	connect(t, ns, &c)
	await(t, &c)
	unary := make(chan error, 1)
	go func() { _, err := c.Upper(t.Context(), Text{"wait"}); unary <- err }()
	<-started
	require.NoError(t, stop())
	require.ErrorIs(t, <-unary, endpointserver.ErrStopping)
}

// TestRun runs the program of the example against a NATS server with a socket.
func TestRun(t *testing.T) {
	t.Parallel()
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true})
	require.NoError(t, err)
	ns.Start()
	defer ns.WaitForShutdown()
	defer ns.Shutdown()
	require.True(t, ns.ReadyForConnections(10*time.Second))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, ns.ClientURL(), newStringsvc()) }()
	var c Stringsvc
	connect(t, ns, &c)
	require.Eventually(t, func() bool {
		got, err := c.Count(t.Context(), Line{"abc"})
		return err == nil && got.V == 3
	}, 10*time.Second, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
}

// TestLostConnection closes the connection of a program, which ends it.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	ns := broker(t)
	conn := dial(t, ns)
	s := endpointserver.New("strings", endpointserver.Log(slog.New(slog.DiscardHandler)))
	calls := natsx.NewServer(conn)
	require.NoError(t, natsx.Register(calls, &Strings{Upper: upper, Repeat: thrice}, natsx.Use(s)))
	s.Add(endpointserver.Join("NATS", calls))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	var c Strings
	connect(t, ns, &c)
	await(t, &c)
	conn.Close()
	require.ErrorContains(t, <-ended, "NATS: natsx: the connection is closed")
}
