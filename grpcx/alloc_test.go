//go:build !race

package grpcx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// TestAllocs is not parallel, as AllocsPerRun asks: a call has one allocation
// more than in generated code, the Call's.
func TestAllocs(t *testing.T) {
	data, err := proto.Marshal(&echopb.Note{Number: 1})
	require.NoError(t, err)
	count := func(register func(s grpc.ServiceRegistrar)) float64 {
		var r registrar
		register(&r)
		return testing.AllocsPerRun(100, func() {
			if err := r.callOnce(context.Background(), data); err != nil { //nolint:usetesting // it is not the test's
				t.Fatal(err)
			}
		})
	}
	raw := count(func(s grpc.ServiceRegistrar) { echopb.RegisterEchoServer(s, generated{}) })
	ours := count(func(s grpc.ServiceRegistrar) {
		svc := &messageEcho{Say: func(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }}
		svc.Look, svc.Count, svc.Sum, svc.Talk = svc.Say, nil, nil, nil
		require.NoError(t, grpcx.Register(s, &partial{*svc}))
	})
	placed := count(func(s grpc.ServiceRegistrar) {
		svc := &messageEcho{Say: func(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }}
		require.NoError(t, grpcx.Register(s, &partial{*svc}, grpcx.Use(resilience.NewBulkhead(10), resilience.NewBulkhead(10))))
	})
	if placed > ours {
		t.Errorf("a call with layers that take places has %v allocations, %v without; want no more", placed, ours)
	}
	if ours > raw+1 {
		t.Errorf("a call has %v allocations, %v in generated code; want at most one more", ours, raw)
	}
}

// TestAllocsOfMapped is not parallel, as AllocsPerRun asks: a call whose messages
// are mapped has the allocation of the Call more than the code of TestAllocs, and
// the response that its Mapping makes.
func TestAllocsOfMapped(t *testing.T) {
	data, err := proto.Marshal(&echopb.Note{Number: 1})
	require.NoError(t, err)
	var direct, viaMapping registrar
	svc := &messageEcho{Say: func(_ context.Context, n *echopb.Note) (*echopb.Note, error) { return n, nil }}
	require.NoError(t, grpcx.Register(&direct, &partial{*svc}))
	mapped := echo()
	require.NoError(t, grpcx.Register(&viaMapping, &mapped))
	count := func(r *registrar) float64 {
		return testing.AllocsPerRun(100, func() {
			if err := r.callOnce(context.Background(), data); err != nil { //nolint:usetesting // it is not the test's
				t.Fatal(err)
			}
		})
	}
	const response = 1
	if with, without := count(&viaMapping), count(&direct); with > without+response {
		t.Errorf("a call with a Mapping has %v allocations, %v without; want at most one more", with, without)
	}
}
