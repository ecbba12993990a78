package transporttest

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint"
)

func testDeadlineSent(k *kit) {
	for _, kd := range k.kinds() {
		var left time.Duration
		var has bool
		e := k.scripted(kd, script{open: func(ctx context.Context) error {
			var deadline time.Time
			deadline, has = ctx.Deadline()
			left = time.Until(deadline)
			return nil
		}}, setup{})
		ctx, cancel := context.WithTimeout(k.ctx, 60*k.unit)
		_, err := kd.call(ctx, e.Zoo, request())
		cancel()
		k.wantSuccess(kd.name, err)
		if !has || left > 60*k.unit || left < 60*k.unit-k.slack {
			k.t.Errorf("%s: the handler has %v left (a deadline: %v), want %v", kd.name, left, has, 60*k.unit)
		}
		_, err = kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		if has {
			k.t.Errorf("%s: the handler has a deadline in %v that the caller does not have", kd.name, left)
		}
		front := k.open(*e.Zoo, setup{})
		ctx, cancel = context.WithTimeout(k.ctx, 60*k.unit)
		_, err = kd.call(ctx, front.Zoo, request())
		cancel()
		k.wantSuccess(kd.name+", behind a gateway", err)
		if !has || left > 60*k.unit || left < 60*k.unit-k.slack {
			k.t.Errorf("%s, behind a gateway: the handler has %v left (a deadline: %v), want %v", kd.name, left, has, 60*k.unit)
		}
	}
}

// A place is a script with the name of the moment at which it acts.
type place struct {
	name string
	script
}

const (
	beforeItems = "before items"
	afterItem   = "after an item"
)

// places returns scripts that run f before the first item, and after one.
func places(f func(ctx context.Context) error) []place {
	return []place{{beforeItems, script{first: f}}, {afterItem, script{then: f}}}
}

func testDeadlinePasses(k *kit) {
	for _, kd := range k.kinds() {
		for _, p := range places(k.hold) {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, setup{})
			ctx, cancel := context.WithTimeout(k.ctx, k.unit)
			start := time.Now()
			ended := background(func() error { _, err := kd.call(ctx, e.Zoo, request()); return err })
			err := k.receive(ended, what+": the end of the call")
			took := time.Since(start)
			k.wantError(what, err, plain(endpoint.DeadlineExceeded, "deadline exceeded"))
			if !errors.Is(err, context.DeadlineExceeded) {
				k.t.Errorf("%s: the error is not a context.DeadlineExceeded: %v", what, err)
			}
			if took < k.unit-k.unit/10 || took > k.unit+k.slack {
				k.t.Errorf("%s: the call took %v, want %v", what, took, k.unit)
			}
			// The client cancels the call when the same deadline passes, and the
			// server may notice that first.
			if code := endpoint.CodeOf(k.next(e.server, what).err); code != endpoint.DeadlineExceeded && code != endpoint.Canceled {
				k.t.Errorf("%s: the server's layers got the code %v", what, code)
			}
			k.wantCode(what+": the client's layers", k.next(e.client, what).err, endpoint.DeadlineExceeded)
			cancel()
		}
	}
	for _, kd := range k.streamsIn() {
		k.deadlineOfProducer(kd)
	}
}

// deadlineOfProducer has a deadline pass while the handler waits for the next item.
func (k *kit) deadlineOfProducer(kd kind) {
	k.t.Helper()
	what := kd.name + ", while the producer waits"
	e := k.scripted(kd, script{}, setup{})
	ctx, cancel := context.WithTimeout(k.ctx, k.unit)
	defer cancel()
	err := k.receive(background(func() error { return k.upload(ctx, kd, e, k.waiting(ctx)) }), what+": the end of the call")
	k.wantError(what, err, plain(endpoint.DeadlineExceeded, "deadline exceeded"))
	if end := k.next(e.server, what); end.err == nil {
		k.t.Errorf("%s: the server took the call for a success", what)
	}
}

// upload makes a call with the items as its request, and reads its whole response.
func (k *kit) upload(ctx context.Context, kd kind, e *ends, items endpoint.Stream[Message]) error {
	if kd.streamsOut() {
		_, err := collect(streamOr(e.Bidi(ctx, items)))
		return err
	}
	_, err := e.ClientStream(ctx, items)
	return err
}

// waiting returns a request stream of one item that ends with ctx.
func (k *kit) waiting(ctx context.Context) endpoint.Stream[Message] {
	return func(yield func(Message, error) bool) {
		if yield(request(), nil) {
			_ = k.hold(ctx)
		}
	}
}

