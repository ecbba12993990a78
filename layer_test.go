package endpoint_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

func TestLayersKeepTheLaws(t *testing.T) {
	t.Parallel()
	pass := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil })
	for name, l := range map[string]endpoint.Layer{
		"LayerFunc":     pass,
		"Stack":         endpoint.Stack{pass, pass, pass, pass, pass},
		"empty Stack":   endpoint.Stack{},
		"Only":          endpoint.Only(pass, always),
		"Only of none":  endpoint.Only(pass, never),
		"Only of Stack": endpoint.Only(endpoint.Stack{pass, pass}, always),
		"faults":        endpoint.Only(nil, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpointtest.Layer(t, l)
		})
	}
}

func TestLayerFunc(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for _, tt := range []struct {
		name  string
		layer endpoint.LayerFunc
		fails error // of the endpoint
		err   error
	}{
		{"nothing to do at the end", func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil }, errTest, errTest},
		{"an end", func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(error) error { return refused }, nil
		}, errTest, refused},
		{"an end after a success", func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { return err }, nil
		}, nil, nil},
		{"a refusal with an end", func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(error) error { t.Error("the end of a refusal runs"); return nil }, refused
		}, nil, refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := func(_ context.Context, n int) (int, error) { return n, tt.fails }
			if _, err := tt.layer.Wrap(e)(t.Context(), 7); err != tt.err { //nolint:errorlint // the very same
				t.Errorf("a call through Wrap = %v, want %v", err, tt.err)
			}
			if _, err := (endpoint.Stack{tt.layer}).Wrap(e)(t.Context(), 7); err != tt.err { //nolint:errorlint // the very same
				t.Errorf("a call through a Stack = %v, want %v", err, tt.err)
			}
		})
	}
}

// under returns a context with a Call of op, on the side that op names.
func under(t *testing.T, ctx context.Context, op *endpoint.Operation) context.Context {
	t.Helper()
	ctx, _, err := endpoint.StartCall(ctx, op, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		t.Fatalf("StartCall: %v", err)
	}
	return ctx
}

// Only decides alike when a shell binds it, for the shell's operation, and in a
// plain Wrap, for the operation of the Call.
func TestOnly(t *testing.T) {
	t.Parallel()
	writes := func(op *endpoint.Operation) bool { return op.Name == "Put" }
	puts := func(op *endpoint.Operation) bool { return op.Method == "PUT" }
	stackOf := func(log *endpointtest.Recorder) endpoint.Stack {
		return endpoint.Stack{
			log.Layer("A"),
			endpoint.Only(endpoint.Stack{log.Layer("B"), endpoint.Only(log.Layer("C"), puts)}, writes),
			log.Layer("D"),
		}
	}
	for _, tt := range []struct {
		name string
		op   endpoint.Operation
		want []string
	}{
		{"no match", endpoint.Operation{Name: "Get"}, []string{"enter A", "enter D", "exit D", "exit A"}},
		{"a match", endpoint.Operation{Name: "Put"}, []string{"enter A", "enter B", "enter D", "exit D", "exit B", "exit A"}},
		{"both match", endpoint.Operation{Name: "Put", Method: "PUT"}, []string{"enter A", "enter B", "enter C", "enter D", "exit D", "exit C", "exit B", "exit A"}},
		{"the inner alone", endpoint.Operation{Method: "PUT"}, []string{"enter A", "enter D", "exit D", "exit A"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.op.Side = endpoint.ServerSide
			log := new(endpointtest.Recorder)
			stack := stackOf(log)
			check := func(what string, ctx context.Context, s endpoint.Stack) {
				t.Helper()
				log.Reset()
				if _, err := s.Wrap(echo)(ctx, 7); err != nil {
					t.Errorf("%s: a call: %v", what, err)
				}
				if got := log.Reset(); !slices.Equal(got, tt.want) {
					t.Errorf("%s for %+v: the log is %q, want %q", what, tt.op, got, tt.want)
				}
			}
			check("Wrap", under(t, t.Context(), &tt.op), stack)
			check("one layer by hand", under(t, t.Context(), &tt.op), endpoint.Stack{byHand{stack}})
			bound, err := stack.Bind(&tt.op)
			if err != nil {
				t.Fatal(err)
			}
			check("Bind", t.Context(), bound)
		})
	}
	log := new(endpointtest.Recorder)
	if _, err := stackOf(log).Wrap(echo)(t.Context(), 7); err != nil {
		t.Errorf("a call without a Call in the context: %v", err)
	}
	if got, want := log.Lines(), []string{"enter A", "enter D", "exit D", "exit A"}; !slices.Equal(got, want) {
		t.Errorf("without a Call in the context, the log is %q, want %q", got, want)
	}
}

// Only itself is a layer, for shells that run it by hand.
func TestOnlyByHand(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	only := endpoint.Only(log.Layer("A"), func(op *endpoint.Operation) bool { return op.Idempotent })
	for _, idempotent := range []bool{false, true} {
		ctx := under(t, t.Context(), &endpoint.Operation{Idempotent: idempotent, Side: endpoint.ServerSide})
		inner, tok, err := only.Enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := only.Exit(inner, tok, errTest); got != errTest { //nolint:errorlint // the very same
			t.Errorf("Exit = %v, want %v", got, errTest)
		}
		if got := len(log.Reset()) > 0; got != idempotent {
			t.Errorf("for an operation with Idempotent %v, the layer runs: %v", idempotent, got)
		}
	}
}

// counting is a Streamer, a Repeater and a Hedger in parts, to see which of its
// abilities are used.
type counting struct {
	scripted
	items, repeats, delays int
}

type (
	countingItems   struct{ *counting }
	countingRepeats struct{ *counting }
	countingDelays  struct{ *counting }
)

func (c countingItems) Item(context.Context, endpoint.Token) error { c.items++; return nil }

func (c countingRepeats) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	c.repeats++
	return ctx, t, false
}

func (c countingDelays) Delay(context.Context, int) (time.Duration, bool) {
	c.delays++
	return 0, false
}

// Only passes on the abilities that its layer has, for the operations that
// match.
func TestOnlyAbilities(t *testing.T) {
	t.Parallel()
	for _, matches := range []bool{false, true} {
		want := 0
		if matches {
			want = 1
		}
		match := func(*endpoint.Operation) bool { return matches }
		c := &counting{log: new(endpointtest.Recorder), name: "C"}
		s, err := endpoint.Stack{endpoint.Only(countingItems{c}, match)}.Wrap(ticks)(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if items, err := s.Collect(); len(items) != 1 || err != nil {
			t.Errorf("a stream under Only = %v, %v, want one item", items, err)
		}
		broken := func(context.Context, int) (int, error) { return 0, errTest }
		for _, l := range []endpoint.Layer{countingRepeats{c}, countingDelays{c}} {
			if _, err := (endpoint.Stack{endpoint.Only(l, match)}).Wrap(broken)(t.Context(), 7); err != errTest { //nolint:errorlint // the very same
				t.Errorf("a call under Only of %T = %v, want %v", l, err, errTest)
			}
		}
		if c.items != want || c.repeats != want || c.delays != want {
			t.Errorf("with match %v, Item, Again and Delay run %d, %d and %d times, want %d each", matches, c.items, c.repeats, c.delays, want)
		}
	}
}
