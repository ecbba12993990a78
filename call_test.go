package endpoint_test

import (
	"context"
	"testing"

	"github.com/typedkit/endpoint"
)

func TestSide(t *testing.T) {
	t.Parallel()
	for side, want := range map[endpoint.Side]string{0: "", endpoint.ServerSide: "server", endpoint.ClientSide: "client", 7: ""} {
		if got := side.String(); got != want {
			t.Errorf("Side(%d).String() = %q, want %q", side, got, want)
		}
	}
}

// Layers run around endpoints that belong to no service, too: a nil Call answers
// everything.
func TestCallNil(t *testing.T) {
	t.Parallel()
	c := endpoint.CallFrom(t.Context())
	if c != nil || endpoint.Incoming(t.Context()) != nil {
		t.Fatalf("without a Call: CallFrom = %v, Incoming = %v, want nil", c, endpoint.Incoming(t.Context()))
	}
	c.SetPrincipal("ada")
	op := c.Operation()
	if op == nil || op.Service != "" || op.Name != "" || op.Idempotent || op != (*endpoint.Call)(nil).Operation() {
		t.Errorf("Operation() = %+v, want one shared empty one", op)
	}
	if c.Side() != 0 || c.Peer() != "" || c.Attempt() != 1 || c.Principal() != "" || c.Status(nil) != 0 || c.RequestBytes() != 0 || c.ResponseBytes() != 0 {
		t.Error("a nil Call answers with something, want zero values and attempt 1")
	}
	if c.Header() != nil || c.Reply() != nil {
		t.Errorf("Header() = %v, Reply() = %v, want nil", c.Header(), c.Reply())
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	op := &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ServerSide}
	header := endpoint.HTTPHeader(map[string][]string{"X-In": {"in"}})
	ctx, w, err := endpoint.StartCall(t.Context(), op, header, endpoint.Header{})
	if err != nil {
		t.Fatal(err)
	}
	c := (*endpoint.Call)(w)
	if endpoint.CallFrom(ctx) != c || endpoint.CallFrom(context.WithValue(ctx, scriptedKey("x"), 1)) != c {
		t.Error("CallFrom does not find the Call")
	}
	if c.Operation() != op || c.Side() != endpoint.ServerSide || c.Attempt() != 1 || c.Header().Get("x-in") != "in" {
		t.Errorf("a new Call: %+v, want what it was started with", c)
	}
	c.Reply().Set("X-Out", "out")
	if c.Reply().Get("x-out") != "out" {
		t.Errorf("the reply's header is %v, want what was set", c.Reply().Raw())
	}
	if c.SetPrincipal("ada"); c.Principal() != "ada" {
		t.Errorf("the principal is %q, want what was set", c.Principal())
	}
	if none := (&endpoint.Call{}).Operation(); none == nil {
		t.Error("a Call without an operation has a nil one")
	}
}

// A client's layer sees the client's Call, also inside a server's handler;
// Incoming is the server's everywhere below it.
func TestCallOfClientInServer(t *testing.T) {
	t.Parallel()
	serve := under(t, t.Context(), &endpoint.Operation{Name: "Serve", Side: endpoint.ServerSide})
	handler := func(ctx context.Context, n int) (int, error) {
		served := endpoint.CallFrom(ctx)
		if served.Operation().Name != "Serve" || endpoint.Incoming(ctx) != served {
			t.Errorf("the handler is in the Call of %q, Incoming %p, want those of Serve", served.Operation().Name, endpoint.Incoming(ctx))
		}
		first := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			if endpoint.Incoming(ctx) != served {
				t.Error("in a client's layer, Incoming is not the Call that is served")
			}
			return ctx, nil, nil
		})
		client := endpoint.Stack{first, &hedge{max: 1}, endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			if c := endpoint.CallFrom(ctx); c.Operation().Name != "Ask" || c.Side() != endpoint.ClientSide {
				t.Errorf("a client's layer is in the Call of %q on the %v side, want Ask on the client side", c.Operation().Name, c.Side())
			}
			if c := endpoint.Incoming(ctx); c == served || c.Operation() != served.Operation() {
				t.Errorf("in a hedged attempt, Incoming is of %q, want a copy of the Call that is served", c.Operation().Name)
			}
			return ctx, nil, nil
		})}
		ask, err := client.Bind(&endpoint.Operation{Name: "Ask", Side: endpoint.ClientSide})
		if err != nil {
			t.Error(err)
		}
		return ask.Wrap(echo)(under(t, ctx, &endpoint.Operation{Name: "Ask", Side: endpoint.ClientSide}), n)
	}
	if n, err := handler(serve, 7); n != 7 || err != nil {
		t.Errorf("the call = %d, %v, want 7", n, err)
	}
	// In process, a server that a server calls is served itself.
	inner := under(t, serve, &endpoint.Operation{Name: "Inner", Side: endpoint.ServerSide})
	if got := endpoint.Incoming(inner).Operation().Name; got != "Inner" {
		t.Errorf("in a server inside a server, Incoming is %q, want Inner", got)
	}
	// A client alone serves nothing.
	if c := endpoint.Incoming(under(t, t.Context(), &endpoint.Operation{Side: endpoint.ClientSide})); c != nil {
		t.Errorf("in a client alone, Incoming is %v, want nil", c)
	}
}

