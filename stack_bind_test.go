package endpoint_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// idle is a layer that does nothing.
type idle struct{}

func (idle) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (idle) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// broken is a layer with a fault of its construction.
type broken struct {
	idle
	err error
}

func (b broken) Err() error { return b.err }

// resolving is a Resolver that counts how often it is asked.
type resolving struct {
	scripted
	mu      sync.Mutex // guards the field below
	asked   []*endpoint.Operation
	resolve func(r *resolving, op *endpoint.Operation) endpoint.Layer
	err     error
}

func (r *resolving) For(op *endpoint.Operation) endpoint.Layer {
	r.mu.Lock()
	r.asked = append(r.asked, op)
	r.mu.Unlock()
	return r.resolve(r, op)
}

func (r *resolving) Err() error { return r.err }

// named returns another layer with the same log.
func (r *resolving) named(name string) endpoint.Layer { return &scripted{log: r.log, name: name} }

func never(*endpoint.Operation) bool { return false }

func echo(_ context.Context, n int) (int, error) { return n, nil }

func TestStackFaults(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	layer := &scripted{log: log, name: "A"}
	repeater, hedger := repeating{layer}, hedging{layer}
	errOne, errTwo := errors.New("fault one"), errors.New("fault two")
	one, two := broken{err: errOne}, broken{err: errTwo}
	gives := func(l endpoint.Layer) endpoint.Layer {
		return &resolving{scripted: *layer, resolve: func(*resolving, *endpoint.Operation) endpoint.Layer { return l }}
	}
	policy := gives(layer)
	const server, client, wrap = 1, 2, 4 // where the fault is found
	for _, tt := range []struct {
		name  string
		stack endpoint.Stack
		where int
		want  []string // texts in the fault
	}{
		{"none", endpoint.Stack{layer, endpoint.Stack{}}, 0, nil},
		{"an Err that is nil", endpoint.Stack{broken{}}, 0, nil},
		{"nil", endpoint.Stack{layer, nil}, server | client | wrap, []string{"layer of the stack is nil"}},
		{"nil in a stack in the stack", endpoint.Stack{endpoint.Stack{nil}}, server | client | wrap, []string{"layer of the stack is nil"}},
		{"a nil LayerFunc", endpoint.Stack{endpoint.LayerFunc(nil)}, server | client | wrap, []string{"LayerFunc of the stack is nil"}},
		{"Err", endpoint.Stack{layer, one}, server | client | wrap, []string{"fault one"}},
		{"several", endpoint.Stack{one, nil, endpoint.Stack{two}}, server | client | wrap, []string{"fault one", "is nil", "fault two"}},
		{"Only of nothing", endpoint.Stack{endpoint.Only(nil, nil)}, server | client | wrap, []string{"Only: match is nil", "Only: the layer is nil"}},
		{"under Only", endpoint.Stack{endpoint.Only(one, always)}, server | client | wrap, []string{"fault one"}},
		{"under Only that matches nothing", endpoint.Stack{endpoint.Only(endpoint.Stack{one, nil}, never)}, server | client | wrap, []string{"fault one", "is nil"}},
		{"of what a Resolver gives", endpoint.Stack{gives(endpoint.Stack{one, two})}, server | client, []string{"fault one", "fault two"}},
		{"a Resolver that gives nothing", endpoint.Stack{gives(nil)}, 0, nil},

		{"a policy twice", endpoint.Stack{policy, layer, endpoint.Stack{policy}}, server | client | wrap, []string{"the same *endpoint_test.resolving is in the stack twice"}},
		{"twice for this operation", endpoint.Stack{policy, endpoint.Only(policy, always)}, server | client, []string{"twice"}},
		{"once for this and once for others", endpoint.Stack{endpoint.Only(policy, always), endpoint.Only(policy, never)}, 0, nil},
		{"a layer without faults twice", endpoint.Stack{layer, layer}, 0, nil},

		{"a Repeater", endpoint.Stack{repeater}, server, []string{"repeating", "is for clients"}},
		{"a Hedger", endpoint.Stack{layer, hedger}, server, []string{"hedging", "is for clients"}},
		{"both on a server", endpoint.Stack{repeater, hedger}, server, []string{"repeating", "hedging"}},
		{"a Repeater for this operation", endpoint.Stack{endpoint.Only(repeater, always)}, server, []string{"is for clients"}},
		{"a Repeater for others", endpoint.Stack{endpoint.Only(repeater, never)}, 0, nil},
		{"a Repeater that a Resolver gives", endpoint.Stack{gives(repeater)}, server, []string{"is for clients"}},

		{"Hedger outside Repeater", endpoint.Stack{hedger, repeater}, server | client | wrap, []string{"hedging stands outside", "repeating", "put the retry outside"}},
		{"with layers between", endpoint.Stack{layer, hedger, endpoint.Stack{layer, repeater}}, server | client | wrap, []string{"stands outside"}},
		{"each under Only", endpoint.Stack{endpoint.Only(hedger, always), endpoint.Only(repeater, always)}, server | client | wrap, []string{"hedging stands outside", "repeating"}},
		{"Hedger inside Repeater", endpoint.Stack{repeater, layer, hedger}, server, []string{"is for clients"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check := func(what string, where int, err error) {
				t.Helper()
				if (err != nil) != (tt.where&where != 0) {
					t.Errorf("%s: error %v, want one: %v", what, err, tt.where&where != 0)
				}
				for _, text := range tt.want {
					if err != nil && !strings.Contains(err.Error(), text) {
						t.Errorf("%s: error %q, want it to say %q", what, err, text)
					}
				}
				for _, fault := range []error{errOne, errTwo} {
					if err != nil && strings.Contains(err.Error(), fault.Error()) && !errors.Is(err, fault) {
						t.Errorf("%s: error %q does not match the fault itself", what, err)
					}
				}
			}
			_, err := tt.stack.Bind(&endpoint.Operation{Name: "Get", Side: endpoint.ServerSide})
			check("Bind for a server", server, err)
			_, err = tt.stack.Bind(&endpoint.Operation{Name: "Get", Side: endpoint.ClientSide})
			check("Bind for a client", client, err)
			got, err := tt.stack.Wrap(echo)(t.Context(), 7)
			check("Wrap", wrap, err)
			if err != nil && (got != 0 || endpoint.CodeOf(err) != endpoint.Internal || endpoint.ErrorOf(err).Message() != "internal error") {
				t.Errorf("a call through faults = %d, %v (code %v), want an Internal error that tells callers nothing", got, err, endpoint.CodeOf(err))
			}
			s, err := tt.stack.Wrap(ticks)(t.Context(), 1)
			check("Wrap of a stream", wrap, err)
			if err != nil && s != nil {
				t.Errorf("opening a stream through faults gives one")
			}
		})
	}
}

