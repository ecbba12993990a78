//go:build !race

package grpcx_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
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

// TestAllocsOfSendTimeout is not parallel, as AllocsPerRun asks: the time that a reader
// has for a message costs a response stream its timer, and its messages nothing.
func TestAllocsOfSendTimeout(t *testing.T) {
	data, err := proto.Marshal(&echopb.Note{Number: 1})
	require.NoError(t, err)
	tapped, err := grpcx.FirstMessage(time.Minute)(t.Context(), nil)
	require.NoError(t, err)
	count := func(ctx context.Context, messages int) float64 {
		item := new(echopb.Note)
		var r registrar
		require.NoError(t, grpcx.Register(&r, &partial{messageEcho{Count: func(context.Context, *echopb.Note) (endpoint.Stream[*echopb.Note], error) {
			return func(yield func(*echopb.Note, error) bool) {
				for range messages {
					if !yield(item, nil) {
						return
					}
				}
			}, nil
		}}}))
		i := slices.IndexFunc(r.desc.Streams, func(d grpc.StreamDesc) bool { return d.StreamName == "Count" })
		return testing.AllocsPerRun(100, func() {
			if err := r.desc.Streams[i].Handler(r.impl, &fakeStream{ctx: ctx, data: data, left: 1}); err != nil {
				t.Fatal(err)
			}
		})
	}
	plain := count(t.Context(), 1) // without a tap
	one, many := count(tapped, 1), count(tapped, 1000)
	const firstWait, timer = 3, 3 // with what each of them calls
	if one > plain+firstWait+timer {
		t.Errorf("a stream of a server with a tap has %v allocations, %v without; want at most %d more", one, plain, firstWait+timer)
	}
	if more := many - one; more > 0 {
		t.Errorf("999 messages more have %v allocations more, want none by the timer", more)
	}
}
