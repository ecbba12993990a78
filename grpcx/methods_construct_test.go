package grpcx_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// none is an endpoint that does nothing.
func none[Req, Resp any](context.Context, Req) (Resp, error) { return *new(Resp), nil }

// described is a service of two endpoints whose description is a function.
type described struct {
	A, B     endpoint.Endpoint[Note, Note]
	describe func(s *described, m *grpcx.Methods)
}

func (s *described) GRPC(m *grpcx.Methods) { s.describe(s, m) }

func describe(f func(s *described, m *grpcx.Methods)) *described {
	return &described{A: none[Note, Note], B: none[Note, Note], describe: f}
}

// both describes both endpoints, B with options.
func both(opts ...grpcx.MethodOption) *described {
	return describe(func(s *described, m *grpcx.Methods) {
		m.Service("test.S")
		m.Unary("A", &s.A)
		m.Unary("B", &s.B, opts...)
	})
}

// byValue describes copies of its fields.
type byValue struct{ A endpoint.Endpoint[Note, Note] }

func (s byValue) GRPC(m *grpcx.Methods) {
	m.Service("test.S")
	m.Unary("A", &s.A)
}

// typed is a service of one endpoint, described as a method of Echo.
type typed[Req, Resp any] struct {
	Do       endpoint.Endpoint[Req, Resp]
	describe func(m *grpcx.Methods, e *endpoint.Endpoint[Req, Resp])
}

func (s *typed[Req, Resp]) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	s.describe(m, &s.Do)
}

func method[Req, Resp any](name string) *typed[Req, Resp] {
	return &typed[Req, Resp]{none[Req, Resp], func(m *grpcx.Methods, e *endpoint.Endpoint[Req, Resp]) { m.Unary(name, e) }}
}

// named is a service of one endpoint, a method of a service with any name.
type named[Req, Resp any] struct {
	Do            endpoint.Endpoint[Req, Resp]
	service, name string
	opts          []grpcx.MethodOption
}

func (s *named[Req, Resp]) GRPC(m *grpcx.Methods) {
	m.Service(s.service)
	m.Unary(s.name, &s.Do, s.opts...)
}

func packaged[Req, Resp any](service, name string, opts ...grpcx.MethodOption) *named[Req, Resp] {
	return &named[Req, Resp]{none[Req, Resp], service, name, opts}
}

// TestOwnNames has names that are no faults although generated code has similar ones.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	type pb = *echopb.Note
	for name, svc := range map[string]grpcx.Service{
		"plain types under the name of a package": packaged[Note, Note]("plain.Echo", "Say"),
		"a method that the other does not have":   packaged[pb, pb]("other.Echo", "Shout"),
		"other messages":                          packaged[pb, *emptypb.Empty]("other.Echo", "Say"),
		"another service":                         packaged[pb, pb]("other.Reply", "Say"),
		"a codec of the method":                   packaged[Note, Note]("endpoint.test.v1.Echo", "Say", grpcx.Codec(codec.JSON())),
		"tags of a type that is mapped":           &mappedTags{Do: none[tagged, tagged]},
	} {
		var r registrar
		require.NoError(t, grpcx.Register(&r, svc), name)
	}
}

// tagged is a type of the domain that another package validates.
type tagged struct {
	Text string `validate:"required"`
}

// mappedTags is a service of a type that does not go over the wire.
type mappedTags struct {
	Do endpoint.Endpoint[tagged, tagged]
}

func (s *mappedTags) GRPC(m *grpcx.Methods) {
	form := grpcx.Map(
		func(v tagged) *echopb.Note { return &echopb.Note{Text: v.Text} },
		func(m *echopb.Note) (tagged, error) { return tagged{m.GetText()}, nil },
	)
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Do, form, form)
}

// repeater is a layer for clients.
type repeater struct{ endpoint.LayerFunc }

func (repeater) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (repeater) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
func (repeater) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, t, false
}

// brokenPolicy keeps a fault of its construction.
type brokenPolicy struct{ endpoint.LayerFunc }

func (brokenPolicy) Err() error { return errors.New("policy: bad limit") }

var errTwin = endpoint.Define(endpoint.Aborted, "echo", "REFUSED", "another code")

