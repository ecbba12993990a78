package transporttest

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
)

// everyPlace returns scripts that run f in the endpoint, before the first item,
// and after one.
func everyPlace(f func(ctx context.Context) error) []place {
	return append([]place{{"in the endpoint", script{open: f}}}, places(f)...)
}

// wantDefect makes a call during which the server panics. It checks that the
// caller gets the items that were sent before and a generic error, that the hook
// gets the panic, and that the server serves the next call.
func (k *kit) wantDefect(what string, kd kind, e *ends, m Message, items int) {
	k.t.Helper()
	got, err := kd.call(k.ctx, e.Zoo, m)
	k.wantRemote(what, err, internal)
	k.wantEqual(what+": items before the error", len(got), items)
	k.wantHooked(what, e, isPanic)
	k.wantAlive(what, e)
}

func testHandlerPanics(k *kit) {
	panics := func(context.Context) error { panic(panicValue) }
	for _, kd := range k.kinds() {
		for _, p := range everyPlace(panics) {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, setup{})
			items := 0
			if p.then != nil {
				items = kd.items()
			}
			k.wantDefect(what, kd, e, request(), items)
			if end := k.next(e.server, what); !isPanic(end.err) {
				k.t.Errorf("%s: the server's layers got %v, want a *endpoint.PanicError", what, end.err)
			}
		}
	}
	var none []Message
	for name, panics := range map[string]func() Message{
		"with a declared error":       func() Message { panic(errDeclared) },
		"with the error of a context": func() Message { panic(context.Canceled) },
		"of the runtime":              func() Message { return none[len(none)] },
	} {
		e := k.open(Zoo{Unary: func(context.Context, Message) (Message, error) { return panics(), nil }}, setup{})
		_, err := e.Unary(k.ctx, request())
		k.wantRemote("a panic "+name, err, internal)
	}
}

func testLayerPanics(k *kit) {
	broken := func(context.Context, error) error { panic(panicValue) }
	fails := func(context.Context) error { return errDeclared }
	for _, kd := range k.kinds() {
		for _, tt := range []struct {
			name  string
			layer *layer
			script
			items int
		}{
			{"in Enter", &layer{enter: func(context.Context) (context.Context, error) { panic(panicValue) }}, script{}, 0},
			{"in Exit after a success", &layer{exit: broken}, script{}, kd.items()},
			{"in Exit after an error", &layer{exit: broken}, script{first: fails}, 0},
			{"in Exit after a late error", &layer{exit: broken}, script{then: fails}, kd.items()},
		} {
			what := kd.name + ", " + tt.name
			only := endpoint.Only(tt.layer, func(op *endpoint.Operation) bool { return op.Name != "Empty" })
			e := k.scripted(kd, tt.script, setup{server: endpoint.Stack{only}})
			k.wantDefect(what, kd, e, request(), tt.items)
			if end := k.next(e.server, what); !isPanic(end.err) {
				k.t.Errorf("%s: the layers outside got %v, want a *endpoint.PanicError", what, end.err)
			}
		}
	}
}

// wantPanic makes a call during which the client panics. It checks that the panic
// reaches the caller with its value, and that the layers outside exit with a
// *endpoint.PanicError.
func (k *kit) wantPanic(what string, e *ends, call func()) {
	k.t.Helper()
	value, panicked := caught(call)
	if !panicked || value != panicValue {
		k.t.Errorf("%s: the call panicked: %v, with %v; want a panic with %q", what, panicked, value, panicValue)
	}
	if end := k.next(e.client, what); !isPanic(end.err) {
		k.t.Errorf("%s: the layers outside got %v, want a *endpoint.PanicError", what, end.err)
	}
}

func testClientLayerPanics(k *kit) {
	for _, kd := range k.kinds() {
		for name, l := range map[string]*layer{
			"in Enter": {enter: func(context.Context) (context.Context, error) { panic(panicValue) }},
			"in Exit":  {exit: func(context.Context, error) error { panic(panicValue) }},
		} {
			what := kd.name + ", " + name
			only := endpoint.Only(l, func(op *endpoint.Operation) bool { return op.Name != "Empty" })
			e := k.scripted(kd, script{}, setup{client: endpoint.Stack{only}})
			k.wantPanic(what, e, func() { _, _ = kd.call(k.ctx, e.Zoo, request()) })
			k.wantAlive(what, e)
		}
	}
}

func testCodecPanics(k *kit) {
	bad := trapped(marshalPanics)
	for _, kd := range k.kinds() {
		e := k.scripted(kd, script{}, setup{})
		k.wantDefect(kd.name+", decoding", kd, e, trapped(unmarshalPanics), 0)
		e = k.scripted(kd, script{answer: &bad}, setup{})
		k.wantDefect(kd.name+", encoding", kd, e, request(), 0)
	}
}

