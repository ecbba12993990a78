package grpcx_test

import (
	"context"
	"testing"

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
