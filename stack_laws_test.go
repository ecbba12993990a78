package endpoint_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// The laws of a Stack hold for every form of one and for every kind of
// endpoint. This file has the forms, the kinds, and the layers that tests put
// into them.

// scripted is a layer that logs, and does what a test wants. It also checks that
// Exit gets what Enter returned.
type scripted struct {
	log   *endpointtest.Recorder
	name  string
	enter func() error
	exit  func(err error) error
}

type scriptedKey string

func (l *scripted) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	l.log.Log("enter %s", l.name)
	if l.enter != nil {
		if err := l.enter(); err != nil {
			return nil, endpoint.Token{}, err
		}
	}
	ctx = context.WithValue(ctx, scriptedKey(l.name), l)
	return ctx, endpoint.Token{N: int64(len(l.name)), P: l}, nil
}

func (l *scripted) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if t.P != l || t.N != int64(len(l.name)) || ctx.Value(scriptedKey(l.name)) != l {
		l.log.Log("exit %s with the token or the context of another", l.name)
	}
	if err == nil {
		l.log.Log("exit %s", l.name)
	} else {
		l.log.Log("exit %s: %v", l.name, err)
	}
	if l.exit != nil {
		return l.exit(err)
	}
	return err
}

// watching is a scripted layer that sees items.
type watching struct{ *scripted }

func (watching) Item(context.Context, endpoint.Token) error { return nil }

// repeating and hedging are scripted layers that could have a call run again,
// and do not.
type (
	repeating struct{ *scripted }
	hedging   struct{ *scripted }
)

func (repeating) Again(ctx context.Context, t endpoint.Token, _ error) (context.Context, endpoint.Token, bool) {
	return ctx, t, false
}

func (hedging) Delay(context.Context, int) (time.Duration, bool) { return 0, false }

// byHand runs a Stack as one layer.
type byHand struct{ stack endpoint.Stack }

func (b byHand) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return b.stack.Enter(ctx)
}

func (b byHand) Exit(ctx context.Context, t endpoint.Token, err error) error {
	return b.stack.Exit(ctx, t, err)
}

// form is a way to put layers around an endpoint.
type form struct {
	name   string
	names  string // of the layers, one letter each, the first outermost
	stack  func(l []*scripted) endpoint.Stack
	hand   bool // entered by hand: panics are told from errors by their type only
	hedges bool // the call runs on another goroutine
}

// layersOf converts the layers for a Stack, as streamers if watch.
func layersOf(l []*scripted, watch bool) endpoint.Stack {
	s := make(endpoint.Stack, len(l))
	for i := range l {
		if s[i] = l[i]; watch {
			s[i] = watching{l[i]}
		}
	}
	return s
}

func always(*endpoint.Operation) bool { return true }

// forms returns the forms of a Stack, of layers that are streamers if watch.
func forms(watch bool) []form {
	plain := func(l []*scripted) endpoint.Stack { return layersOf(l, watch) }
	return []form{
		{name: "one layer", names: "A", stack: plain},
		{name: "LayerFunc", names: "A", stack: func(l []*scripted) endpoint.Stack {
			return endpoint.Stack{endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				inner, t, err := l[0].Enter(ctx)
				return inner, func(err error) error { return l[0].Exit(inner, t, err) }, err
			})}
		}},
		{name: "three layers", names: "ABC", stack: plain},
		{name: "four layers", names: "ABCD", stack: plain},
		{name: "five layers", names: "ABCDE", stack: plain},
		{name: "nine layers", names: "ABCDEFGHI", stack: plain},
		{name: "stacks in a stack", names: "ABCDE", stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			return endpoint.Stack{s[:1], endpoint.Stack{}, s[1], endpoint.Stack{s[2:4], nil2()}, s[4]}
		}},
		{name: "Only", names: "ABC", stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			return endpoint.Stack{s[0], endpoint.Only(s[1:], always)}
		}},
		{name: "Only that matches nothing", names: "AB", stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			other := &scripted{log: l[0].log, name: "other"}
			return endpoint.Stack{s[0], endpoint.Only(endpoint.Stack{other, other}, func(*endpoint.Operation) bool { return false }), s[1]}
		}},
		{name: "bound", names: "ABCDEF", stack: func(l []*scripted) endpoint.Stack {
			s, err := plain(l).Bind(&endpoint.Operation{Side: endpoint.ClientSide})
			if err != nil {
				panic(err)
			}
			return s
		}},
		{name: "by hand", names: "ABCDEF", hand: true, stack: func(l []*scripted) endpoint.Stack {
			return endpoint.Stack{byHand{plain(l)}}
		}},
		{name: "around a Repeater", names: "ABC", stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			return endpoint.Stack{s[0], repeating{l[1]}, s[2]}
		}},
		{name: "Only of a Repeater", names: "AB", stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			return endpoint.Stack{endpoint.Only(repeating{l[0]}, always), s[1]}
		}},
		{name: "a Repeater", names: "A", stack: func(l []*scripted) endpoint.Stack { return endpoint.Stack{repeating{l[0]}} }},
		{name: "a Hedger", names: "A", hedges: true, stack: func(l []*scripted) endpoint.Stack { return endpoint.Stack{hedging{l[0]}} }},
		{name: "around a Hedger", names: "ABC", hedges: true, stack: func(l []*scripted) endpoint.Stack {
			s := plain(l)
			return endpoint.Stack{s[0], hedging{l[1]}, s[2]}
		}},
	}
}