func testClientCodecPanics(k *kit) {
	bad := trapped(unmarshalPanics)
	failed := func(err error) bool { return err != nil }
	for _, kd := range k.kinds() {
		what := kd.name + ", encoding"
		e := k.scripted(kd, script{}, setup{})
		k.wantPanic(what, e, func() { _, _ = kd.call(k.ctx, e.Zoo, trapped(marshalPanics)) })
		k.wantReleased(what, e, failed)
		k.notWhole(what, kd, e)
		k.wantAlive(what, e)

		what = kd.name + ", decoding"
		e = k.scripted(kd, script{answer: &bad}, setup{})
		k.wantPanic(what, e, func() { _, _ = kd.call(k.ctx, e.Zoo, request()) })
		k.wantReleased(what, e, failed)
		k.wantAlive(what, e)
	}
}

// Errors with a method that panics.
type (
	badError  struct{ text string } // if it is a nil pointer
	badUnwrap struct{}
	badIs     struct{}
	badAs     struct{}
)

func (e *badError) Error() string { return e.text }
func (e *badError) Unwrap() error { return errors.New(e.text) }

func (badUnwrap) Error() string { return secret }
func (badUnwrap) Unwrap() error { panic(panicValue) }

func (badIs) Error() string { return secret }
func (badIs) Is(error) bool { panic(panicValue) }
func (badAs) Error() string { return secret }
func (badAs) As(any) bool   { panic(panicValue) }

// badErrors returns these errors by the names of their methods that panic.
func badErrors() map[string]error {
	return map[string]error{"a nil pointer": (*badError)(nil), "in Unwrap": badUnwrap{}, "in Is": badIs{}, "in As": badAs{}}
}

func testErrorPanics(k *kit) {
	for _, kd := range k.kinds() {
		for name, bad := range badErrors() {
			for _, p := range everyPlace(func(context.Context) error { return bad }) {
				k.wantGeneric(kd.name+", "+name+", "+p.name, kd, k.scripted(kd, p.script, setup{}))
			}
			l := exiting(func(error) error { return bad })
			only := endpoint.Only(l, func(op *endpoint.Operation) bool { return op.Name != "Empty" })
			k.wantGeneric(kd.name+", "+name+", of a layer", kd, k.scripted(kd, script{}, setup{server: endpoint.Stack{only}}))
			refuses := endpoint.Only(refusing(bad), func(op *endpoint.Operation) bool { return op.Name != "Empty" })
			k.wantGeneric(kd.name+", "+name+", of a refusal", kd, k.scripted(kd, script{}, setup{server: endpoint.Stack{refuses}}))
		}
	}
}

// wantGeneric checks that a call ends with a generic error, and that the hook was
// called.
func (k *kit) wantGeneric(what string, kd kind, e *ends) {
	k.t.Helper()
	_, err := kd.call(k.ctx, e.Zoo, request())
	k.wantRemote(what, err, internal)
	k.wantHooked(what, e, func(error) bool { return true })
	k.wantAlive(what, e)
}

func testHookPanics(k *kit) {
	hook := func(context.Context, error) { panic(panicValue) }
	for _, kd := range k.kinds() {
		for _, p := range everyPlace(func(context.Context) error { return detailed(errDeclared) }) {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, setup{hook: hook})
			_, err := kd.call(k.ctx, e.Zoo, request())
			k.wantRemote(what, err, outcomeOf(detailed(errDeclared)))
			k.wantAlive(what, e)
		}
		e := k.scripted(kd, script{first: func(context.Context) error { panic(panicValue) }}, setup{hook: hook})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantRemote(kd.name+", after a panic", err, internal)
	}
}

func testProducerPanics(k *kit) {
	for _, kd := range k.need(k.streamsIn()) {
		for n := range 3 {
			what := fmt.Sprintf("%s, after %d items", kd.name, n)
			e := k.open(Zoo{}, setup{})
			k.wantPanic(what, e, func() {
				_ = k.upload(k.ctx, kd, e, func(yield func(Message, error) bool) {
					for i := range n {
						if !yield(numbered(i), nil) {
							return
						}
					}
					panic(panicValue)
				})
			})
			k.notWhole(what, kd, e)
			k.wantAlive(what, e)
		}
	}
}

// notWhole checks that no call of the kind succeeded on the server: it would have
// taken a part of the request for the whole.
func (k *kit) notWhole(what string, kd kind, e *ends) {
	k.t.Helper()
	k.settle(e)
	for {
		select {
		case end := <-e.server.ends:
			if end.facts.op.Name == kd.name && end.err == nil {
				k.t.Errorf("%s: the server took the part for the whole", what)
			}
		default:
			return
		}
	}
}

// panicInLoop ranges over the items and panics in the loop's body, at the first.
func panicInLoop(items endpoint.Stream[Message]) {
	for _, err := range items {
		if err == nil {
			panic(panicValue)
		}
	}
}

func testLoopPanics(k *kit) {
	for _, kd := range k.need(k.streamsOut()) {
		ended := make(chan error, 1)
		e := k.scripted(kd, script{then: func(ctx context.Context) error {
			err := k.hold(ctx)
			ended <- err
			return err
		}}, setup{})
		k.wantPanic(kd.name, e, func() { panicInLoop(kd.open(k.ctx, e.Zoo, request())) })
		if err := k.receive(ended, kd.name+": the end of the handler's context"); !errors.Is(err, context.Canceled) {
			k.t.Errorf("%s: the handler's context ended with %v", kd.name, err)
		}
		k.wantAlive(kd.name, e)
	}
}
