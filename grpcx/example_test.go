package grpcx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Strings is a service of plain Go types: its fields are the implementation on a
// server, the calls on a client.
type Strings struct {
	Upper endpoint.Endpoint[string, string]
	Words endpoint.Endpoint[string, endpoint.Stream[string]]
	Join  endpoint.Endpoint[endpoint.Stream[string], string]
}

var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

func (s *Strings) GRPC(m *grpcx.Methods) {
	m.Service("example.Strings")
	m.Unary("Upper", &s.Upper, grpcx.Fails(ErrEmpty), grpcx.Idempotent())
	m.ServerStream("Words", &s.Words)
	m.ClientStream("Join", &s.Join)
}

func newStrings() *Strings {
	return &Strings{
		Upper: func(_ context.Context, s string) (string, error) {
			if s == "" {
				return "", ErrEmpty
			}
			return strings.ToUpper(s), nil
		},
		Words: func(_ context.Context, s string) (endpoint.Stream[string], error) {
			return endpoint.StreamOf(strings.Fields(s)...), nil
		},
		Join: func(_ context.Context, words endpoint.Stream[string]) (string, error) {
			all, err := words.Collect()
			return strings.Join(all, " "), err
		},
	}
}

// start serves what f registers, in memory, and returns a connection and what
// ends both.
func start(f func(s *grpc.Server) error) (conn *grpc.ClientConn, stop func()) {
	s := grpc.NewServer(grpcx.ServerOptions()...)
	if err := f(s); err != nil {
		panic(err)
	}
	l := endpointtest.NewListener()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	dialer := func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }
	conn, err := grpc.NewClient("passthrough:///server", append(grpcx.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(dialer))...)
	if err != nil {
		panic(err)
	}
	return conn, func() { conn.Close(); s.Stop(); <-done }
}

func Example() {
	conn, stop := start(func(s *grpc.Server) error { return grpcx.Register(s, newStrings()) })
	defer stop()
	var c Strings
	if err := grpcx.Client(grpcx.To(conn), &c); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(c.Upper(ctx, "hello"))
	_, err := c.Upper(ctx, "")
	fmt.Println(errors.Is(err, ErrEmpty))
	words, err := c.Words(ctx, "a b c")
	if err != nil {
		fmt.Println(err)
		return
	}
	for word, err := range words {
		fmt.Println(word, err)
	}
	fmt.Println(c.Join(ctx, endpoint.StreamOf("x", "y")))
	// Output:
	// HELLO <nil>
	// true
	// a <nil>
	// b <nil>
	// c <nil>
	// x y <nil>
}

// Adder speaks protobuf with types of its own.
type Adder struct {
	Say endpoint.Endpoint[Greeting, Greeting]
}

type Greeting struct{ Words string }

var greeting = grpcx.Map(
	func(g Greeting) *echopb.Note { return &echopb.Note{Text: g.Words} },
	func(m *echopb.Note) (Greeting, error) { return Greeting{m.GetText()}, nil },
)

func (s *Adder) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, greeting, greeting)
}

// Generated code calls the service like any other.
func ExampleMap() {
	svc := &Adder{Say: func(_ context.Context, g Greeting) (Greeting, error) { return Greeting{g.Words + "!"}, nil }}
	conn, stop := start(func(s *grpc.Server) error { return grpcx.Register(s, svc) })
	defer stop()
	note, err := echopb.NewEchoClient(conn).Say(context.Background(), &echopb.Note{Text: "hello"})
	fmt.Println(note.GetText(), err)
	// Output: hello! <nil>
}

// All that is wrong comes at once, each with its place.
func ExampleRegister_faults() {
	fmt.Println(grpcx.Register(grpc.NewServer(), &Strings{}))
	// Output:
	// grpcx: Strings.Upper: the endpoint is nil; set it, or give it the option Partial
	// grpcx: Strings.Words: the endpoint is nil; set it, or give it the option Partial
	// grpcx: Strings.Join: the endpoint is nil; set it, or give it the option Partial
}

func ExampleUse() {
	logging := func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		fmt.Println("begin", op.Service, op.Name, op.Method)
		return ctx, func(err error) error {
			fmt.Println("end", err)
			return err
		}, nil
	}
	conn, stop := start(func(s *grpc.Server) error {
		return grpcx.Register(s, newStrings(), grpcx.Use(endpoint.LayerFunc(logging)))
	})
	defer stop()
	var c Strings
	if err := grpcx.Client(grpcx.To(conn), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, _ = c.Upper(context.Background(), "")
	// Output:
	// begin Strings Upper /example.Strings/Upper
	// end empty string
}

