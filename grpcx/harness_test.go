package grpcx_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

// serve runs a server in memory until the test ends, and returns a connection to
// it.
func serve(tb testing.TB, register func(s *grpc.Server), opts ...grpc.ServerOption) *grpc.ClientConn {
	tb.Helper()
	l := listen(tb, register, opts...)
	return dial(tb, l)
}

func listen(tb testing.TB, register func(s *grpc.Server), opts ...grpc.ServerOption) *endpointtest.Listener {
	tb.Helper()
	return listenWith(tb, register, append(grpcx.ServerOptions(), opts...)...)
}

// listenWith runs a server with the given options alone.
func listenWith(tb testing.TB, register func(s *grpc.Server), opts ...grpc.ServerOption) *endpointtest.Listener {
	tb.Helper()
	s := grpc.NewServer(opts...)
	register(s)
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	tb.Cleanup(func() {
		s.Stop()
		<-done
	})
	return l
}

func dial(tb testing.TB, l *endpointtest.Listener) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient("passthrough:///server",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }),
	)
	require.NoError(tb, err)
	tb.Cleanup(func() { conn.Close() })
	return conn
}

// register returns what registers a service of this package.
func register(tb testing.TB, svc grpcx.Service, opts ...grpcx.Option) func(s *grpc.Server) {
	tb.Helper()
	return func(s *grpc.Server) {
		tb.Helper()
		require.NoError(tb, grpcx.Register(s, svc, opts...))
	}
}

// connect fills svc with calls over conn.
func connect(tb testing.TB, conn grpc.ClientConnInterface, svc grpcx.Service, opts ...grpcx.Option) {
	tb.Helper()
	require.NoError(tb, grpcx.Client(grpcx.To(conn), svc, opts...))
}

// one is a service of one unary method.
type one[Req, Resp any] struct {
	Do   endpoint.Endpoint[Req, Resp]
	opts []grpcx.MethodOption
}

func (s *one[Req, Resp]) GRPC(m *grpcx.Methods) {
	m.Service("test.One")
	m.Unary("Do", &s.Do, s.opts...)
}

// pair serves e and returns it as a client sees it.
func pair[Req, Resp any](tb testing.TB, e endpoint.Endpoint[Req, Resp], opts ...grpcx.MethodOption) endpoint.Endpoint[Req, Resp] {
	tb.Helper()
	conn := serve(tb, register(tb, &one[Req, Resp]{e, opts}))
	c := &one[Req, Resp]{opts: opts}
	connect(tb, conn, c)
	return c.Do
}

// Note is the domain's own form of the messages of Echo.
type Note struct {
	Text   string `json:"text"`
	Number int64  `json:"number"`
	Blob   []byte `json:"blob,omitzero"`
}

// Echo is the service of echo.proto over the domain's own types.
type Echo struct {
	Say   endpoint.Endpoint[Note, Note]
	Look  endpoint.Endpoint[Note, Note]
	Count endpoint.Endpoint[Note, endpoint.Stream[Note]]
	Sum   endpoint.Endpoint[endpoint.Stream[Note], Note]
	Talk  endpoint.Endpoint[endpoint.Stream[Note], endpoint.Stream[Note]]
}

var note = grpcx.Map(
	func(n Note) *echopb.Note { return &echopb.Note{Text: n.Text, Number: n.Number, Blob: n.Blob} },
	func(m *echopb.Note) (Note, error) {
		if m.GetText() == "refuse" {
			return Note{}, ErrRefused
		}
		return Note{m.GetText(), m.GetNumber(), m.GetBlob()}, nil
	},
)

var ErrRefused = endpoint.Define(endpoint.FailedPrecondition, "echo", "REFUSED", "refused")

func (s *Echo) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, note, note, grpcx.Fails(ErrRefused))
	m.UnaryAs("Look", &s.Look, note, note)
	m.ServerStreamAs("Count", &s.Count, note, note, grpcx.Fails(ErrRefused))
	m.ClientStreamAs("Sum", &s.Sum, note, note)
	m.BidiAs("Talk", &s.Talk, note, note)
}

// plainEcho is the same over JSON.
type plainEcho struct{ Echo }

func (s *plainEcho) GRPC(m *grpcx.Methods) {
	m.Service("plain.Echo")
	m.Unary("Say", &s.Say, grpcx.Fails(ErrRefused))
	m.Unary("Look", &s.Look, grpcx.Idempotent())
	m.ServerStream("Count", &s.Count, grpcx.Fails(ErrRefused))
	m.ClientStream("Sum", &s.Sum)
	m.Bidi("Talk", &s.Talk)
}

// messageEcho is the same with the messages as they are.
type messageEcho struct {
	Say   endpoint.Endpoint[*echopb.Note, *echopb.Note]
	Look  endpoint.Endpoint[*echopb.Note, *echopb.Note]
	Count endpoint.Endpoint[*echopb.Note, endpoint.Stream[*echopb.Note]]
	Sum   endpoint.Endpoint[endpoint.Stream[*echopb.Note], *echopb.Note]
	Talk  endpoint.Endpoint[endpoint.Stream[*echopb.Note], endpoint.Stream[*echopb.Note]]
}

func (s *messageEcho) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.Unary("Say", &s.Say)
	m.Unary("Look", &s.Look)
	m.ServerStream("Count", &s.Count)
	m.ClientStream("Sum", &s.Sum)
	m.Bidi("Talk", &s.Talk)
}

// echo returns the implementation.
func echo() Echo {
	say := func(_ context.Context, n Note) (Note, error) { return n, nil }
	return Echo{Say: say, Look: say, Count: countTo, Sum: sum, Talk: talk}
}

func countTo(_ context.Context, n Note) (endpoint.Stream[Note], error) {
	return func(yield func(Note, error) bool) {
		for i := range n.Number {
			if !yield(Note{Text: n.Text, Number: i}, nil) {
				return
			}
		}
		if n.Text == "fail" {
			yield(Note{}, ErrRefused)
		}
	}, nil
}

func sum(_ context.Context, items endpoint.Stream[Note]) (Note, error) {
	var total Note
	for n, err := range items {
		if err != nil {
			return Note{}, err
		}
		total.Number += n.Number
	}
	return total, nil
}

func talk(_ context.Context, items endpoint.Stream[Note]) (endpoint.Stream[Note], error) {
	return items, nil
}

// registrar keeps the description of a service.
type registrar struct {
	desc *grpc.ServiceDesc
	impl any
}

func (r *registrar) RegisterService(desc *grpc.ServiceDesc, impl any) { r.desc, r.impl = desc, impl }

// callOnce calls the first method as grpc-go does, with a request of its own.
func (r *registrar) callOnce(ctx context.Context, data []byte) error {
	_, err := r.desc.Methods[0].Handler(r.impl, ctx, func(m any) error { return proto.Unmarshal(data, m.(proto.Message)) }, nil)
	return err
}

// partial is messageEcho whose streams need not be set.
type partial struct{ messageEcho }

func (s *partial) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo", grpcx.Partial())
	m.Unary("Say", &s.Say)
	m.Unary("Look", &s.Look)
	m.ServerStream("Count", &s.Count)
	m.ClientStream("Sum", &s.Sum)
	m.Bidi("Talk", &s.Talk)
}
