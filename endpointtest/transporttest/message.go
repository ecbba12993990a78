package transporttest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/typedkit/endpoint"
)

// describe returns a message as one line of bounded length.
func describe(m Message) string {
	const most = 64
	text, blob := m.Text, m.Blob
	rest := ""
	if len(text) > most || len(blob) > most {
		rest = fmt.Sprintf(", a text of %d and a blob of %d bytes", len(text), len(blob))
		text, blob = text[:min(len(text), most)], blob[:min(len(blob), most)]
	}
	return fmt.Sprintf("{%q %d %q %q%s}", text, m.Number, blob, string(m.Trap), rest)
}

// samples returns messages with extreme members.
func samples() []Message {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return []Message{
		{Text: "a", Number: 1},
		{},
		{Text: "žluťoučký 🐎\x00\t\n\"\\</>"},
		{Number: math.MaxInt64},
		{Number: math.MinInt64 + 1},
		{Blob: all},
		{Trap: "a text of its own"},
	}
}

func testValues(k *kit) {
	var seen []Message
	e := k.open(Zoo{
		Unary: func(_ context.Context, m Message) (Message, error) {
			seen = append(seen, m)
			return m, nil
		},
		ServerStream: func(context.Context, Message) (endpoint.Stream[Message], error) {
			return endpoint.StreamOf(samples()...), nil
		},
		ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
			var err error
			seen, err = collect(items)
			return Message{}, err
		},
	}, setup{})
	for _, m := range samples() {
		seen = nil
		got, err := e.Unary(k.ctx, m)
		k.wantSuccess("Unary", err)
		k.wantMessages("the request of Unary", seen, m)
		k.wantMessages("the response of Unary", []Message{got}, m)
		got, err = e.Idempotent(k.ctx, m)
		k.wantSuccess("Idempotent", err)
		k.wantMessages("the response of Idempotent", []Message{got}, m)
	}
	if !k.tr.limited(ServerStreams) {
		got, err := collect(streamOr(e.ServerStream(k.ctx, Message{})))
		k.wantSuccess("ServerStream", err)
		k.wantMessages("the items of ServerStream", got, samples()...)
	}
	if !k.tr.limited(ClientStreams) {
		_, err := e.ClientStream(k.ctx, endpoint.StreamOf(samples()...))
		k.wantSuccess("ClientStream", err)
		k.wantMessages("the items of ClientStream", seen, samples()...)
	}
	if !k.tr.limited(BidiStreams) {
		got, err := collect(streamOr(e.Bidi(k.ctx, endpoint.StreamOf(samples()...))))
		k.wantSuccess("Bidi", err)
		k.wantMessages("the items of Bidi", got, samples()...)
	}
}

func testEmptyMessages(k *kit) {
	calls := 0
	e := k.open(Zoo{
		Empty: func(context.Context, endpoint.Empty) (endpoint.Empty, error) {
			calls++
			if calls > 1 {
				return endpoint.Empty{}, errUndeclared
			}
			return endpoint.Empty{}, nil
		},
		Unary: func(_ context.Context, m Message) (Message, error) {
			if same(m, Message{}) {
				return response(), nil
			}
			return Message{}, nil
		},
	}, setup{})
	_, err := e.Empty(k.ctx, endpoint.Empty{})
	k.wantSuccess("Empty", err)
	_, err = e.Empty(k.ctx, endpoint.Empty{})
	k.wantRemote("Empty that fails", err, outcomeOf(errUndeclared))
	k.wantEqual("calls of Empty", calls, 2)
	got, err := e.Unary(k.ctx, request())
	k.wantSuccess("an empty response", err)
	k.wantMessages("an empty response", []Message{got}, Message{})
	got, err = e.Unary(k.ctx, Message{})
	k.wantSuccess("an empty request", err)
	k.wantMessages("an empty request", []Message{got}, response())
}

func testLargeMessages(k *kit) {
	large := Message{Text: strings.Repeat("0123456789", 30_000), Blob: []byte(strings.Repeat("\x00\xff\x80", 100_000))}
	for _, kd := range k.kinds() {
		var z Zoo
		kd.serve(&z, script{answer: &large})
		z.Unary = nil // which echoes
		e := k.open(z, setup{})
		want := []Message{large}
		got, err := kd.call(k.ctx, e.Zoo, large)
		k.wantSuccess(kd.name, err)
		k.wantMessages(kd.name, got, want...)
	}
}

// testKeptValues keeps messages, and compares them after other calls.
func testKeptValues(k *kit) {
	const n = 50
	var mu sync.Mutex // guards kept
	var kept []Message
	keep := func(m Message) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, m)
	}
	e := k.open(Zoo{
		Unary: func(_ context.Context, m Message) (Message, error) {
			keep(m)
			return m, nil
		},
		ClientStream: func(_ context.Context, items endpoint.Stream[Message]) (Message, error) {
			for m, err := range items {
				if err != nil {
					return Message{}, err
				}
				keep(m)
			}
			return Message{}, nil
		},
	}, setup{})
	var want, got []Message
	for i := range n {
		want = append(want, numbered(i))
		m, err := e.Unary(k.ctx, numbered(i))
		k.wantSuccess("Unary", err)
		got = append(got, m)
	}
	k.wantMessages("responses of Unary that were kept", got, want...)
	k.wantMessages("requests of Unary that were kept", kept, want...)
	if !k.tr.limited(ServerStreams) {
		got, err := collect(streamOr(e.ServerStream(k.ctx, Message{Number: n})))
		k.wantSuccess("ServerStream", err)
		k.wantMessages("items of ServerStream that were kept", got, want...)
	}
	if !k.tr.limited(ClientStreams) {
		kept = nil
		_, err := e.ClientStream(k.ctx, count(n))
		k.wantSuccess("ClientStream", err)
		k.wantMessages("items of ClientStream that were kept", kept, want...)
	}
	if !k.tr.limited(BidiStreams) {
		got, err := collect(streamOr(e.Bidi(k.ctx, count(n))))
		k.wantSuccess("Bidi", err)
		k.wantMessages("items of Bidi that were kept", got, want...)
	}
}

