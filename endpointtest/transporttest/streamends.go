package transporttest

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
)

func testBreaks(k *kit) {
	for _, kd := range k.need(k.streamsOut()) {
		ended := make(chan error, 1)
		e := k.scripted(kd, script{then: func(ctx context.Context) error {
			err := k.hold(ctx)
			ended <- err
			return err
		}}, setup{})
		for range 2 { // a loop after a break is another call
			n := 0
			for _, err := range kd.open(k.ctx, e.Zoo, request()) {
				k.wantSuccess(kd.name+": the first item", err)
				n++
				break
			}
			k.wantEqual(kd.name+": items", n, 1)
			if err := k.receive(ended, kd.name+": the end of the handler's context"); !errors.Is(err, context.Canceled) {
				k.t.Errorf("%s: the handler's context ended with %v", kd.name, err)
			}
			if end := k.next(e.client, kd.name); !errors.Is(end.err, endpoint.ErrStopped) {
				k.t.Errorf("%s: the client's layers got %v, want ErrStopped", kd.name, end.err)
			}
			k.wantCode(kd.name+": the server's layers", k.next(e.server, kd.name).err, endpoint.Canceled)
		}
		k.wantAlive(kd.name, e)
	}
}

func testProducerErrors(k *kit) {
	own := errors.New("own")
	for _, kd := range k.need(k.streamsIn()) {
		for n := range 3 {
			what := fmt.Sprintf("%s, after %d items", kd.name, n)
			e := k.open(Zoo{}, setup{})
			err := k.upload(k.ctx, kd, e, func(yield func(Message, error) bool) {
				for i := range n {
					if !yield(numbered(i), nil) {
						return
					}
				}
				yield(Message{}, own)
			})
			if !errors.Is(err, own) {
				k.t.Errorf("%s: the error is %v, want that of the producer", what, err)
			}
			if end := k.next(e.client, what); !errors.Is(end.err, own) {
				k.t.Errorf("%s: the client's layers got %v, want the error of the producer", what, end.err)
			}
			k.notWhole(what, kd, e)
			k.wantAlive(what, e)
		}
	}
}

func testProducerEnds(k *kit) {
	for _, kd := range k.need(k.streamsIn()) {
		e := k.open(Zoo{}, setup{})
		for range 20 {
			ctx, cancel := context.WithCancel(k.ctx)
			sent := make(chan struct{}, 1)
			call := background(func() error {
				return k.upload(ctx, kd, e, func(yield func(Message, error) bool) {
					if yield(request(), nil) {
						sent <- struct{}{}
						_ = k.hold(ctx)
					}
				})
			})
			k.receive(sent, kd.name+": the first item")
			cancel()
			k.wantCode(kd.name, k.receive(call, kd.name+": the end of the call"), endpoint.Canceled)
		}
		k.notWhole(kd.name, kd, e)
	}
}

// testEarlyAnswers has handlers that answer after the first item.
func testEarlyAnswers(k *kit) {
	for _, kd := range k.need(k.streamsIn()) {
		e := k.open(Zoo{
			ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
				for m, err := range items {
					return m, err
				}
				return Message{}, errors.New("no item")
			},
			Bidi: func(_ context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
				return func(yield func(Message, error) bool) {
					for m, err := range items {
						yield(m, err)
						return
					}
				}, nil
			},
		}, setup{})
		stopped := make(chan struct{}, 1)
		what := kd.name + ", a producer without end"
		call := background(func() error {
			return k.upload(k.ctx, kd, e, func(yield func(Message, error) bool) {
				for yield(request(), nil) {
				}
				stopped <- struct{}{}
			})
		})
		k.wantSuccess(what, k.receive(call, what+": the end of the call"))
		k.receive(stopped, what+": the end of the producer")
		k.wantSuccess(what+": the server's layers", k.next(e.server, what).err)
		k.wantAlive(what, e)
		k.next(e.server, what)

		what = kd.name + ", a producer that waits"
		ctx, cancel := context.WithCancel(k.ctx)
		call = background(func() error { return k.upload(ctx, kd, e, k.waiting(ctx)) })
		k.wantSuccess(what, k.receive(call, what+": the end of the call"))
		cancel()
		k.wantSuccess(what+": the server's layers", k.next(e.server, what).err)
		k.wantAlive(what, e)
	}
}