// TestFaults has all that is wrong with a server's description.
func TestFaults(t *testing.T) {
	t.Parallel()
	type pb = *echopb.Note
	for _, tt := range []struct {
		name string
		svc  grpcx.Service
		opts []grpcx.Option
		want []string
	}{
		{"no struct", nil, nil, []string{"grpcx: <nil> is no pointer to a struct of endpoints"}},
		{"a value receiver", &byValue{none[Note, Note]}, nil, []string{"byValue: /test.S/A describes an endpoint that is no field of the service; does its method GRPC have a value receiver?", "byValue.A: it is not described"}},
		{"not described", describe(func(s *described, m *grpcx.Methods) { m.Service("test.S"); m.Unary("A", &s.A) }), nil, []string{"grpcx: described.B: it is not described; describe it, or declare it absent with Omit"}},
		{"described twice", describe(func(s *described, m *grpcx.Methods) {
			m.Service("test.S")
			m.Unary("A", &s.A)
			m.Unary("A2", &s.A)
			m.Unary("B", &s.B)
		}), nil, []string{"described.A: /test.S/A2 describes it again"}},
		{"one name twice", describe(func(s *described, m *grpcx.Methods) { m.Service("test.S"); m.Unary("A", &s.A); m.Unary("A", &s.B) }), nil, []string{"described.B: it is /test.S/A, as described.A is"}},
		{"nil pointer", describe(func(s *described, m *grpcx.Methods) {
			m.Service("test.S")
			m.Unary("A", &s.A)
			m.Unary("B", &s.B)
			m.Unary("C", (*endpoint.Endpoint[Note, Note])(nil))
		}), nil, []string{"described: /test.S/C describes a nil pointer"}},
		{"no service", describe(func(s *described, m *grpcx.Methods) { m.Unary("A", &s.A); m.Omit(&s.B) }), nil, []string{`described.A: the method "A" belongs to no service; call Service first`}},
		{"bad names", describe(func(s *described, m *grpcx.Methods) { m.Service("a/b"); m.Unary("A b", &s.A); m.Omit(&s.B) }), nil, []string{`described: "a/b" is not a name of a gRPC service`, `described.A: "A b" is not a name of a method`}},
		{"unset", &described{A: none[Note, Note], describe: both().describe}, nil, []string{"described.B: the endpoint is nil; set it, or give it the option Partial"}},
		{"nil option", both(), []grpcx.Option{nil}, []string{"grpcx: a nil option"}},
		{"nil hook", both(), []grpcx.Option{grpcx.ErrorHook(nil)}, []string{"option ErrorHook: the function is nil"}},
		{"options of a client", both(), []grpcx.Option{grpcx.CallOptions()}, []string{"option CallOptions is for clients"}},
		{"nil formats", both(), []grpcx.Option{grpcx.Formats(nil)}, []string{"option Formats: no format, or a nil one"}},
		{"one format twice", both(), []grpcx.Option{grpcx.Formats(codec.JSON(), codec.JSON())}, []string{`described.A: request: two formats have the content-subtype "json"`}},
		{"a format without a subtype", both(), []grpcx.Option{grpcx.Formats(rawFormat{"json"})}, []string{`the format's media type "json" has no content-subtype of gRPC`}},
		{"method options", both(grpcx.Named(""), grpcx.MaxMessage(0), grpcx.Codec(nil), grpcx.Fails(nil, endpoint.Errorf(endpoint.Aborted, "x"))), nil, []string{
			"described.B: option Named: the name is empty", "option MaxMessage: 0 is not positive", "option Codec: the format is nil", "option Fails: a nil error", `option Fails: "x" has no identity`,
		}},
		{"a negative SendTimeout", both(grpcx.SendTimeout(-time.Second)), nil, []string{"described.B: option SendTimeout: -1s is negative"}},
		{"one identity, two codes", both(grpcx.Fails(ErrRefused, errTwin)), nil, []string{"described.B: option Fails: echo/REFUSED is declared with the codes FAILED_PRECONDITION and ABORTED"}},
		{"a repeater", both(), []grpcx.Option{grpcx.Use(repeater{})}, []string{"described.A: option Use: ", "repeats calls and is for clients", "described.B: option Use: "}},
		{"a broken policy", both(), []grpcx.Option{grpcx.Use(brokenPolicy{})}, []string{"policy: bad limit"}},
		{"a mixed pair", method[pb, Note]("Say"), nil, []string{"typed.Do: the request is *echopb.Note and the response grpcx_test.Note: one is a message of protobuf, the other is not; map the other with UnaryAs"}},
		{"a message by value", method[echopb.Note, pb]("Say"), nil, []string{"typed.Do: request: echopb.Note is a message of protobuf by value; use *echopb.Note"}},
		{"a stream as a message", method[pb, endpoint.Stream[pb]]("Count"), nil, []string{"typed.Do: response: a Stream is no message; use ServerStream, ClientStream or Bidi"}},
		{"no such method", method[pb, pb]("Shout"), nil, []string{`typed.Do: the service endpoint.test.v1.Echo has no method "Shout" in echo.proto`}},
		{"another kind", method[pb, pb]("Count"), nil, []string{"typed.Do: it is described as unary, and /endpoint.test.v1.Echo/Count is server stream"}},
		{"another message", method[pb, *emptypb.Empty]("Say"), nil, []string{"typed.Do: response: it is google.protobuf.Empty, and /endpoint.test.v1.Echo/Say has endpoint.test.v1.Note"}},
		{"a misspelt package", packaged[pb, pb]("endpoint.tests.v1.Echo", "Say"), nil, []string{"named.Do: generated code has this method in the service endpoint.test.v1.Echo of echo.proto, not in endpoint.tests.v1.Echo"}},
		{"no package", packaged[pb, pb]("Echo", "Look"), nil, []string{"named.Do: generated code has this method in the service endpoint.test.v1.Echo of echo.proto, not in Echo"}},
		{"a service in another case", packaged[pb, pb]("endpoint.test.v1.echo", "Say"), nil, []string{"generated code has this method in the service endpoint.test.v1.Echo"}},
		{"plain types for messages", method[Note, int]("Say"), nil, []string{"typed.Do: the service endpoint.test.v1.Echo of echo.proto has messages of protobuf, and the request is grpcx_test.Note and the response int: map both with UnaryAs, or give the service another name"}},
		{"plain types, streamed", &typed[Note, endpoint.Stream[Note]]{none[Note, endpoint.Stream[Note]], func(m *grpcx.Methods, e *endpoint.Endpoint[Note, endpoint.Stream[Note]]) {
			m.ServerStream("Count", e)
		}}, nil, []string{"the request is grpcx_test.Note and the response grpcx_test.Note: map both with ServerStreamAs"}},
		{"tags that nothing reads", packaged[struct {
			A string `json:"a" validate:"required"`
		}, []struct {
			B string `json:"b" maxItems:"3"`
		}]("test.S", "X"), nil, []string{
			`named.Do: request: field A: nothing reads the tag validate, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it; required:"true" is read`,
			`named.Do: response: field B: tag maxItems has no meaning here: it is a text`,
		}},
		{"no form", method[func(), func()]("X"), nil, []string{"typed.Do: request: ", "response: "}},
		{"an empty mapping", &typed[Note, Note]{none[Note, Note], func(m *grpcx.Methods, e *endpoint.Endpoint[Note, Note]) {
			m.UnaryAs("Say", e, grpcx.Mapping[Note, pb]{}, note)
		}}, nil, []string{"typed.Do: request: the Mapping of grpcx_test.Note lacks a function; make it with Map"}},
		{"a mapping with a codec", &typed[Note, Note]{none[Note, Note], func(m *grpcx.Methods, e *endpoint.Endpoint[Note, Note]) {
			m.UnaryAs("Say", e, note, note, grpcx.Codec(codec.JSON()))
		}}, nil, []string{"typed.Do: option Codec: messages that are mapped are protobuf's"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r registrar
			err := grpcx.Register(&r, tt.svc, tt.opts...)
			require.Error(t, err)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.Nil(t, r.desc, "nothing is registered")
		})
	}
}