// The Call's context is a context like any other.
func TestCallContext(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancel(context.WithValue(t.Context(), scriptedKey("x"), 1))
	ctx := under(t, parent, &endpoint.Operation{Side: endpoint.ServerSide})
	child, stop := context.WithCancel(ctx)
	defer stop()
	if ctx.Value(scriptedKey("x")) != 1 || ctx.Err() != nil || child.Value(scriptedKey("x")) != 1 {
		t.Error("the context of a Call lost what its parent has")
	}
	if cancel(); ctx.Err() == nil || child.Err() == nil {
		t.Error("the context of a Call survives its parent")
	}
}

// seldom is a CallSource.
type seldom struct{ header endpoint.Header }

func (s *seldom) Header() *endpoint.Header { return &s.header }
func (*seldom) Peer() string               { return "asked" }
func (*seldom) ResponseBytes() int64       { return 7 }

// TestCallSource asks a source for what is not set.
func TestCallSource(t *testing.T) {
	t.Parallel()
	ctx, w, source := endpoint.StartSourcedCall[seldom](t.Context(), &endpoint.Operation{Name: "Get"}, endpoint.MetadataHeader(nil))
	c := (*endpoint.Call)(w)
	source.header = endpoint.MetadataHeader(map[string][]string{"k": {"v"}})
	if endpoint.CallFrom(ctx) != c || endpoint.Incoming(ctx) != c || c.Operation().Name != "Get" || c.Side() != endpoint.ServerSide {
		t.Errorf("the Call of the context is %v, want %v", endpoint.CallFrom(ctx), c)
	}
	if c.Header().Get("K") != "v" || c.Peer() != "asked" || c.ResponseBytes() != 7 {
		t.Errorf("Header = %q, Peer = %q, ResponseBytes = %d, want those of the source", c.Header().Get("K"), c.Peer(), c.ResponseBytes())
	}
	w.SetPeer("set")
	w.AddBytes(0, 1)
	if c.Peer() != "set" || c.ResponseBytes() != 1 {
		t.Errorf("Peer = %q, ResponseBytes = %d, want what was set", c.Peer(), c.ResponseBytes())
	}
}

// TestCallValues has a call whose context answers for what a layer knows.
func TestCallValues(t *testing.T) {
	t.Parallel()
	type key string
	outer := context.WithValue(context.WithValue(t.Context(), key("a"), "outer"), key("b"), "outer")
	ctx, w, err := endpoint.StartCall(outer, &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		t.Fatal(err)
	}
	c := (*endpoint.Call)(w)
	asked := 0
	c.SetValues(func(of *endpoint.Call, k any) any {
		asked++
		if k == key("a") {
			return of.Operation().Name
		}
		return nil
	})
	inner := context.WithValue(ctx, key("c"), "inner")
	for k, want := range map[key]any{"a": "Get", "b": "outer", "c": "inner", "d": nil} {
		if got := inner.Value(k); got != want {
			t.Errorf("Value(%q) = %v, want %v", k, got, want)
		}
	}
	if endpoint.CallFrom(inner) != c || asked != 3 {
		t.Errorf("asked %d times, want 3: what is nearer, and the call's own keys, are not asked for", asked)
	}
	c.SetValues(nil)
	if got := inner.Value(key("a")); got != "outer" {
		t.Errorf("Value after SetValues(nil) = %v, want the one outside", got)
	}
	(*endpoint.Call)(nil).SetValues(nil)
}
