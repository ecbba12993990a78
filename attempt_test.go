package endpoint_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

func TestAttemptNil(t *testing.T) {
	t.Parallel()
	a := endpoint.AttemptFrom(t.Context())
	a.Try("pool", 1)
	if a != nil || a.Number() != 1 || a.Tried("pool", 1) {
		t.Errorf("outside of attempts: %v, number %d, tried %v, want none, 1, false", a, a.Number(), a.Tried("pool", 1))
	}
}

// record of attempts: an endpoint that notes its attempt's number, tries a
// member of its own, and fails.
type attempts struct {
	mu      sync.Mutex // guards the fields below
	numbers []int
	faults  []string
}

func (as *attempts) do(ctx context.Context) error {
	as.mu.Lock()
	defer as.mu.Unlock()
	a := endpoint.AttemptFrom(ctx)
	for _, n := range as.numbers {
		if !a.Tried(as, uint64(n)) || a.Tried("another pool", uint64(n)) {
			as.faults = append(as.faults, fmt.Sprintf("attempt %d does not see that %d was tried", a.Number(), n))
		}
	}
	if a.Tried(as, uint64(a.Number())) {
		as.faults = append(as.faults, fmt.Sprintf("attempt %d sees itself tried", a.Number()))
	}
	a.Try(as, uint64(a.Number()))
	as.numbers = append(as.numbers, a.Number())
	return errTest
}

func TestAttemptNumbers(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	two := func() endpoint.Layer { return &retry{log, 2} }
	for _, tt := range []struct {
		name  string
		stack endpoint.Stack
		want  []int
	}{
		{"no Repeater", endpoint.Stack{log.Layer("A")}, []int{1}},
		{"one Repeater", endpoint.Stack{&retry{log, 3}}, []int{1, 2, 3}},
		{"layers between", endpoint.Stack{log.Layer("A"), &retry{log, 3}, log.Layer("B")}, []int{1, 2, 3}},
		// The first attempt of the inner one is the attempt of the outer one
		// that it runs in.
		{"two Repeaters", endpoint.Stack{two(), two()}, []int{1, 2, 3, 4}},
		{"three Repeaters", endpoint.Stack{two(), log.Layer("A"), two(), two()}, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"a Hedger inside", endpoint.Stack{two(), &hedge{max: 1}}, []int{1, 2}},
	} {
		for _, k := range kinds() {
			if k.streams&endpoint.ClientStream != 0 {
				continue
			}
			for _, shell := range []string{"none", "client"} {
				t.Run(fmt.Sprintf("%s, %s, shell %s", tt.name, k.name, shell), func(t *testing.T) {
					t.Parallel()
					ctx, stack := t.Context(), tt.stack
					if shell == "client" {
						ctx, stack = clientShell(t, ctx, stack)
					}
					var as attempts
					if _, err := k.run(ctx, stack, as.do); err != errTest { //nolint:errorlint // the very same
						t.Errorf("the call = %v, want %v", err, errTest)
					}
					if !slices.Equal(as.numbers, tt.want) || as.faults != nil {
						t.Errorf("the attempts have the numbers %v and the faults %q, want %v and none", as.numbers, as.faults, tt.want)
					}
				})
			}
		}
	}
}

// clientShell does what a client does: it starts a Call and binds the stack.
func clientShell(t *testing.T, ctx context.Context, stack endpoint.Stack) (context.Context, endpoint.Stack) {
	t.Helper()
	op := &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ClientSide}
	bound, err := stack.Bind(op)
	if err != nil {
		t.Fatal(err)
	}
	return under(t, ctx, op), bound
}

// A retry around a client repeats the client's whole call: the call is the
// attempt, and its own retry numbers on.
func TestAttemptAroundClient(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	var as attempts
	client := func(ctx context.Context, _ int) (int, error) {
		before := endpoint.AttemptFrom(ctx)
		ctx, stack := clientShell(t, ctx, endpoint.Stack{&retry{log, 2}})
		if call := endpoint.CallFrom(ctx); call.Attempt() != before.Number() || endpoint.AttemptFrom(ctx) != before {
			t.Errorf("the client's Call is attempt %d, want %d", call.Attempt(), before.Number())
		}
		return stack.Wrap(func(ctx context.Context, n int) (int, error) {
			if call, at := endpoint.CallFrom(ctx), endpoint.AttemptFrom(ctx); call.Attempt() != at.Number() {
				t.Errorf("the Call of an attempt says %d, the attempt %d", call.Attempt(), at.Number())
			}
			return n, as.do(ctx)
		})(ctx, 7)
	}
	for _, ctx := range []context.Context{
		t.Context(),
		under(t, t.Context(), &endpoint.Operation{Side: endpoint.ServerSide}), // in a handler
	} {
		as = attempts{}
		if _, err := (endpoint.Stack{&retry{log, 2}}).Wrap(client)(ctx, 7); err != errTest { //nolint:errorlint // the very same
			t.Errorf("the call = %v, want %v", err, errTest)
		}
		if want := []int{1, 2, 3, 4}; !slices.Equal(as.numbers, want) || as.faults != nil {
			t.Errorf("the attempts have the numbers %v and the faults %q, want %v and none", as.numbers, as.faults, want)
		}
	}
}

