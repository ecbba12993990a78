//go:build !race

package endpoint_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"github.com/typedkit/endpoint"
)

// pass is a middleware that does nothing.
func pass(next endpoint.Endpoint[[2]int, [2]int]) endpoint.Endpoint[[2]int, [2]int] {
	return func(ctx context.Context, req [2]int) ([2]int, error) { return next(ctx, req) }
}

// stateful is a layer that carries state from Enter to Exit.
type stateful struct{ in, out int }

func (s *stateful) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	s.in++
	return ctx, endpoint.Token{N: int64(s.in), P: s}, nil
}

func (s *stateful) Exit(_ context.Context, t endpoint.Token, err error) error {
	if t.P == s && t.N == int64(s.in) {
		s.out++
	}
	return err
}

func TestAllocations(t *testing.T) { // not parallel: it counts
	ctx := t.Context()
	e := func(_ context.Context, req [2]int) ([2]int, error) { return req, nil }
	stack := func(n int) endpoint.Endpoint[[2]int, [2]int] {
		var s endpoint.Stack
		for range n {
			s = append(s, new(stateful))
		}
		return s.Wrap(e)
	}
	for _, tt := range []struct {
		name string
		e    endpoint.Endpoint[[2]int, [2]int]
		want float64
	}{
		{"Chain of 10", endpoint.Chain(e, pass, pass, pass, pass, pass, pass, pass, pass, pass, pass), 0},
		{"Recover", endpoint.Chain(e, endpoint.Recover), 0},
		{"Stack of 1", stack(1), 0},
		{"Stack of 4", stack(4), 0},
		{"Stack of 8", stack(8), 0},
		{"Only", endpoint.Stack{endpoint.Only(new(stateful), always)}.Wrap(e), 0},
		{"LayerFunc", endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { return errOf(ctx, err) }, nil
		}).Wrap(e), 1},
	} {
		if got := testing.AllocsPerRun(100, func() {
			if _, err := tt.e(ctx, [2]int{1, 2}); err != nil {
				t.Error(err)
			}
		}); got != tt.want {
			t.Errorf("%s: %v allocations for each call, want %v", tt.name, got, tt.want)
		}
	}

	op := &endpoint.Operation{Side: endpoint.ClientSide}
	header := endpoint.HTTPHeader(map[string][]string{"X-Id": {"7"}})
	if got := testing.AllocsPerRun(100, func() {
		ctx, w, err := endpoint.StartCall(ctx, op, header, endpoint.Header{})
		c := (*endpoint.Call)(w)
		if err != nil || endpoint.CallFrom(ctx) != c || endpoint.AttemptFrom(ctx) != nil || c.Header().Get("X-Id") != "7" {
			t.Error("the Call is not found")
		}
	}); got != 1 {
		t.Errorf("StartCall and what layers ask: %v allocations, want 1", got)
	}
}

// errOf makes the closure of a LayerFunc one that captures something.
func errOf(ctx context.Context, err error) error {
	if err == nil {
		return ctx.Err()
	}
	return err
}

// TestAllocationsOfMeta guards that metadata are added in linear space: an error from
// a peer is built from as many as the peer likes, one by one.
func TestAllocationsOfMeta(t *testing.T) { // not parallel: it counts
	const n = 2000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e := endpoint.Errorf(endpoint.Aborted, "x")
	for _, k := range keys {
		e = e.WithMeta(k, "")
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1000*n {
		t.Errorf("an error with %d metadata took %d bytes to make, want at most %d", n, bytes, 1000*n)
	}
	if got := len(e.Meta()); got != n {
		t.Errorf("it has %d metadata, want %d", got, n)
	}
}
