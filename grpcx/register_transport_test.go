package grpcx_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// jsonZoo describes the endpoints of the conformance table to gRPC, with JSON as
// the format of its messages.
type jsonZoo struct {
	*transporttest.Zoo

	limit int
}

func (z *jsonZoo) GRPC(m *grpcx.Methods) {
	m.Service("test.JSONZoo", grpcx.Fails(transporttest.Fails()...), grpcx.MaxMessage(z.limit))
	m.Unary("Unary", &z.Unary)
	m.Unary("Idempotent", &z.Idempotent, grpcx.Idempotent())
	m.Unary("Empty", &z.Empty)
	m.ServerStream("ServerStream", &z.ServerStream)
	m.ClientStream("ClientStream", &z.ClientStream)
	m.Bidi("Bidi", &z.Bidi)
}

// protoZoo does, with messages of protobuf that the domain's types are mapped to.
type protoZoo struct {
	*transporttest.Zoo

	limit int
}

func (z *protoZoo) GRPC(m *grpcx.Methods) {
	m.Service("test.ProtoZoo", grpcx.Fails(transporttest.Fails()...), grpcx.MaxMessage(z.limit))
	m.UnaryAs("Unary", &z.Unary, zooMessage, zooMessage)
	m.UnaryAs("Idempotent", &z.Idempotent, zooMessage, zooMessage, grpcx.Idempotent())
	m.UnaryAs("Empty", &z.Empty, zooEmpty, zooEmpty)
	m.ServerStreamAs("ServerStream", &z.ServerStream, zooMessage, zooMessage)
	m.ClientStreamAs("ClientStream", &z.ClientStream, zooMessage, zooMessage)
	m.BidiAs("Bidi", &z.Bidi, zooMessage, zooMessage)
}

// trapField is the number of a field that a Note lacks, so that a message of the
// table fits into one.
const trapField = 4

var (
	zooMessage = grpcx.Map(
		func(m transporttest.Message) *echopb.Note {
			n := &echopb.Note{Text: m.Text, Number: m.Number, Blob: m.Blob}
			trap, err := m.Trap.MarshalText()
			if err != nil {
				n.Text = "\xff" // a Mapping cannot fail, and protobuf refuses this text
			}
			if len(trap) > 0 {
				n.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, trapField, protowire.BytesType), trap))
			}
			return n
		},
		func(n *echopb.Note) (transporttest.Message, error) {
			m := transporttest.Message{Text: n.GetText(), Number: n.GetNumber(), Blob: n.GetBlob()}
			unknown := n.ProtoReflect().GetUnknown()
			if len(unknown) == 0 {
				return m, nil
			}
			_, _, size := protowire.ConsumeTag(unknown)
			trap, _ := protowire.ConsumeBytes(unknown[size:])
			return m, m.Trap.UnmarshalText(trap)
		},
	)
	zooEmpty = grpcx.Map(
		func(endpoint.Empty) *emptypb.Empty { return &emptypb.Empty{} },
		func(*emptypb.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
	)
)

// serveZoo returns what serves and connects zoos over gRPC, described by the
// service that describe returns.
func serveZoo(describe func(z *transporttest.Zoo, limit int) grpcx.Service) func(*transporttest.Zoo, transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
	return func(z *transporttest.Zoo, e transporttest.End) (func(*transporttest.Zoo, transporttest.End) error, error) {
		s := grpc.NewServer(grpcx.ServerOptions()...)
		if err := grpcx.Register(s, describe(z, e.MaxMessage), grpcx.Use(e.Layers...), grpcx.ErrorHook(e.Hook)); err != nil {
			return nil, err
		}
		l := endpointtest.NewListener()
		e.Cleanup(s.Stop)
		go s.Serve(l)
		return func(z *transporttest.Zoo, e transporttest.End) error {
			conn, err := grpc.NewClient("passthrough:///zoo", grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }))
			if err != nil {
				return err
			}
			e.Cleanup(func() { conn.Close() })
			return grpcx.Client(e.Counted(grpcx.To(conn)), describe(z, e.MaxMessage), grpcx.Use(e.Layers...))
		}, nil
	}
}

// TestTransport runs the conformance table with both kinds of messages.
func TestTransport(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Transport{
		Name:  "gRPC with protobuf",
		Serve: serveZoo(func(z *transporttest.Zoo, limit int) grpcx.Service { return &protoZoo{z, limit} }),
		Limits: map[transporttest.Case]string{
			transporttest.UnwritableResponses: "grpc-go encodes the response of a unary call after the handler has returned, where no hook hears of a fault",
		},
	})
	transporttest.Run(t, transporttest.Transport{
		Name:  "gRPC with JSON",
		Serve: serveZoo(func(z *transporttest.Zoo, limit int) grpcx.Service { return &jsonZoo{z, limit} }),
	})
}

// rawNote is a message whose bytes are sent as they are.
type rawNote struct{ data []byte }

// rawFormat writes a rawNote in the name of another format.
type rawFormat struct{ media string }

func (f rawFormat) MediaType() string { return f.media }

func (rawFormat) Append(dst []byte, v any) ([]byte, error) {
	return append(dst, v.(*rawNote).data...), nil
}

func (rawFormat) Decode([]byte, any) error { return nil }

// TestMalformedRequest sends bytes that are not a message, which a client of the
// table cannot do.
func TestMalformedRequest(t *testing.T) {
	t.Parallel()
	e := echo()
	conn := serve(t, func(s *grpc.Server) {
		require.NoError(t, grpcx.Register(s, &e))
		require.NoError(t, grpcx.Register(s, &plainEcho{e}))
	})
	for service, media := range map[string]string{"endpoint.test.v1.Echo": "application/protobuf", "plain.Echo": "application/json"} {
		raw := &rawSay{service: service, media: media}
		connect(t, conn, raw)
		_, err := raw.Say(t.Context(), rawNote{[]byte("{\xff")})
		require.ErrorIs(t, err, grpcx.ErrInvalidRequest, service)
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), service)
		require.True(t, endpoint.ErrorOf(err).Remote(), service)
	}
}