func testConcurrentCalls(k *kit) {
	const callers, calls = 8, 8
	e := k.open(Zoo{
		Unary: func(_ context.Context, m Message) (Message, error) {
			if m.Number%3 == 0 {
				return Message{}, errDeclared.WithMeta("number", fmt.Sprint(m.Number))
			}
			return m, nil
		},
	}, setup{})
	var ended []<-chan error
	for c := range callers {
		ended = append(ended, background(func() error {
			var faults []error
			for i := range calls {
				faults = append(faults, k.distinct(e, c*calls+i))
			}
			return errors.Join(faults...)
		}))
	}
	for _, c := range ended {
		if err := k.receive(c, "the end of the calls"); err != nil {
			k.t.Error(strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

// distinct makes a call of each kind with messages of the number n. Its error says
// which of them got another outcome.
func (k *kit) distinct(e *ends, n int) error {
	var faults []error
	want := numbered(n)
	wrong := func(kind string, got []Message, err error) {
		faults = append(faults, fmt.Errorf("call %d of %s got %d messages and %v", n, kind, len(got), outcomeOf(err)))
	}
	got, err := e.Unary(k.ctx, want)
	fails := n%3 == 0
	if fails && outcomeOf(err).meta["number"] != fmt.Sprint(n) || !fails && (err != nil || !same(got, want)) {
		wrong("Unary", []Message{got}, err)
	}
	if !k.tr.limited(ServerStreams) {
		items, err := collect(streamOr(e.ServerStream(k.ctx, Message{Number: int64(n%5 + 1)})))
		if err != nil || len(items) != n%5+1 {
			wrong("ServerStream", items, err)
		}
	}
	if !k.tr.limited(ClientStreams) {
		got, err := e.ClientStream(k.ctx, endpoint.StreamOf(want, want))
		if err != nil || got.Number != 2*int64(n) {
			wrong("ClientStream", []Message{got}, err)
		}
	}
	if !k.tr.limited(BidiStreams) {
		items, err := collect(streamOr(e.Bidi(k.ctx, endpoint.StreamOf(want, want))))
		if err != nil || !slices.EqualFunc(items, []Message{want, want}, same) {
			wrong("Bidi", items, err)
		}
	}
	return errors.Join(faults...)
}

func testNoLayers(k *kit) {
	for _, kd := range k.kinds() {
		for name, err := range map[string]error{"success": nil, "an error": errDeclared} {
			what := kd.name + ", " + name
			e := k.scripted(kd, script{first: func(context.Context) error { return err }}, setup{bare: true})
			got, failed := kd.call(k.ctx, e.Zoo, request())
			if err != nil {
				k.wantRemote(what, failed, outcomeOf(err))
				continue
			}
			k.wantSuccess(what, failed)
			k.wantMessages(what, got, response())
			e.stop()
		}
	}
}

// testSizeLimit measures a message and makes its size the limit.
func testSizeLimit(k *kit) {
	m := Message{Text: strings.Repeat("x", 1000)}
	size := int(k.measured(func(e *ends) error { _, err := e.Unary(k.ctx, m); return err }))
	ran := 0
	handler := func(_ context.Context, m Message) (Message, error) { ran++; return m, nil }
	e := k.open(Zoo{Unary: handler}, setup{limit: size})
	got, err := e.Unary(k.ctx, m)
	k.wantSuccess("a message of the limit", err)
	k.wantMessages("a message of the limit", []Message{got}, m)
	k.wantEqual("calls of the handler", ran, 1)
	for what, m := range map[string]Message{
		"a message of one byte more": {Text: m.Text + "x"},
		"a message of 300 KB":        {Text: strings.Repeat("x", 300_000)},
	} {
		_, err := e.Unary(k.ctx, m)
		k.wantIdentity(what, err, endpoint.ResourceExhausted, tooLarge)
		k.wantEqual("calls of the handler", ran, 1)
		k.wantAlive(what, e)
	}
}

// tooLarge is the identity of the error for a message above the limit.
const tooLarge = "endpoint/BODY_TOO_LARGE"

// measured makes a call between new ends and returns the size of its request in
// bytes, which the server counts.
func (k *kit) measured(call func(e *ends) error) int64 {
	k.t.Helper()
	e := k.open(Zoo{}, setup{})
	if err := call(e); err != nil {
		k.t.Fatalf("the call that is measured failed: %v", err)
	}
	size := k.next(e.server, "the call that is measured").facts.requestBytes
	if size <= 0 {
		k.t.Fatalf("the server counted %d bytes of a request", size)
	}
	return size
}

func testItemSizeLimit(k *kit) {
	m := Message{Text: strings.Repeat("x", 1000)}
	larger := Message{Text: m.Text + "x"}
	for _, kd := range k.need(k.streamsIn()) {
		call := func(e *ends, items ...Message) error { return k.upload(k.ctx, kd, e, endpoint.StreamOf(items...)) }
		size := int(k.measured(func(e *ends) error { return call(e, m) }))
		e := k.open(Zoo{}, setup{limit: size})
		k.wantSuccess(kd.name+", items of the limit", call(e, m, m, m))
		k.wantIdentity(kd.name+", an item of one byte more", call(e, m, larger), endpoint.ResourceExhausted, tooLarge)
		k.wantAlive(kd.name, e)
	}
}
