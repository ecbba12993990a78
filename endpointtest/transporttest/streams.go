package transporttest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// numbersOf returns the numbers of the messages.
func numbersOf(items []Message) []int64 {
	var all []int64
	for _, m := range items {
		all = append(all, m.Number)
	}
	return all
}

// upTo returns the numbers of count(n).
func upTo(n int) []int64 {
	var all []int64
	for i := range n {
		all = append(all, int64(i))
	}
	return all
}

func testServerStreams(k *kit) {
	var calls atomic.Int64
	e := k.open(Zoo{ServerStream: func(ctx context.Context, m Message) (endpoint.Stream[Message], error) {
		calls.Add(1)
		return countTo(ctx, m)
	}}, setup{})
	items, err := e.ServerStream(k.ctx, Message{Number: 20})
	k.wantSuccess("the call before its loop", err)
	k.wantEqual("calls before the loop", []int64{int64(e.client.calls()), calls.Load()}, []int64{0, 0})
	for n := range int64(2) { // another loop is another call
		got, err := collect(items)
		k.wantSuccess("the loop", err)
		k.wantEqual("the numbers of the items", numbersOf(got), upTo(20))
		k.wantEqual("calls", calls.Load(), n+1)
		k.wantSuccess("the client's layers", k.next(e.client, "the loop").err)
		k.wantSuccess("the server's layers", k.next(e.server, "the loop").err)
	}
}

func testClientStreams(k *kit) {
	var got []Message
	e := k.open(Zoo{ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
		var err error
		got, err = collect(items)
		return response(), err
	}}, setup{})
	answer, err := e.ClientStream(k.ctx, count(20))
	k.wantSuccess("the call", err)
	k.wantMessages("the answer", []Message{answer}, response())
	k.wantEqual("the numbers of the items", numbersOf(got), upTo(20))
	k.wantSuccess("the client's layers", k.next(e.client, "the call").err)
	k.wantSuccess("the server's layers", k.next(e.server, "the call").err)
	testLeftBehind(k)
}

// testLeftBehind tests a handler that returns while its goroutine still reads the request
// stream. A client to which the handler passed the stream does the same.
func testLeftBehind(k *kit) {
	for name, answer := range map[string]error{"a success": nil, "an error": errDeclared} {
		var reading sync.WaitGroup
		e := k.open(Zoo{ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
			reading.Go(func() { _, _ = collect(items) })
			return response(), answer
		}}, setup{})
		for n := range 60 {
			_, err := e.ClientStream(k.ctx, count(n%3))
			k.wantEqual(name, outcomeOf(err), outcomeOf(answer))
			reading.Wait()
		}
	}
}

// testBidiStreams has a client that waits for the answer to each item, and a
// server that sends more after the end of the request.
func testBidiStreams(k *kit) {
	e := k.open(Zoo{Bidi: func(_ context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
		return func(yield func(Message, error) bool) {
			for m, err := range items {
				if !yield(m, err) || err != nil {
					return
				}
			}
			_ = yield(Message{Number: 100}, nil) && yield(Message{Number: 101}, nil)
		}, nil
	}}, setup{})
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	answered := make(chan struct{}, 100)
	items, err := e.Bidi(ctx, func(yield func(Message, error) bool) {
		for i := range 5 {
			if !yield(Message{Number: int64(i)}, nil) {
				return
			}
			select {
			case <-answered:
			case <-ctx.Done():
				return
			}
		}
	})
	k.wantSuccess("the call before its loop", err)
	k.wantEqual("calls before the loop", e.client.calls(), 0)
	var got []Message
	call := background(func() error {
		for m, err := range items {
			if err != nil {
				return err
			}
			got = append(got, m)
			answered <- struct{}{}
		}
		return nil
	})
	k.wantSuccess("the call", k.receive(call, "the end of the call"))
	k.wantEqual("the numbers of the items", numbersOf(got), []int64{0, 1, 2, 3, 4, 100, 101})
	k.wantSuccess("the client's layers", k.next(e.client, "the call").err)
	k.wantSuccess("the server's layers", k.next(e.server, "the call").err)
}

