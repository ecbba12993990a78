package grpcx_test

import (
	"context"
	"io"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// BenchmarkHandler is a unary call without a transport: what a server of ours
// adds to generated code.
func BenchmarkHandler(b *testing.B) {
	data, err := proto.Marshal(&echopb.Note{Text: "hello, world", Number: 42})
	if err != nil {
		b.Fatal(err)
	}
	for name, register := range map[string]func(s grpc.ServiceRegistrar) error{
		"generated": func(s grpc.ServiceRegistrar) error { echopb.RegisterEchoServer(s, generated{}); return nil },
		"grpcx": func(s grpc.ServiceRegistrar) error {
			return grpcx.Register(s, &partial{messageEcho{Say: func(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }}})
		},
	} {
		b.Run(name, func(b *testing.B) {
			var r registrar
			if err := register(&r); err != nil {
				b.Fatal(err)
			}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if err := r.callOnce(ctx, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkItem is an item of a request stream without a transport.
func BenchmarkItem(b *testing.B) {
	data, err := proto.Marshal(&echopb.Note{Text: "item", Number: 42})
	if err != nil {
		b.Fatal(err)
	}
	for name, register := range map[string]func(s grpc.ServiceRegistrar) error{
		"generated": func(s grpc.ServiceRegistrar) error { echopb.RegisterEchoServer(s, generated{}); return nil },
		"grpcx": func(s grpc.ServiceRegistrar) error {
			return grpcx.Register(s, &partial{messageEcho{Sum: func(_ context.Context, notes endpoint.Stream[*echopb.Note]) (*echopb.Note, error) {
				var total int64
				for n, err := range notes {
					if err != nil {
						return nil, err
					}
					total += n.GetNumber()
				}
				return &echopb.Note{Number: total}, nil
			}}})
		},
	} {
		b.Run(name, func(b *testing.B) {
			var r registrar
			if err := register(&r); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			s := &fakeStream{ctx: b.Context(), data: data, left: b.N}
			for _, d := range r.desc.Streams {
				if d.StreamName == "Sum" {
					if err := d.Handler(r.impl, s); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// fakeStream is a request stream in memory.
type fakeStream struct {
	grpc.ServerStream

	ctx  context.Context
	data []byte
	left int
}

func (s *fakeStream) Context() context.Context { return s.ctx }

func (s *fakeStream) SendMsg(any) error { return nil }

func (s *fakeStream) RecvMsg(m any) error {
	if s.left == 0 {
		return io.EOF
	}
	s.left--
	return proto.Unmarshal(s.data, m.(proto.Message))
}
