package transporttest

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

func testLongStreams(k *kit) {
	const n = 1000
	var uploaded []Message
	e := k.open(Zoo{ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
		var err error
		uploaded, err = collect(items)
		return response(), err
	}}, setup{})
	for _, kd := range k.need(k.streams()) {
		var got []Message
		var err error
		switch kd.streams {
		case endpoint.ServerStream:
			got, err = kd.call(k.ctx, e.Zoo, Message{Number: n})
		case endpoint.ClientStream:
			err = k.upload(k.ctx, kd, e, count(n))
			got = uploaded
		default:
			got, err = collect(streamOr(e.Bidi(k.ctx, count(n))))
		}
		k.wantSuccess(kd.name, err)
		if !slices.Equal(numbersOf(got), upTo(n)) {
			k.t.Errorf("%s: %d items came, or not in their order; want %d", kd.name, len(got), n)
		}
	}
}

const (
	bulk     = 64 << 10 // bytes of an item
	mostHeld = 256      // items that may be in flight
)

// endless returns a stream of large items that ends when more than enough were
// produced.
func endless(produced *atomic.Int64) endpoint.Stream[Message] {
	return func(yield func(Message, error) bool) {
		for produced.Load() < 2*mostHeld && yield(Message{Blob: make([]byte, bulk)}, nil) {
			produced.Add(1)
		}
	}
}

// producedUntilIdle waits until produced no longer changes, and returns it.
func producedUntilIdle(produced *atomic.Int64) int64 {
	last, same := int64(-1), 0
	poll(patience, func() bool {
		now := produced.Load()
		if now == last {
			same++
		} else {
			last, same = now, 0
		}
		return same >= 10 || now >= 2*mostHeld
	})
	return produced.Load()
}

func testBackPressure(k *kit) {
	for _, kd := range k.need(k.streams()) {
		var produced atomic.Int64
		came := int64(-1)
		wait := func() { came = producedUntilIdle(&produced) }
		e := k.open(Zoo{
			ServerStream: func(context.Context, Message) (endpoint.Stream[Message], error) { return endless(&produced), nil },
			ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
				for _, err := range items {
					wait()
					return response(), err
				}
				return Message{}, nil
			},
			Bidi: func(context.Context, endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
				return endless(&produced), nil
			},
		}, setup{})
		if !kd.streamsOut() {
			k.wantSuccess(kd.name, k.upload(k.ctx, kd, e, endless(&produced)))
		} else {
			for _, err := range kd.open(k.ctx, e.Zoo, request()) {
				k.wantSuccess(kd.name, err)
				wait()
				break
			}
		}
		if came < 0 || came >= mostHeld {
			k.t.Errorf("%s: the producer made %d items of 64 KiB for a reader of one", kd.name, came)
		}
		k.wantAlive(kd.name, e)
	}
}

// testGoroutines counts goroutines after some calls and again after as many more.
// The number of connections may change, so less than one goroutine for each call
// is not a fault.
func testGoroutines(k *kit) {
	if k.tr.Live {
		k.t.Skip("goroutines are counted in a bubble only")
	}
	const calls = 10
	for _, kd := range k.kinds() {
		for _, m := range callEnds(k, kd) {
			e := k.scripted(kd, m.script, setup{})
			round := func() int {
				for range calls {
					_ = m.call(k, kd, e)
				}
				k.settle(e)
				k.pause()
				return len(goroutines())
			}
			before := round()
			if after := round(); after >= before+calls {
				k.t.Errorf("%s, %s: %d goroutines are there after %d calls, and %d after %d more", kd.name, m.name, before, calls, after, calls)
			}
			e.stop()
		}
	}
}
