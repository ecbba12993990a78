package main

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

var errFull = errors.New("the gate is full")

// A gate is a layer of the workload "real": it counts calls, refuses those over
// a limit, and counts failures. All kinds do this same work; it is written once,
// small enough to be inlined into each of them.
type gate struct {
	calls, failures atomic.Int64
	limit           int64
}

func newGates(n int) []*gate {
	gates := make([]*gate, n)
	for i := range gates {
		gates[i] = &gate{limit: math.MaxInt64}
	}
	return gates
}

func (g *gate) enter() error {
	if g.calls.Add(1) > g.limit {
		return errFull
	}
	return nil
}

func (g *gate) exit(err error) {
	if err != nil {
		g.failures.Add(1)
	}
}

// Wrap makes gate a typed middleware.
//
//go:noinline
func (g *gate) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		if err := g.enter(); err != nil {
			return *new(Resp), err
		}
		resp, err = next(ctx, req)
		g.exit(err)
		return resp, err
	}
}

// Enter and Exit make gate an [endpoint.Layer].
func (g *gate) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, g.enter()
}

func (g *gate) Exit(_ context.Context, _ endpoint.Token, err error) error {
	g.exit(err)
	return err
}

// unwind is for the hand-inlined code: a refusal is a failure for the gates
// outside.
func unwind(gates []*gate, err error) error {
	for _, g := range gates {
		g.exit(err)
	}
	return err
}