// TestFaultsOfClients has what is wrong on a client's side alone.
func TestFaultsOfClients(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		to   endpoint.Target[grpc.ClientConnInterface]
		opts []grpcx.Option
		want string
	}{
		{"no target", nil, nil, "grpcx: the target is nil"},
		{"no connection", grpcx.To(nil), nil, "grpcx: To: the connection is nil"},
		{"a nil connection", grpcx.To((*grpc.ClientConn)(nil)), nil, "grpcx: To: the connection is nil"},
		{"a nil connection of the user's", grpcx.To((*fakeConn)(nil)), nil, "grpcx: To: the connection is nil"},
		{"a nil Conn", (*grpcx.Conn)(nil), nil, "grpcx: To: the connection is nil"},
		{"options of a server", grpcx.To(&fakeConn{}), []grpcx.Option{grpcx.ErrorHook(func(context.Context, error) {})}, "option ErrorHook is for servers"},
		{"a nil call option", grpcx.To(&fakeConn{}), []grpcx.Option{grpcx.CallOptions(nil)}, "option CallOptions: a nil option"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c Echo
			require.ErrorContains(t, grpcx.Client(tt.to, &c, tt.opts...), tt.want)
			require.Nil(t, c.Say, "nothing is set")
		})
	}
}

// fakeConn is a connection that is none.
type fakeConn struct {
	grpc.ClientConnInterface

	invoke func(ctx context.Context, reply any, opts []grpc.CallOption) error
}

func (c *fakeConn) Invoke(ctx context.Context, _ string, _, reply any, opts ...grpc.CallOption) error {
	return c.invoke(ctx, reply, opts)
}