func testEmptyStreams(k *kit) {
	var none endpoint.Stream[Message]
	for name, empty := range map[string]endpoint.Stream[Message]{"a nil stream": none, "no items": endpoint.StreamOf[Message]()} {
		for _, bare := range []bool{false, true} {
			n := -1
			e := k.open(Zoo{
				ServerStream: func(context.Context, Message) (endpoint.Stream[Message], error) { return empty, nil },
				ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
					got, err := collect(items)
					n = len(got)
					return response(), err
				},
				Bidi: func(_ context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
					got, err := collect(items)
					n = len(got)
					return empty, err
				},
			}, setup{bare: bare})
			for _, kd := range k.need(k.streams()) {
				what := kd.name + ", " + name
				n = 0
				var got []Message
				var err error
				if kd.streamsIn() {
					n = -1
					err = k.upload(k.ctx, kd, e, empty)
				} else {
					got, err = kd.call(k.ctx, e.Zoo, request())
				}
				k.wantSuccess(what, err)
				k.wantEqual(what+": items of the response", len(got), 0)
				k.wantEqual(what+": items of the request", n, 0)
			}
		}
	}
}

// testEarlyErrors has errors before the first item of a response, and before the
// first item of a request was read.
func testEarlyErrors(k *kit) {
	all := detailed(errDeclared).WithCause(errors.New(secret))
	fails := func(context.Context) error { return all }
	for _, kd := range k.need(k.streams()) {
		for _, p := range everyPlace(fails)[:2] {
			what := kd.name + ", " + p.name
			e := k.scripted(kd, p.script, setup{})
			got, err := kd.call(k.ctx, e.Zoo, request())
			k.wantRemote(what, err, outcomeOf(detailed(errDeclared)))
			k.wantEqual(what+": items", len(got), 0)
			k.wantEndings(what, e, errDeclared)
			k.wantAlive(what, e)
		}
	}
}

func testLateErrors(k *kit) {
	fails := func(context.Context) error { return detailed(errDeclared).WithCause(errors.New(secret)) }
	for _, kd := range k.need(k.streams()) {
		e := k.scripted(kd, script{then: fails}, setup{})
		got, err := kd.call(k.ctx, e.Zoo, request())
		k.wantRemote(kd.name, err, outcomeOf(detailed(errDeclared)))
		k.wantEqual(kd.name+": items", len(got), kd.items())
		k.wantEndings(kd.name, e, errDeclared)
		k.wantAlive(kd.name, e)
	}
	for _, kd := range k.streamsOut() {
		plain := k.scripted(kd, script{then: func(context.Context) error { return errors.New(secret) }}, setup{})
		_, err := kd.call(k.ctx, plain.Zoo, request())
		k.wantRemote(kd.name+", an error without a code", err, internal)
	}
}

// wantEndings checks that the layers of both ends got the error.
func (k *kit) wantEndings(what string, e *ends, want error) {
	k.t.Helper()
	for side, w := range map[string]*watch{"server": e.server, "client": e.client} {
		if end := k.next(w, what); !errors.Is(end.err, want) {
			k.t.Errorf("%s: the layers of the %s got %v, want %v", what, side, end.err, want)
		}
	}
}

func testStreamers(k *kit) {
	for _, kd := range k.need(k.streams()) {
		items := int64(0) // of a call: two of a request, one of a response
		if kd.streamsIn() {
			items += 2
		}
		if kd.streamsOut() {
			items++
		}
		var server, client itemCount
		e := k.scripted(kd, script{}, setup{server: endpoint.Stack{&server}, client: endpoint.Stack{&client}})
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantSuccess(kd.name, err)
		k.wantEqual(kd.name+": items at the server's layers", server.n.Load(), items)
		k.wantEqual(kd.name+": items at the client's layers", client.n.Load(), items)

		for side, s := range map[string]setup{
			"server": {server: endpoint.Stack{&itemCount{limit: 3, err: errDeclared}}},
			"client": {client: endpoint.Stack{&itemCount{limit: 3, err: errDeclared}}},
		} {
			what := kd.name + ", refused by the " + side
			e := k.open(Zoo{}, s)
			if kd.streamsIn() {
				err = k.upload(k.ctx, kd, e, count(10))
			} else {
				var got []Message
				got, err = kd.call(k.ctx, e.Zoo, Message{Number: 10})
				k.wantEqual(what+": items", len(got), 3)
			}
			k.wantError(what, err, outcomeOf(errDeclared))
			k.wantAlive(what, e)
		}
	}
}

func testSecondRanges(k *kit) {
	twice := func(items endpoint.Stream[Message]) error {
		if _, err := collect(items); err != nil {
			return err
		}
		_, err := collect(items)
		return err
	}
	e := k.open(Zoo{
		ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
			return Message{}, twice(items)
		},
		Bidi: func(_ context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
			return nil, twice(items)
		},
	}, setup{})
	for _, kd := range k.need(k.streamsIn()) {
		err := k.upload(k.ctx, kd, e, count(2))
		k.wantIdentity(kd.name, err, endpoint.Internal, "endpoint/RANGED_TWICE")
	}
}
