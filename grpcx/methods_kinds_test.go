package grpcx_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
)

// TestKinds calls each kind of method, mapped to protobuf and as JSON.
func TestKinds(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]func(e Echo) (grpcx.Service, *Echo){
		"protobuf": func(e Echo) (grpcx.Service, *Echo) { return &e, &e },
		"JSON":     func(e Echo) (grpcx.Service, *Echo) { p := &plainEcho{e}; return p, &p.Echo },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := form(echo())
			conn := serve(t, register(t, server))
			svc, c := form(Echo{})
			connect(t, conn, svc)
			fourKinds(t, c)
		})
	}
}

func fourKinds(t *testing.T, c *Echo) {
	t.Helper()
	ctx := t.Context()
	in := Note{"a", 3, []byte{0, 255}}
	got, err := c.Say(ctx, in)
	require.NoError(t, err)
	require.Equal(t, in, got)

	items, err := c.Count(ctx, Note{Text: "x", Number: 3})
	require.NoError(t, err)
	all, err := items.Collect()
	require.NoError(t, err)
	require.Equal(t, []Note{{Text: "x"}, {Text: "x", Number: 1}, {Text: "x", Number: 2}}, all)

	total, err := c.Sum(ctx, endpoint.StreamOf(Note{Number: 1}, Note{Number: 2}, Note{Number: 39}))
	require.NoError(t, err)
	require.Equal(t, Note{Number: 42}, total)

	items, err = c.Talk(ctx, endpoint.StreamOf(Note{Text: "a"}, Note{Text: "b"}))
	require.NoError(t, err)
	all, err = items.Collect()
	require.NoError(t, err)
	require.Equal(t, []Note{{Text: "a"}, {Text: "b"}}, all)

	items, err = c.Talk(ctx, nil)
	require.NoError(t, err)
	all, err = items.Collect()
	require.NoError(t, err)
	require.Empty(t, all)
}

// TestGeneratedClient calls a server of ours with generated code.
func TestGeneratedClient(t *testing.T) {
	t.Parallel()
	e := echo()
	c := echopb.NewEchoClient(serve(t, register(t, &e)))
	ctx := t.Context()
	got, err := c.Say(ctx, &echopb.Note{Text: "a", Number: 3, Blob: []byte{0, 255}})
	require.NoError(t, err)
	require.Equal(t, "a", got.GetText())
	require.Equal(t, []byte{0, 255}, got.GetBlob())

	counting, err := c.Count(ctx, &echopb.Note{Number: 2})
	require.NoError(t, err)
	var numbers []int64
	for {
		n, err := counting.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		numbers = append(numbers, n.GetNumber())
	}
	require.Equal(t, []int64{0, 1}, numbers)

	summing, err := c.Sum(ctx)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, summing.Send(&echopb.Note{Number: 14}))
	}
	total, err := summing.CloseAndRecv()
	require.NoError(t, err)
	require.Equal(t, int64(42), total.GetNumber())

	talking, err := c.Talk(ctx)
	require.NoError(t, err)
	for _, text := range []string{"a", "b"} {
		require.NoError(t, talking.Send(&echopb.Note{Text: text}))
		n, err := talking.Recv()
		require.NoError(t, err)
		require.Equal(t, text, n.GetText())
	}
	require.NoError(t, talking.CloseSend())
	_, err = talking.Recv()
	require.Equal(t, io.EOF, err)
}

// generated is a server of generated code.
type generated struct {
	echopb.UnimplementedEchoServer
}

func (generated) Say(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }

func (generated) Count(n *echopb.Note, s grpc.ServerStreamingServer[echopb.Note]) error {
	for i := range n.GetNumber() {
		if err := s.Send(&echopb.Note{Text: n.GetText(), Number: i}); err != nil {
			return err
		}
	}
	return nil
}

func (generated) Sum(s grpc.ClientStreamingServer[echopb.Note, echopb.Note]) error {
	var total int64
	for {
		n, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(&echopb.Note{Number: total})
		}
		if err != nil {
			return err
		}
		total += n.GetNumber()
	}
}

func (generated) Talk(s grpc.BidiStreamingServer[echopb.Note, echopb.Note]) error {
	for {
		n, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(n); err != nil {
			return err
		}
	}
}

// TestGeneratedServer calls a server of generated code with a client of ours.
func TestGeneratedServer(t *testing.T) {
	t.Parallel()
	conn := serve(t, func(s *grpc.Server) { echopb.RegisterEchoServer(s, generated{}) })
	var c Echo
	connect(t, conn, &c)
	fourKinds(t, &c)
	_, err := c.Look(t.Context(), Note{})
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
}

// TestMessages uses the messages themselves as types.
func TestMessages(t *testing.T) {
	t.Parallel()
	conn := serve(t, func(s *grpc.Server) { echopb.RegisterEchoServer(s, generated{}) })
	var c messageEcho
	connect(t, conn, &c)
	// What a client got is itself a service to serve.
	gateway := serve(t, register(t, &c))
	var through messageEcho
	connect(t, gateway, &through)
	got, err := through.Say(t.Context(), &echopb.Note{Text: "a"})
	require.NoError(t, err)
	require.Equal(t, "a", got.GetText())
	items, err := through.Talk(t.Context(), endpoint.StreamOf(&echopb.Note{Text: "a"}, &echopb.Note{Text: "b"}))
	require.NoError(t, err)
	all, err := items.Collect()
	require.NoError(t, err)
	require.Len(t, all, 2)
	total, err := through.Sum(t.Context(), endpoint.StreamOf(&echopb.Note{Number: 40}, &echopb.Note{Number: 2}))
	require.NoError(t, err)
	require.Equal(t, int64(42), total.GetNumber())
}