func testServerTimeout(k *kit) {
	limit := setup{server: endpoint.Stack{timing(k.unit)}}
	for _, kd := range k.kinds() {
		for _, p := range places(k.hold) {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, limit)
			start := time.Now()
			err := k.receive(background(func() error { _, err := kd.call(k.ctx, e.Zoo, request()); return err }), what+": the end of the call")
			k.wantRemote(what, err, plain(endpoint.DeadlineExceeded, "deadline exceeded"))
			if took := time.Since(start); took < k.unit || took > k.unit+k.slack {
				k.t.Errorf("%s: the call took %v, want %v", what, took, k.unit)
			}
			k.wantCode(what+": the server's layers", k.next(e.server, what).err, endpoint.DeadlineExceeded)
			k.wantAlive(what, e)
		}
	}
	for _, kd := range k.streamsIn() {
		what := kd.name + ", while the producer waits"
		e := k.scripted(kd, script{}, limit)
		ctx, cancel := context.WithCancel(k.ctx)
		err := k.receive(background(func() error { return k.upload(ctx, kd, e, k.waiting(ctx)) }), what+": the end of the call")
		k.wantRemote(what, err, plain(endpoint.DeadlineExceeded, "deadline exceeded"))
		cancel()
		k.wantAlive(what, e)
	}
}

func testEndedContext(k *kit) {
	canceled, cancel := context.WithCancel(k.ctx)
	cancel()
	past, cancelPast := context.WithDeadline(k.ctx, time.Now().Add(-k.unit))
	defer cancelPast()
	for _, kd := range k.kinds() {
		ran := false
		e := k.scripted(kd, script{open: func(context.Context) error { ran = true; return nil }}, setup{})
		for name, tt := range map[string]struct {
			ctx  context.Context
			code endpoint.Code
		}{"canceled": {canceled, endpoint.Canceled}, "past its deadline": {past, endpoint.DeadlineExceeded}} {
			what := kd.name + ", " + name
			err := k.receive(background(func() error { _, err := kd.call(tt.ctx, e.Zoo, request()); return err }), what+": the end of the call")
			k.wantCode(what, err, tt.code)
			if !errors.Is(err, tt.ctx.Err()) {
				k.t.Errorf("%s: the error is not the context's: %v", what, err)
			}
		}
		k.wantAlive(kd.name, e)
		k.wantEqual(kd.name+": the handler ran", ran, false)
	}
}

func testCancellation(k *kit) {
	for _, kd := range k.kinds() {
		if !kd.streamsIn() { // for those see testUnreadCancellation
			k.cancel(kd, beforeItems)
			k.cancel(kd, afterItem)
		}
	}
	for _, kd := range k.streamsIn() {
		what := kd.name + ", while the producer waits"
		reading := make(chan struct{}, 1)
		e := k.scripted(kd, script{then: func(context.Context) error { reading <- struct{}{}; return nil }}, setup{})
		ctx, cancel := context.WithCancelCause(k.ctx)
		call := background(func() error { return k.upload(ctx, kd, e, k.waiting(ctx)) })
		k.receive(reading, what+": the first item")
		cancel(errEnough)
		k.wantCanceled(what, k.receive(call, what+": the end of the call"))
		k.wantCode(what+": the server's layers", k.next(e.server, what).err, endpoint.Canceled)
		k.wantAlive(what, e)
	}
}

func testUnreadCancellation(k *kit) {
	for _, kd := range k.need(k.streamsIn()) {
		k.cancel(kd, beforeItems)
		k.cancel(kd, afterItem)
	}
}

// cancel makes a call and cancels it while the handler waits.
func (k *kit) cancel(kd kind, at string) {
	k.t.Helper()
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	waits := func(ctx context.Context) error {
		started <- struct{}{}
		err := k.hold(ctx)
		ended <- err
		return err
	}
	sc := script{then: waits}
	if at == beforeItems {
		sc = script{first: waits}
	}
	what := kd.name + ", " + at
	e := k.scripted(kd, sc, setup{})
	ctx, cancel := context.WithCancelCause(k.ctx)
	defer cancel(nil)
	call := background(func() error { _, err := kd.call(ctx, e.Zoo, request()); return err })
	k.receive(started, what+": the start of the handler")
	cancel(errEnough)
	k.wantCanceled(what, k.receive(call, what+": the end of the call"))
	if err := k.receive(ended, what+": the end of the handler's context"); !errors.Is(err, context.Canceled) {
		k.t.Errorf("%s: the handler's context ended with %v", what, err)
	}
	k.wantCode(what+": the server's layers", k.next(e.server, what).err, endpoint.Canceled)
	k.wantCode(what+": the client's layers", k.next(e.client, what).err, endpoint.Canceled)
	k.wantAlive(what, e)
}

// errEnough is the cause of a caller's cancellation.
var errEnough = errors.New("the caller had enough")

// wantCanceled checks the error of a call whose context ended with errEnough.
func (k *kit) wantCanceled(what string, err error) {
	k.t.Helper()
	k.wantError(what, err, plain(endpoint.Canceled, "canceled"))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errEnough) {
		k.t.Errorf("%s: the error is not the context's and its cause: %v", what, err)
	}
}