// ticks is an endpoint that counts up to n.
func ticks(_ context.Context, n int) (endpoint.Stream[int], error) {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i+1, nil) {
				return
			}
		}
	}, nil
}

// By hand, a Stack cannot do what a Repeater or a Hedger asks for.
func TestStackEnterByHand(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	layer := &scripted{log: log, name: "A"}
	for name, s := range map[string]endpoint.Stack{
		"Repeater": {layer, repeating{layer}},
		"Hedger":   {layer, hedging{layer}},
		"faults":   {layer, broken{err: errTest}},
	} {
		if _, _, err := s.Enter(t.Context()); endpoint.CodeOf(err) != endpoint.Internal {
			t.Errorf("%s: Enter = %v, want an Internal error", name, err)
		}
	}
	if lines := log.Lines(); len(lines) > 0 {
		t.Errorf("a Stack that refuses by itself entered layers: %q", lines)
	}
	if err := (endpoint.Stack{layer}).Exit(t.Context(), endpoint.Token{}, errTest); err != errTest { //nolint:errorlint // the very same
		t.Errorf("Exit without Enter = %v, want %v", err, errTest)
	}
}

func TestResolver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		resolve func(r *resolving, op *endpoint.Operation) endpoint.Layer
		want    string
	}{
		{"nothing", func(*resolving, *endpoint.Operation) endpoint.Layer { return nil }, ""},
		{"a layer", func(r *resolving, _ *endpoint.Operation) endpoint.Layer { return r.named("own") }, "own"},
		{"itself", func(r *resolving, _ *endpoint.Operation) endpoint.Layer { return r }, "R"},
		{"itself in a stack", func(r *resolving, _ *endpoint.Operation) endpoint.Layer { return endpoint.Stack{r.named("own"), r} }, "own R"},
		{"itself under Only", func(r *resolving, _ *endpoint.Operation) endpoint.Layer { return endpoint.Only(r, always) }, "R"},
		{"Only that does not match", func(r *resolving, _ *endpoint.Operation) endpoint.Layer { return endpoint.Only(r, never) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(endpointtest.Recorder)
			r := &resolving{log: log, name: "R", resolve: tt.resolve}
			stack := endpoint.Stack{endpoint.Stack{r}}
			entered := func(s endpoint.Stack) string {
				log.Reset()
				if _, err := s.Wrap(echo)(t.Context(), 7); err != nil {
					t.Errorf("a call: %v", err)
				}
				var names []string
				for _, line := range log.Reset() {
					if name, ok := strings.CutPrefix(line, "enter "); ok {
						names = append(names, name)
					}
				}
				return strings.Join(names, " ")
			}
			for _, side := range []endpoint.Side{endpoint.ServerSide, endpoint.ClientSide} {
				op := &endpoint.Operation{Name: "Get", Side: side}
				r.asked = nil
				bound, err := stack.Bind(op)
				if err != nil {
					t.Fatalf("Bind: %v", err)
				}
				for range 2 {
					if got := entered(bound); got != tt.want {
						t.Errorf("bound on the %v side, a call enters %q, want %q", side, got, tt.want)
					}
				}
				if len(r.asked) != 1 || r.asked[0] != op {
					t.Errorf("For is asked with %v, want once with %p", r.asked, op)
				}
			}
			r.asked = nil
			if got := entered(stack); got != "R" || r.asked != nil {
				t.Errorf("outside a shell, a call enters %q and For is asked %d times, want %q and 0", got, len(r.asked), "R")
			}
		})
	}
}

// For comes before the checks, which look at what it gave; a policy with faults
// is not asked.
func TestResolverBeforeChecks(t *testing.T) {
	t.Parallel()
	notHere := &resolvingRepeater{resolving{resolve: func(*resolving, *endpoint.Operation) endpoint.Layer { return nil }}}
	if _, err := (endpoint.Stack{notHere}).Bind(&endpoint.Operation{Side: endpoint.ServerSide}); err != nil {
		t.Errorf("a Repeater that is not for the operation: Bind on a server = %v, want nil", err)
	}
	faulty := &resolving{err: errTest}
	if _, err := (endpoint.Stack{faulty}).Bind(&endpoint.Operation{Side: endpoint.ServerSide}); !errors.Is(err, errTest) || faulty.asked != nil {
		t.Errorf("a Resolver with faults is asked %d times and Bind = %v, want 0 times and %v", len(faulty.asked), err, errTest)
	}
}

type resolvingRepeater struct{ resolving }

func (*resolvingRepeater) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, t, false
}
