package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

func testLayerOrder(k *kit) {
	for _, kd := range k.kinds() {
		var rec endpointtest.Recorder
		var seen any
		value := func(v string) endpoint.Layer {
			return &layer{enter: func(ctx context.Context) (context.Context, error) { return context.WithValue(ctx, layerKey{}, v), nil }}
		}
		e := k.scripted(kd, script{open: func(ctx context.Context) error {
			rec.Log("handler")
			seen = ctx.Value(layerKey{})
			return nil
		}}, setup{
			server: endpoint.Stack{rec.Layer("server 1"), rec.Layer("server 2"), value("of the server")},
			client: endpoint.Stack{rec.Layer("client 1"), rec.Layer("client 2"), value("of the client")},
		})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name, rec.Lines(), []string{
			"enter client 1", "enter client 2", "enter server 1", "enter server 2", "handler",
			"exit server 2", "exit server 1", "exit client 2", "exit client 1",
		})
		k.wantEqual(kd.name+": the value in the handler's context", seen, "of the server")
		if l, ok := e.targets.lastLease(); ok {
			k.wantEqual(kd.name+": the value in the context of Acquire", l.value, "of the client")
			k.wantEqual(kd.name+": the operation in the context of Acquire", l.call.Operation().Name, kd.name)
		}
	}
}

func testLayerRefusals(k *kit) {
	for _, kd := range k.kinds() {
		ran := false
		sc := script{open: func(context.Context) error { ran = true; return nil }}
		e := k.scripted(kd, sc, setup{server: endpoint.Stack{refusing(detailed(errDeclared))}})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantRemote(kd.name+", on the server", err, outcomeOf(detailed(errDeclared)))
		k.wantHooked(kd.name+", on the server", e, func(err error) bool { return errors.Is(err, errDeclared) })

		own := errors.New("own")
		e = k.scripted(kd, sc, setup{client: endpoint.Stack{refusing(own)}})
		_, err = kd.call(k.ctx, e.Zoo, request())
		if !errors.Is(err, own) {
			k.t.Errorf("%s, on the client: the error is %v, want that of the layer", kd.name, err)
		}
		k.wantEqual(kd.name+", on the client: attempts", len(e.targets.released()), 0)
		k.wantEqual(kd.name+", on the client: calls that reached the server", e.server.calls(), 0)
		k.wantEqual(kd.name+": the handler ran", ran, false)
	}
}

func testLayerResults(k *kit) {
	replace := exiting(func(error) error { return errDeclared })
	silent := exiting(func(error) error { return nil })
	fails := func(context.Context) error { return endpoint.Errorf(endpoint.NotFound, "nothing there") }
	for _, kd := range k.kinds() {
		for _, p := range append(places(fails), place{"a success", script{}}) {
			what := kd.name + ", " + p.name
			_, err := kd.call(k.ctx, k.scripted(kd, p.script, setup{server: endpoint.Stack{replace}}).Zoo, request())
			k.wantRemote(what+", replaced on the server", err, outcomeOf(errDeclared))
			_, err = kd.call(k.ctx, k.scripted(kd, p.script, setup{client: endpoint.Stack{replace}}).Zoo, request())
			k.wantError(what+", replaced on the client", err, outcomeOf(errDeclared))
			want := outcome{}
			if p.first != nil || p.then != nil {
				want = plain(endpoint.NotFound, "nothing there")
			}
			_, err = kd.call(k.ctx, k.scripted(kd, p.script, setup{server: endpoint.Stack{silent}, client: endpoint.Stack{silent}}).Zoo, request())
			k.wantError(what+", with layers that return nil", err, want)
		}
	}
}

// A callEnd is one way in which a call ends.
type callEnd struct {
	name string
	script
	call func(k *kit, kd kind, e *ends) error
	is   func(err error) bool // of the error that the client's layers and its target get
}

// ordinary makes a call and reads its whole response.
func ordinary(k *kit, kd kind, e *ends) error {
	_, err := kd.call(k.ctx, e.Zoo, request())
	return err
}

// callEnds returns the ways in which a call of the kind ends.
func callEnds(k *kit, kd kind) []callEnd {
	fails := func(context.Context) error { return errDeclared }
	declared := func(err error) bool { return errors.Is(err, errDeclared) }
	all := []callEnd{
		{"success", script{}, ordinary, func(err error) bool { return err == nil }},
		{"an error", script{open: fails}, ordinary, declared},
		{"an error before items", script{first: fails}, ordinary, declared},
		{"an error after an item", script{then: fails}, ordinary, declared},
		{
			"a panic of the handler",
			script{first: func(context.Context) error { panic(panicValue) }},
			ordinary,
			func(err error) bool { return endpoint.CodeOf(err) == endpoint.Internal },
		},
		{
			"a deadline",
			script{then: k.hold},
			func(k *kit, kd kind, e *ends) error {
				ctx, cancel := context.WithTimeout(k.ctx, k.unit)
				defer cancel()
				_, err := kd.call(ctx, e.Zoo, request())
				return err
			},
			func(err error) bool { return endpoint.CodeOf(err) == endpoint.DeadlineExceeded },
		},
	}
	if kd.streamsOut() {
		all = append(all, callEnd{
			"a break",
			script{then: k.hold},
			func(k *kit, kd kind, e *ends) error {
				for _, err := range kd.open(k.ctx, e.Zoo, request()) {
					return err
				}
				return errors.New("the stream ended before its first item")
			},
			func(err error) bool { return errors.Is(err, endpoint.ErrStopped) },
		})
	}
	return all
}