// The hook hears what the caller does not.
func ExampleErrorHook() {
	svc := newStrings()
	svc.Upper = func(context.Context, string) (string, error) { return "", errors.New("connect to db-7: refused") }
	hook := func(_ context.Context, err error) { fmt.Println("log:", err) }
	conn, stop := start(func(s *grpc.Server) error { return grpcx.Register(s, svc, grpcx.ErrorHook(hook)) })
	defer stop()
	var c Strings
	if err := grpcx.Client(grpcx.To(conn), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Upper(context.Background(), "x")
	fmt.Println(endpoint.CodeOf(err), endpoint.ErrorOf(err).Message())
	// Output:
	// log: connect to db-7: refused
	// INTERNAL internal error
}

// A server answers in the format of the client.
func ExampleFormats() {
	conn, stop := start(func(s *grpc.Server) error {
		return grpcx.Register(s, newStrings(), grpcx.Formats(codec.JSON(), codec.Text()))
	})
	defer stop()
	for _, format := range []codec.Format{codec.JSON(), codec.Text()} {
		var c Strings
		if err := grpcx.Client(grpcx.To(conn), &c, grpcx.Formats(format)); err != nil {
			fmt.Println(err)
			return
		}
		s, err := c.Upper(context.Background(), "hello")
		fmt.Println(format.MediaType(), s, err)
	}
	// Output:
	// application/json HELLO <nil>
	// text/plain HELLO <nil>
}

func ExampleWithCallOptions() {
	conn, stop := start(func(s *grpc.Server) error {
		svc := newStrings()
		svc.Upper = func(ctx context.Context, s string) (string, error) {
			endpoint.CallFrom(ctx).Reply().Set("X-Cache", "miss")
			return s, nil
		}
		return grpcx.Register(s, svc)
	})
	defer stop()
	var c Strings
	if err := grpcx.Client(grpcx.To(conn), &c, grpcx.CallOptions(grpc.MaxCallRecvMsgSize(1<<10))); err != nil {
		fmt.Println(err)
		return
	}
	var header metadata.MD
	_, err := c.Upper(grpcx.WithCallOptions(context.Background(), grpc.Header(&header)), "x")
	fmt.Println(header["x-cache"], err)
	// Output: [miss] <nil>
}

// A status of gRPC that a handler returns stays what it is.
func ExampleFails() {
	svc := newStrings()
	svc.Upper = func(context.Context, string) (string, error) { return "", status.Error(codes.NotFound, "no such word") }
	conn, stop := start(func(s *grpc.Server) error { return grpcx.Register(s, svc) })
	defer stop()
	var c Strings
	if err := grpcx.Client(grpcx.To(conn), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Upper(context.Background(), "x")
	fmt.Println(endpoint.CodeOf(err), endpoint.ErrorOf(err).Message(), errors.Is(err, ErrEmpty))
	// Output: NOT_FOUND no such word false
}

func ExampleMaxMessage() {
	svc := &one[string, string]{
		Do:   func(_ context.Context, s string) (string, error) { return s, nil },
		opts: []grpcx.MethodOption{grpcx.MaxMessage(10)},
	}
	conn, stop := start(func(s *grpc.Server) error { return grpcx.Register(s, svc) })
	defer stop()
	var c one[string, string]
	if err := grpcx.Client(grpcx.To(conn), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Do(context.Background(), "longer than ten bytes")
	fmt.Println(errors.Is(err, grpcx.ErrMessageTooLarge), endpoint.ErrorOf(err).Meta())
	// Output: true map[limit:10]
}

func ExampleHealth() {
	conn, stop := start(func(s *grpc.Server) error {
		err := grpcx.Register(s, newStrings())
		status, failed := grpcx.Health(s)
		if failed == nil {
			status.SetServingStatus("example.Strings", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		}
		return errors.Join(err, failed, grpcx.Reflect(s))
	})
	defer stop()
	c := grpc_health_v1.NewHealthClient(conn)
	for _, name := range []string{"", "example.Strings"} {
		answer, err := c.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: name})
		fmt.Printf("%q %v %v\n", name, answer.GetStatus(), err)
	}
	// Output:
	// "" SERVING <nil>
	// "example.Strings" NOT_SERVING <nil>
}

// Each address of a pool has a connection of its own.
func ExampleDialer() {
	dial := grpcx.Dialer(insecure.NewCredentials())
	conn, err := dial(context.Background(), "192.0.2.1:8081")
	if err != nil {
		fmt.Println(err)
		return
	}
	var c Strings
	fmt.Println(grpcx.Client(grpcx.To(conn), &c))
	if closer, ok := conn.(interface{ Close() error }); ok {
		fmt.Println(closer.Close())
	}
	// Output:
	// <nil>
	// <nil>
}
