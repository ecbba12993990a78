package transporttest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// admitting is a layer that takes places. It records what it was asked for.
type admitting struct {
	full                      atomic.Bool
	admitted, entered, exited chan struct{}
}

func newAdmitting() *admitting {
	const room = 16 // more than the calls of a case
	return &admitting{admitted: make(chan struct{}, room), entered: make(chan struct{}, room), exited: make(chan struct{}, room)}
}

// errFull is a refusal of a place.
var errFull = endpoint.Define(endpoint.Unavailable, "zoo", "FULL", "no place")

// Admit refuses a call if there is no place.
func (p *admitting) Admit(context.Context) error {
	p.admitted <- struct{}{}
	if p.full.Load() {
		return errFull
	}
	return nil
}

// Enter takes a place.
func (p *admitting) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	p.entered <- struct{}{}
	if p.full.Load() {
		return ctx, endpoint.Token{}, errFull
	}
	return ctx, endpoint.Token{}, nil
}

// Exit gives the place back.
func (p *admitting) Exit(_ context.Context, _ endpoint.Token, err error) error {
	p.exited <- struct{}{}
	return err
}

// testPlaces has a request stream whose first item does not come, and then does,
// and a server that has no place.
func testPlaces(k *kit) {
	p := newAdmitting()
	var got []Message
	e := k.open(Zoo{ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
		var err error
		got, err = collect(items)
		return response(), err
	}}, setup{server: endpoint.Stack{p}})
	if !k.tr.limited(ClientStreams) {
		k.placeOfStream(e, p)
		k.wantEqual("items of a request stream that waited for a place", numbersOf(got), upTo(3))
	}
	p.full.Store(true)
	for _, kd := range k.kinds() {
		_, err := kd.call(k.ctx, e.Zoo, request())
		k.wantIdentity(kd.name+" without a place", err, endpoint.Unavailable, "zoo/FULL")
	}
	k.settle(e)
	if n := len(p.exited); n > 0 {
		k.t.Errorf("%d calls without a place gave one back", n)
	}
}

// placeOfStream makes a call whose request is a stream of three items.
func (k *kit) placeOfStream(e *ends, p *admitting) {
	k.t.Helper()
	send, done := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(send) })
	defer begin()
	go func() {
		_, err := e.ClientStream(k.ctx, func(yield func(Message, error) bool) {
			<-send
			for i := range 3 {
				if !yield(numbered(i), nil) {
					return
				}
			}
		})
		done <- err
	}()
	if k.tr.Live {
		// The server may hear of the call only with its first item.
		k.pause()
	} else {
		k.receive(p.admitted, "Admit of a request stream without items")
		k.pause()
	}
	if len(p.entered) > 0 {
		k.t.Errorf("a request stream without an item has taken a place")
	}
	begin()
	k.wantSuccess("a request stream", k.receive(done, "the end of a request stream"))
	k.receive(p.entered, "Enter of a request stream with items")
	k.receive(p.exited, "Exit of a request stream")
}