// TestRegisteredTwice finds what grpc-go would end the program for.
func TestRegisteredTwice(t *testing.T) {
	t.Parallel()
	s := grpc.NewServer()
	for _, none := range []grpc.ServiceRegistrar{nil, (*grpc.Server)(nil), (*registrar)(nil)} {
		require.ErrorContains(t, grpcx.Register(none, both()), "grpcx: the registrar is nil")
	}
	require.NoError(t, grpcx.Register(s, both()))
	require.ErrorContains(t, grpcx.Register(s, both()), "grpcx: described: the service test.S is registered already")
	echopb.RegisterEchoServer(s, generated{})
	e := echo()
	require.ErrorContains(t, grpcx.Register(s, &e), "endpoint.test.v1.Echo is registered already")
}

// gateway has two parts of one type, and one of its own.
type gateway struct {
	Own   endpoint.Endpoint[Note, Note]
	Main  plainEcho
	Spare *Echo
}

func (g *gateway) GRPC(m *grpcx.Methods) {
	m.Service("test.Gateway", grpcx.Idempotent())
	m.Unary("Own", &g.Own)
	g.Main.GRPC(m)
	m.Service("endpoint.test.v1.Echo", grpcx.Named("spare"))
	m.UnaryAs("Say", &g.Spare.Say, note, note)
	m.UnaryAs("Look", &g.Spare.Look, note, note)
	m.Omit(&g.Spare.Count)
	m.Omit(&g.Spare.Sum)
	m.Omit(&g.Spare.Talk)
}

// TestOperations has services within a service, and what layers are told of each
// operation.
func TestOperations(t *testing.T) {
	t.Parallel()
	e := echo()
	ops := map[string]endpoint.Operation{}
	see := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		seen := *op
		seen.StatusOf, seen.SizeOf = nil, nil // functions are not compared
		ops[op.Service+"."+op.Name] = seen
		return ctx, nil, nil
	})
	conn := serve(t, register(t, &gateway{Own: e.Say, Main: plainEcho{e}, Spare: &e}, grpcx.Use(see)))
	c := gateway{Spare: new(Echo)}
	connect(t, conn, &c)
	for _, call := range []endpoint.Endpoint[Note, Note]{c.Own, c.Main.Say, c.Spare.Say, c.Spare.Look} {
		got, err := call(t.Context(), Note{Text: "a"})
		require.NoError(t, err)
		require.Equal(t, "a", got.Text)
	}
	_, err := c.Spare.Count(t.Context(), Note{})
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "Count is not served over gRPC")
	require.Equal(t, endpoint.Operation{Service: "gateway", Name: "Own", Side: endpoint.ServerSide, Transport: "grpc", Method: "/test.Gateway/Own", Idempotent: true}, ops["gateway.Own"])
	require.Equal(t, "/plain.Echo/Say", ops["Echo.Say"].Method)
	require.False(t, ops["Echo.Say"].Idempotent, "the options of a service end with the next")
	require.Equal(t, "/endpoint.test.v1.Echo/Say", ops["spare.Say"].Method)
	require.True(t, ops["spare.Look"].Idempotent, "the descriptor says so")
	require.False(t, ops["spare.Say"].Idempotent)
}

// TestPartial answers for an endpoint that is not set.
func TestPartial(t *testing.T) {
	t.Parallel()
	conn := serve(t, register(t, &partial{}))
	var c messageEcho
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), &echopb.Note{})
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	items, err := c.Count(t.Context(), &echopb.Note{})
	require.NoError(t, err)
	_, err = items.Collect()
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	_, err = c.Sum(t.Context(), endpoint.StreamOf(&echopb.Note{}))
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

// TestBeside serves generated code and a service of ours on one server, which has
// health and reflection too.
func TestBeside(t *testing.T) {
	t.Parallel()
	var rec endpointtest.Recorder
	conn := serve(t, func(s *grpc.Server) {
		echopb.RegisterEchoServer(s, generated{})
		require.NoError(t, grpcx.Register(s, &plainEcho{echo()}, grpcx.Use(rec.Layer("a"), rec.Layer("b"))))
	})
	got, err := echopb.NewEchoClient(conn).Say(t.Context(), &echopb.Note{Text: "a"})
	require.NoError(t, err)
	require.Equal(t, "a", got.GetText())
	require.Empty(t, rec.Lines())
	var c plainEcho
	connect(t, conn, &c)
	_, err = c.Say(t.Context(), Note{})
	require.NoError(t, err)
	require.Equal(t, []string{"enter a", "enter b", "exit b", "exit a"}, rec.Lines())
}
