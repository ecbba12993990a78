package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// An attemptLog records the attempts that reach a server.
type attemptLog struct {
	mu       sync.Mutex // guards the field below
	attempts []attempt
}

type attempt struct {
	message Message
	headers []string // of the key x-attempt
	number  string   // of the key endpoint-attempt
}

// add records an attempt and returns how many there were before.
func (t *attemptLog) add(ctx context.Context, m Message) int {
	header := endpoint.CallFrom(ctx).Header()
	a := attempt{m, header.Values("x-attempt"), header.Get("endpoint-attempt")}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts = append(t.attempts, a)
	return len(t.attempts) - 1
}

func (t *attemptLog) all() []attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.attempts)
}

// numbering returns a layer of a client that adds the number of each attempt to its
// header and to numbers.
func numbering(numbers *[]int) endpoint.Layer {
	var mu sync.Mutex // guards numbers
	return &layer{enter: func(ctx context.Context) (context.Context, error) {
		call := endpoint.CallFrom(ctx)
		call.Header().Add("x-attempt", strconv.Itoa(call.Attempt()))
		mu.Lock()
		defer mu.Unlock()
		*numbers = append(*numbers, call.Attempt())
		return ctx, nil
	}}
}

var errUnavailable = endpoint.Define(endpoint.Unavailable, "zoo", "UNAVAILABLE", "temporarily unavailable")

func testRetries(k *kit) {
	var server attemptLog
	var numbers []int
	e := k.open(Zoo{Unary: func(ctx context.Context, m Message) (Message, error) {
		n := server.add(ctx, m)
		endpoint.CallFrom(ctx).Reply().Set("x-reply", strconv.Itoa(n+1))
		if n < 2 {
			clear(m.Blob) // which is the handler's own
			return Message{}, errUnavailable
		}
		return m, nil
	}}, setup{client: endpoint.Stack{&repeating{times: 5}, numbering(&numbers)}})
	sent := request()
	got, err := e.Unary(endpoint.WithHeader(k.ctx, "x-caller", "caller"), sent)
	k.wantSuccess("the third attempt", err)
	k.wantMessages("the response", []Message{got}, request())
	k.wantMessages("the caller's request, afterwards", []Message{sent}, request())
	k.wantEqual("numbers of the attempts at the client's layers", numbers, []int{1, 2, 3})
	k.settle(e)
	attempts := server.all()
	k.wantEqual("attempts that reached the server", len(attempts), 3)
	for i, a := range attempts {
		what := "attempt " + strconv.Itoa(i+1)
		if i == len(attempts)-1 { // the handler cleared the others
			k.wantMessages(what, []Message{a.message}, request())
		}
		k.wantEqual(what+": its header", a.headers, []string{strconv.Itoa(i + 1)})
		k.wantEqual(what+": its number for the server", a.number, []string{"", "2", "3"}[i])
	}
	end := k.next(e.client, "the call")
	k.wantEqual("the reply at the layers outside", end.facts.reply["x-reply"], []string{"3"})
	outcomes := e.targets.released()
	if len(outcomes) != 0 { // a transport without targets
		ok := len(outcomes) == 3 && errors.Is(outcomes[0], errUnavailable) && errors.Is(outcomes[1], errUnavailable) && outcomes[2] == nil
		k.wantEqual("the targets got the outcomes of three attempts", ok, true)
	}
	got, err = e.Unary(k.ctx, request())
	k.wantSuccess("another call", err)
	k.wantMessages("another call", []Message{got}, request())
	k.wantEqual("the number of another call's attempt", numbers[3:], []int{1})
	k.retriedInVain(kinds()[0])
}

// retriedInVain tests a handler that returns the error of a call that its own client has
// repeated in vain. The mark of the error keeps the caller from repeating its call.
func (k *kit) retriedInVain(kd kind) {
	k.t.Helper()
	for _, marked := range []bool{false, true} {
		err := error(errUnavailable)
		if marked {
			err = fmt.Errorf("behind: %w", mark.Retried(endpoint.FromWire(endpoint.Unavailable, "behind", "DOWN", "down")))
		}
		e := k.scripted(kd, script{open: func(context.Context) error { return err }}, setup{})
		_, err = kd.call(k.ctx, e.Zoo, request())
		k.wantEqual(kd.name+": the code", endpoint.CodeOf(err), endpoint.Unavailable)
		k.wantEqual(kd.name+": the error is marked", mark.WasRetried(err), marked)
	}
}