func testExits(k *kit) {
	for _, kd := range k.kinds() {
		for _, m := range callEnds(k, kd) {
			what := kd.name + ", " + m.name
			e := k.scripted(kd, m.script, setup{})
			_ = m.call(k, kd, e)
			if end := k.next(e.client, what); !m.is(end.err) {
				k.t.Errorf("%s: the client's layers got %v", what, end.err)
			}
			if end := k.next(e.server, what); (end.err == nil) != (m.name == "success") {
				k.t.Errorf("%s: the server's layers got %v", what, end.err)
			}
			k.settle(e)
			k.wantEqual(what+": calls that entered the client's layers", e.client.calls(), 1)
			k.wantEqual(what+": calls that entered the server's layers", e.server.calls(), 1)
		}
	}
}

func testReleases(k *kit) {
	for _, kd := range k.kinds() {
		for _, m := range callEnds(k, kd) {
			e := k.scripted(kd, m.script, setup{})
			_ = m.call(k, kd, e)
			k.wantReleased(kd.name+", "+m.name, e, m.is)
		}
		e := k.scripted(kd, script{}, setup{client: endpoint.Stack{&layer{enter: func(ctx context.Context) (context.Context, error) {
			endpoint.CallFrom(ctx).Header().Set("grpc-timeout", "1")
			return ctx, nil
		}}}})
		_, _ = kd.call(k.ctx, e.Zoo, request())
		k.settle(e)
	}
	for _, kd := range k.streamsOut() {
		e := k.scripted(kd, script{}, setup{})
		caught(func() { panicInLoop(kd.open(k.ctx, e.Zoo, request())) })
		k.wantReleased(kd.name+", a panic of the loop", e, func(err error) bool { return err != nil })
	}
	for _, kd := range k.streamsIn() {
		e := k.open(Zoo{}, setup{})
		caught(func() { _ = k.upload(k.ctx, kd, e, func(func(Message, error) bool) { panic(panicValue) }) })
		k.wantReleased(kd.name+", a panic of the producer", e, func(err error) bool { return err != nil })
	}
}

// wantReleased checks that one attempt was acquired and released, with an error
// for which is returns true.
func (k *kit) wantReleased(what string, e *ends, is func(err error) bool) {
	k.t.Helper()
	if k.tr.limited(Releases) {
		return
	}
	poll(patience, func() bool { acquired, released := e.targets.count(); return acquired > 0 && acquired <= released })
	acquired, released := e.targets.count()
	switch {
	case acquired == 0:
		k.t.Errorf("%s: no attempt was acquired through End.Counted", what)
	case acquired != 1 || released != 1:
		k.t.Errorf("%s: %d attempts were acquired and %d released, want one", what, acquired, released)
	default:
		if err := e.targets.released()[0]; !is(err) {
			k.t.Errorf("%s: the target got the outcome %v", what, err)
		}
	}
}

func testAcquires(k *kit) {
	refusal := errors.New("no connection")
	for _, kd := range k.kinds() {
		var refuse atomic.Bool
		refuse.Store(true)
		e := k.scripted(kd, script{}, setup{refuse: func(context.Context) error {
			if refuse.Load() {
				return refusal
			}
			return nil
		}})
		_, err := kd.call(k.ctx, e.Zoo, request())
		if !errors.Is(err, refusal) {
			k.t.Errorf("%s: the error is %v, want that of Acquire", kd.name, err)
		}
		if end := k.next(e.client, kd.name); !errors.Is(end.err, refusal) {
			k.t.Errorf("%s: the client's layers got %v, want the error of Acquire", kd.name, end.err)
		}
		acquired, released := e.targets.count()
		k.wantEqual(kd.name+": attempts acquired and released", []int{acquired, released}, []int{0, 0})
		k.wantEqual(kd.name+": calls that reached the server", e.server.calls(), 0)
		refuse.Store(false)
		_, err = kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
	}
}

// lower returns the key of a header in the form that cases compare.
func lower(key string) string { return strings.ToLower(key) }

// keys returns the sorted keys of a header.
func keys(header map[string][]string) string {
	var all []string
	for key := range header {
		all = append(all, key)
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}
