package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// TestVariants checks each variant as a run does, and runs it.
func TestVariants(t *testing.T) {
	t.Parallel()
	for _, m := range makers() {
		variants, err := m.variants()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range variants {
			t.Run(group(v.work, v.bytes, v.depth)+", "+v.kind, func(t *testing.T) {
				t.Parallel()
				if err := v.check(m); err != nil {
					t.Errorf("check: %v", err)
				}
				if err := v.run(10); err != nil {
					t.Errorf("run: %v", err)
				}
				calls := int64(10 + 2) // of run and of check
				if v.depth > 0 {
					calls++ // check's call with the innermost gate shut
				}
				for i, g := range v.gates {
					if got := g.calls.Load(); got != calls {
						t.Errorf("layer %d of %d saw %d calls, want %d", i+1, v.depth, got, calls)
					}
				}
			})
		}
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	all, err := cases()
	if err != nil {
		t.Fatal(err)
	}
	// Both workloads, but one kind is there at one depth of one workload only.
	want := len(sizes()) * (2*len(depths())*(len(kinds())-1) + 1)
	if len(all) != want {
		t.Errorf("there are %d cases, want %d", len(all), want)
	}
	seen := make(map[string]bool)
	for _, c := range all {
		name := c.Group + c.Kind
		if seen[name] {
			t.Errorf("%s, %s is there twice", c.Group, c.Kind)
		}
		seen[name] = true
	}
}

// TestCheckFindsFaults spoils good variants.
func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	m := makers()[0]
	for _, tt := range []struct {
		name       string
		work, kind string
		spoil      func(v *variant)
		want       string
	}{
		{"a wrong answer", workPass, kindChain, func(v *variant) {
			v.call = func(id, last int64) (int64, int64, error) { return id, last, nil }
		}, "the answer is (1, 41), want (1, 42)"},
		{"an error", workPass, kindKit, func(v *variant) {
			v.call = func(int64, int64) (int64, int64, error) { return 0, 0, errFull }
		}, "instead of an answer: the gate is full"},
		{"an error that is lost", workPass, kindHand, func(v *variant) {
			call := v.call
			v.call = func(id, last int64) (int64, int64, error) {
				newID, newLast, _ := call(id, last)
				return newID, newLast, nil
			}
		}, "the error is not: the handler refuses this ID"},
		{"another error", workPass, kindStack, func(v *variant) {
			call := v.call
			v.call = func(id, last int64) (int64, int64, error) {
				newID, newLast, err := call(id, last)
				if err != nil {
					err = errFull
				}
				return newID, newLast, err
			}
		}, "the error is not: the handler refuses this ID\nthe gate is full"},
		{"a layer too few", workPass, kindGRPC, func(v *variant) { v.depth++ }, "the call came through 5 layers, want 6"},
		{"no layer at all", workPass, kindHTTP, func(v *variant) { v.subject = overHTTP(16, 0, nil) }, "the call came through 0 layers, want 5"},
		{"gates that are not passed", workReal, kindConnect, func(v *variant) { v.gates = newGates(5) }, "layer 1 counted 0 calls and 0 failures, want 2 and 1"},
		{"a gate that does not refuse", workReal, kindChain, func(v *variant) {
			v.gates[4].limit = 0
			call := v.call
			v.call = func(id, last int64) (int64, int64, error) {
				v.gates[4].limit = 100
				return call(id, last)
			}
		}, "the error is not: the gate is full"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := m.variant(tt.work, 5, tt.kind)
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(&v)
			if err := v.check(m); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

// TestWrongSum shows that a run with wrong answers ends.
func TestWrongSum(t *testing.T) {
	t.Parallel()
	s := typed16(func(context.Context, record16) (record16, error) { return record16{Last: 2}, nil })
	_, err := measure.Run(t.Context(), []measure.Case{{Group: "g", Kind: "k", Run: s.run}}, measure.Config{Rounds: 1})
	if err == nil || !strings.Contains(err.Error(), "wrong answers") {
		t.Errorf("the error is %v, want wrong answers", err)
	}
	s = typed16(func(context.Context, record16) (record16, error) { return record16{}, errRefused })
	if err := s.run(1); !errors.Is(err, errRefused) {
		t.Errorf("the error is %v, want %v", err, errRefused)
	}
}

func TestIsPassing(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"main.passGRPC":       true,
		"main.passHTTP.func1": true,
		"main.(*passer).Wrap[go.shape.struct { ID int64; Last int64 },go.shape.struct { ID int64; Last int64 }].func1": true,
		"github.com/typedkit/endpoint/bench/chain.passHand16.func1":                                                    true,
		"main.handle16":                                                          false,
		"net/http.HandlerFunc.ServeHTTP":                                         false,
		"connectrpc.com/connect.unaryThunk.func1":                                false,
		"github.com/typedkit/endpoint.wrapFrame[...].func1":                      false,
		"github.com/typedkit/endpoint/bench/chain.(*counter).passes":             false,
		"github.com/typedkit/endpoint/bench/chain.grpc16.func1.passes.something": false,
	} {
		if got := isPassing(name); got != want {
			t.Errorf("isPassing(%q) = %v, want %v", name, got, want)
		}
	}
}