// A call that a layer of a client makes, for a token say, is no attempt of the
// call that it is made for: neither its own first attempt, nor one of a retry
// around it.
func TestAttemptOfCallInside(t *testing.T) {
	t.Parallel()
	log := new(endpointtest.Recorder)
	var numbers []int
	token := func(ctx context.Context) (context.Context, func(error) error, error) {
		var as attempts
		direct := under(t, ctx, &endpoint.Operation{Name: "Token", Side: endpoint.ClientSide})
		numbers = append(numbers, endpoint.CallFrom(direct).Attempt())
		_, _ = endpoint.Stack{&retry{log, 2}}.Wrap(func(ctx context.Context, n int) (int, error) {
			return n, as.do(under(t, ctx, &endpoint.Operation{Name: "Token", Side: endpoint.ClientSide}))
		})(ctx, 7)
		numbers = append(numbers, as.numbers...)
		return ctx, nil, nil
	}
	ctx, stack := clientShell(t, t.Context(), endpoint.Stack{&retry{log, 3}, endpoint.LayerFunc(token)})
	_, _ = stack.Wrap(func(context.Context, int) (int, error) { return 0, errTest })(ctx, 7)
	if want := []int{1, 1, 2, 1, 1, 2, 1, 1, 2}; !slices.Equal(numbers, want) {
		t.Errorf("the calls for a token are attempts %v, want %v", numbers, want)
	}
}

// A server's Call hides the attempts of whoever called it in process.
func TestAttemptHiddenByServer(t *testing.T) {
	t.Parallel()
	ran := false
	_, _ = endpoint.Stack{&retry{new(endpointtest.Recorder), 2}}.Wrap(func(ctx context.Context, n int) (int, error) {
		ran = true
		if a := endpoint.AttemptFrom(under(t, ctx, &endpoint.Operation{Side: endpoint.ServerSide})); a != nil {
			t.Errorf("a server sees attempt %d of its caller", a.Number())
		}
		return n, errTest
	})(t.Context(), 7)
	if !ran {
		t.Error("the call did not run")
	}
}

// In a client's stack each attempt has a fork of the Call: what one learns and
// sets is not seen by the next, but for what the last one learned.
func TestAttemptForksCall(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		if k.streams&endpoint.ClientStream != 0 {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			ctx, stack := clientShell(t, t.Context(), endpoint.Stack{&retry{new(endpointtest.Recorder), 3}})
			outer := endpoint.CallFrom(ctx)
			outer.Header().Set("X-All", "yes")
			outer.SetPrincipal("ada")
			n := 0
			_, err := k.run(ctx, stack, func(ctx context.Context) error {
				n++
				c := endpoint.CallFrom(ctx)
				if c == outer || c.Attempt() != n || c.Operation() != outer.Operation() || c.Side() != endpoint.ClientSide || c.Principal() != "ada" {
					t.Errorf("attempt %d has the Call %+v, want a fork of the client's", n, c)
				}
				if all, one := c.Header().Get("X-All"), c.Header().Get("X-One"); all != "yes" || one != "" {
					t.Errorf("attempt %d starts with X-All %q and X-One %q, want yes and none", n, all, one)
				}
				if c.Peer() != "" && n == 1 || c.Reply().Get("X-Reply") != "" || c.Status(nil) != 0 || c.RequestBytes() != 0 {
					t.Errorf("attempt %d starts with what another learned: %+v", n, c)
				}
				c.Header().Set("X-One", "set")
				c.Header().Add("X-All", "more")
				w := writerFrom(ctx)
				w.SetPeer(fmt.Sprint("peer ", n))
				w.SetReply(endpoint.HTTPHeader(map[string][]string{"X-Reply": {fmt.Sprint(n)}}))
				w.SetStatus(500 + n)
				w.AddBytes(int64(n), int64(10*n))
				return errTest
			})
			if err != errTest || n != 3 { //nolint:errorlint // the very same
				t.Fatalf("%v in %d attempts, want %v in 3", err, n, errTest)
			}
			if outer.Header().Get("X-One") != "" || len(outer.Header().Values("X-All")) != 1 {
				t.Errorf("the client's Call has the headers %v of an attempt", outer.Header().Raw())
			}
			got := fmt.Sprint(outer.Peer(), outer.Reply().Get("X-Reply"), outer.Status(nil), outer.RequestBytes(), outer.ResponseBytes())
			if want := fmt.Sprint("peer 3", "3", 503, 3, 30); got != want {
				t.Errorf("the client's Call knows %q, want that of the last attempt: %q", got, want)
			}
		})
	}
}

// The stack around a client's endpoint must not touch the Call that it finds,
// which is the server's that the client is used in.
func TestAttemptLeavesForeignCall(t *testing.T) {
	t.Parallel()
	ctx := under(t, t.Context(), &endpoint.Operation{Name: "Serve", Side: endpoint.ServerSide})
	served := endpoint.CallFrom(ctx)
	_, _ = endpoint.Stack{&retry{new(endpointtest.Recorder), 2}}.Wrap(func(ctx context.Context, n int) (int, error) {
		if endpoint.CallFrom(ctx) != served || endpoint.Incoming(ctx) != served {
			t.Error("an attempt hides the Call that is served")
		}
		return n, errTest
	})(ctx, 7)
	if served.Attempt() != 1 {
		t.Errorf("the Call that is served is attempt %d, want 1", served.Attempt())
	}
}

func TestAttemptZero(t *testing.T) {
	t.Parallel()
	for _, a := range []*endpoint.Attempt{nil, {}} {
		a.Try("pool", 1)
		if a.Number() != 1 || a.Tried("pool", 1) {
			t.Errorf("%v: number %d, tried %v; want the first and only try", a, a.Number(), a.Tried("pool", 1))
		}
	}
}
