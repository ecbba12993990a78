package natsx_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
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

// quiet keeps nats.go from writing the errors of connections to standard error.
func quiet(o *nats.Options) error {
	o.AsyncErrorCB = func(*nats.Conn, *nats.Subscription, error) {}
	return nil
}

// broker starts a NATS server for a test outside of bubbles.
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
	conn, err := nats.Connect("", append([]nats.Option{nats.InProcessServer(ns), quiet}, opts...)...)
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

// Text is a request, a response and an item of the services of the tests.
type Text struct {
	S string `json:"s"`
}

// Strings is a service of the tests.
type Strings struct {
	Upper  endpoint.Endpoint[Text, Text]
	Repeat endpoint.Endpoint[Text, endpoint.Stream[Text]]
}

// ErrEmpty is declared by both endpoints.
var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

func (s *Strings) NATS(m *natsx.Methods) {
	m.Method("strings.upper", &s.Upper, natsx.Fails(ErrEmpty))
	m.ServerStream("strings.repeat", &s.Repeat, natsx.Fails(ErrEmpty))
}

// upper is an implementation of Upper.
func upper(_ context.Context, t Text) (Text, error) {
	if t.S == "" {
		return Text{}, ErrEmpty
	}
	return Text{strings.ToUpper(t.S)}, nil
}

// thrice is an implementation of Repeat.
func thrice(_ context.Context, t Text) (endpoint.Stream[Text], error) {
	return endpoint.StreamOf(t, t, t), nil
}

// bubble runs a test with a NATS server in a bubble of testing/synctest.
func bubble(t *testing.T, test func(t *testing.T, ns *server.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ns, err := startNATS()
		require.NoError(t, err)
		defer func() {
			ns.Shutdown()
			ns.WaitForShutdown()
		}()
		test(t, ns)
	})
}

// hooked is an error hook that passes the errors on.
type hooked chan error

func (h hooked) option() natsx.Option {
	return natsx.ErrorHook(func(_ context.Context, err error) { h <- err })
}