// nil2 is an empty Stack by another way.
func nil2() endpoint.Layer { return endpoint.Stack(nil) }

// kind is a kind of endpoint. run calls one with the stack around it, whose work
// is body, and reads all that it gives.
type kind struct {
	name     string
	streams  endpoint.StreamKind
	run      func(ctx context.Context, s endpoint.Stack, body func(context.Context) error) (string, error)
	response bool // run returns a response, and no items before an error
}

func kinds() []kind {
	request := endpoint.StreamOf("re", "quest")
	return []kind{
		{"unary", endpoint.Unary, func(ctx context.Context, s endpoint.Stack, body func(context.Context) error) (string, error) {
			return s.Wrap(func(ctx context.Context, req string) (string, error) { return req, body(ctx) })(ctx, "request")
		}, true},
		{"request stream", endpoint.ClientStream, func(ctx context.Context, s endpoint.Stack, body func(context.Context) error) (string, error) {
			return s.Wrap(func(ctx context.Context, req endpoint.Stream[string]) (string, error) {
				items, err := req.Collect()
				if err == nil {
					err = body(ctx)
				}
				return strings.Join(items, ""), err
			})(ctx, request)
		}, true},
		{"response stream", endpoint.ServerStream, func(ctx context.Context, s endpoint.Stack, body func(context.Context) error) (string, error) {
			return collect(s.Wrap(func(ctx context.Context, req string) (endpoint.Stream[string], error) {
				return after(ctx, body, endpoint.StreamOf(req)), nil
			})(ctx, "request"))
		}, false},
		{"both streams", endpoint.Bidi, func(ctx context.Context, s endpoint.Stack, body func(context.Context) error) (string, error) {
			return collect(s.Wrap(func(ctx context.Context, req endpoint.Stream[string]) (endpoint.Stream[string], error) {
				return after(ctx, body, req), nil
			})(ctx, request))
		}, false},
	}
}

// after returns the items of s, once body has run and if it has no error.
func after(ctx context.Context, body func(context.Context) error, s endpoint.Stream[string]) endpoint.Stream[string] {
	return func(yield func(string, error) bool) {
		if err := body(ctx); err != nil {
			yield("", err)
			return
		}
		s(yield)
	}
}

func collect(s endpoint.Stream[string], err error) (string, error) {
	if err != nil {
		return "", err
	}
	items, err := s.Collect()
	return strings.Join(items, ""), err
}

// law is a call through one form of a Stack around one kind of endpoint.
type law struct {
	form
	kind
	log    *endpointtest.Recorder
	layers []*scripted
}

// eachLaw runs test for every form and every kind, and for each of the form's
// layers, whose index is at.
func eachLaw(t *testing.T, test func(t *testing.T, l *law, at int)) {
	t.Helper()
	for _, watch := range []bool{false, true} {
		for _, f := range forms(watch) {
			for _, k := range kinds() {
				name := f.name + " around " + k.name
				if watch {
					name += ", watching"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					for at := range f.names {
						test(t, newLaw(f, k), at)
					}
				})
			}
		}
	}
}

func newLaw(f form, k kind) *law {
	l := &law{form: f, kind: k, log: new(endpointtest.Recorder)}
	for name := range strings.SplitSeq(f.names, "") {
		l.layers = append(l.layers, &scripted{log: l.log, name: name})
	}
	return l
}

// ended is how a call ended.
type ended struct {
	resp     string
	err      error
	panicked any
	returned bool
}

// call makes the call, whose work is body, on a goroutine that may end in it.
func (l *law) call(t *testing.T, body func() error) ended {
	t.Helper()
	var e ended
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { e.panicked = recover() }()
		e.resp, e.err = l.run(t.Context(), l.stack(l.layers), func(context.Context) error {
			l.log.Log("call")
			return body()
		})
		e.returned = true
	}()
	<-done
	return e
}

// wantLog checks the log: layers up to the one at enter, and of those the
// exits, each with the text that exit gives; "" for a success.
func (l *law) wantLog(t *testing.T, what string, enters, exits int, called bool, exit func(i int) string) {
	t.Helper()
	var want []string
	for i := range enters {
		want = append(want, "enter "+l.layers[i].name)
	}
	if called {
		want = append(want, "call")
	}
	for i := exits - 1; i >= 0; i-- {
		line := "exit " + l.layers[i].name
		if text := exit(i); text != "" {
			line += ": " + text
		}
		want = append(want, line)
	}
	if got := l.log.Reset(); !slices.Equal(got, want) {
		t.Errorf("%s: the log is\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// each returns a function of any layer that returns text.
func each(text string) func(int) string { return func(int) string { return text } }
