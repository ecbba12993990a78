package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
)

// check shows, before anything is timed, that the variant answers right and
// through all its layers.
func (v *variant) check(m maker) error {
	if err := v.answers(); err != nil {
		return err
	}
	switch {
	case v.work == workReal:
		return v.checkGates()
	case v.kind == kindStack:
		return m.checkStack(v.depth)
	}
	return v.checkTrail()
}

// answers checks one good call and one that the handler refuses.
func (v *variant) answers() error {
	id, last, err := v.call(goodID, 41)
	if err != nil {
		return fmt.Errorf("instead of an answer: %w", err)
	}
	if id != goodID || last != 42 {
		return fmt.Errorf("the answer is (%d, %d), want (%d, 42)", id, last, goodID)
	}
	_, _, err = v.call(refuseID, 0)
	return wantError(err, errRefused)
}

// checkGates expects that each gate saw the two calls of answers. Then it shuts
// the innermost gate: the call fails there, and is a failure for the others.
func (v *variant) checkGates() error {
	want := func(gates []*gate, calls, failures int64) error {
		for i, g := range gates {
			if c, f := g.calls.Load(), g.failures.Load(); c != calls || f != failures {
				return fmt.Errorf("layer %d counted %d calls and %d failures, want %d and %d", i+1, c, f, calls, failures)
			}
		}
		return nil
	}
	if err := want(v.gates, 2, 1); err != nil || v.depth == 0 {
		return err
	}
	innermost := v.gates[v.depth-1]
	limit := innermost.limit
	innermost.limit = 0
	_, _, err := v.call(goodID, 0)
	innermost.limit = limit
	return errors.Join(
		wantError(err, errFull),
		want(v.gates[:v.depth-1], 3, 2),
		want(v.gates[v.depth-1:], 3, 1),
	)
}

// wantError compares an error by its identity: a copy of another text would be
// another error.
func wantError(got, want error) error {
	if errors.Is(got, want) {
		return nil
	}
	return errors.Join(errors.New("the error is not: "+want.Error()), got)
}

// checkTrail expects as many pass-through layers on the stack as the chain is
// deep.
func (v *variant) checkTrail() error {
	_, _, err := v.call(trailID, 0)
	t, ok := errors.AsType[*trail](err)
	if !ok {
		return errors.Join(errors.New("the error is not the trail of the call"), err)
	}
	if t.layers != v.depth {
		return fmt.Errorf("the call came through %d layers, want %d", t.layers, v.depth)
	}
	return nil
}

// checkStack is checkTrail for a Stack, whose layers are on the goroutine's stack
// only before and after the call. A stack of the same pass-through layers, each
// with a counter around it, is put together in the same way.
func (m maker) checkStack(depth int) error {
	all := layers(depth, nil)
	counters := make([]*counter, depth)
	for i, l := range all {
		counters[i] = &counter{Layer: l}
		all[i] = counters[i]
	}
	if _, _, err := m.stack(all).call(goodID, 0); err != nil {
		return err
	}
	for i, c := range counters {
		if c.entered != 1 || c.exited != 1 {
			return fmt.Errorf("layer %d was entered %d times and exited %d times, want once", i+1, c.entered, c.exited)
		}
	}
	return nil
}

// counter counts the calls of a layer.
type counter struct {
	endpoint.Layer
	entered, exited int
}

func (c *counter) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	c.entered++
	return c.Layer.Enter(ctx)
}

func (c *counter) Exit(ctx context.Context, t endpoint.Token, err error) error {
	c.exited++
	return c.Layer.Exit(ctx, t, err)
}