func testStreamRetries(k *kit) {
	unavailable := func(context.Context) error { return errUnavailable }
	for _, kd := range k.need(k.streams()) {
		for _, p := range places(unavailable) {
			what := kd.name + ", " + p.name
			attempts := 0
			sc := script{first: p.first, then: p.then, open: func(context.Context) error { attempts++; return nil }}
			var numbers []int
			e := k.scripted(kd, sc, setup{client: endpoint.Stack{&repeating{times: 3}, numbering(&numbers)}})
			got, err := kd.call(k.ctx, e.Zoo, request())
			k.wantRemote(what, err, outcomeOf(errUnavailable))
			k.settle(e)
			switch {
			case p.then != nil: // an item went over each stream
				k.wantEqual(what+": attempts", attempts, 1)
				k.wantEqual(what+": items", len(got), kd.items())
			case !kd.streamsIn():
				k.wantEqual(what+": attempts", attempts, 3)
				k.wantEqual(what+": numbers of the attempts", numbers, []int{1, 2, 3})
			}
		}
	}
	for _, kd := range k.streamsIn() {
		k.retryOfUpload(kd)
	}
	for _, kd := range k.streams() {
		k.retriedInVain(kd)
	}
}

// retryOfUpload repeats a call whose first attempt failed in Acquire, so that the
// request stream was not ranged over.
func (k *kit) retryOfUpload(kd kind) {
	k.t.Helper()
	acquires := 0
	var numbers []int
	e := k.open(Zoo{}, setup{
		client: endpoint.Stack{&repeating{times: 3}, numbering(&numbers)},
		refuse: func(context.Context) error {
			if acquires++; acquires == 1 {
				return errUnavailable
			}
			return nil
		},
	})
	err := k.upload(k.ctx, kd, e, count(3))
	if acquires == 0 {
		return // a transport without targets
	}
	k.wantSuccess(kd.name+", not ranged over at first", err)
	k.wantEqual(kd.name+": numbers of the attempts", numbers, []int{1, 2})
}

// hedged makes a call whose first attempt waits, so that the second one wins.
func (k *kit) hedged(kd kind) {
	k.t.Helper()
	var server attemptLog
	var numbers []int
	loser := make(chan error, 2)
	e := k.scripted(kd, script{open: func(ctx context.Context) error {
		n := server.add(ctx, Message{})
		endpoint.CallFrom(ctx).Reply().Set("x-reply", strconv.Itoa(n+1))
		if n > 0 {
			return nil
		}
		err := k.hold(ctx)
		loser <- err
		return err
	}}, setup{client: endpoint.Stack{&hedging{after: k.unit / 10}, numbering(&numbers)}})
	call := background(func() error {
		got, err := kd.call(k.ctx, e.Zoo, request())
		k.wantMessages(kd.name, got, response())
		return err
	})
	k.wantSuccess(kd.name, k.receive(call, kd.name+": the answer of the second attempt"))
	if err := k.receive(loser, kd.name+": the cancellation of the loser"); !errors.Is(err, context.Canceled) {
		k.t.Errorf("%s: the context of the loser ended with %v", kd.name, err)
	}
	k.settle(e)
	k.wantEqual(kd.name+": numbers of the attempts", numbers, []int{1, 2})
	attempts := server.all()
	k.wantEqual(kd.name+": attempts that reached the server", len(attempts), 2)
	// They may overtake each other on their way.
	slices.SortFunc(attempts, func(a, b attempt) int { return slices.Compare(a.headers, b.headers) })
	for i, a := range attempts {
		k.wantEqual(kd.name+": the header of an attempt", a.headers, []string{strconv.Itoa(i + 1)})
	}
	end := k.next(e.client, kd.name)
	k.wantEqual(kd.name+": the reply at the layers outside", end.facts.reply["x-reply"], []string{"2"})
	if acquired, released := e.targets.count(); acquired != 0 {
		k.wantEqual(kd.name+": attempts acquired and released", []int{acquired, released}, []int{2, 2})
	}
}

func testHedges(k *kit) { k.hedged(kinds()[0]) }

func testStreamHedges(k *kit) {
	if k.tr.limited(ServerStreams) {
		k.need(nil)
	}
	for _, kd := range k.kinds() {
		if kd.streams == endpoint.ServerStream {
			k.hedged(kd)
		}
	}
}
