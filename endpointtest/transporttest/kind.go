package transporttest

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
)

// A script is the behavior of a handler. Each function may be nil; its error is
// the handler's.
type script struct {
	// open runs when the endpoint is called, before a stream is touched.
	open func(ctx context.Context) error
	// first runs next: in the source of a response stream before its first item,
	// otherwise in the endpoint.
	first func(ctx context.Context) error
	// then runs after one item of each stream, or after first if there are none.
	then func(ctx context.Context) error
	// answer is the response, or its item. The default is response().
	answer *Message
}

func (s *script) reply() Message {
	if s.answer != nil {
		return *s.answer
	}
	return response()
}

// run calls the functions that are not nil, up to the first error.
func run(ctx context.Context, fs ...func(ctx context.Context) error) error {
	for _, f := range fs {
		if f == nil {
			continue
		}
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A kind is one kind of endpoint of a [Zoo]. A case that holds for several kinds
// ranges over them.
type kind struct {
	name    string // of the field of the Zoo
	streams endpoint.StreamKind
	limit   Case // of a transport that does not support it
	// serve sets the endpoint to one that follows the script.
	serve func(z *Zoo, s script)
	// call makes a call and reads its whole response. The message is the request,
	// or each of the two items of it.
	call func(ctx context.Context, z *Zoo, m Message) ([]Message, error)
	// open makes the same call and returns its response stream; nil for the
	// others.
	open func(ctx context.Context, z *Zoo, m Message) endpoint.Stream[Message]
}

// streamsIn reports whether the request is a stream.
func (k *kind) streamsIn() bool { return k.streams&endpoint.ClientStream != 0 }

// streamsOut reports whether the response is a stream.
func (k *kind) streamsOut() bool { return k.streams&endpoint.ServerStream != 0 }

// items returns how many items of the response come before script.then.
func (k *kind) items() int {
	if k.streamsOut() {
		return 1
	}
	return 0
}

func kinds() []kind {
	return []kind{
		{name: "Unary", serve: serveUnary, call: callUnary},
		{name: "ServerStream", streams: endpoint.ServerStream, limit: ServerStreams, serve: serveServerStream, call: drained(openServerStream), open: openServerStream},
		{name: "ClientStream", streams: endpoint.ClientStream, limit: ClientStreams, serve: serveClientStream, call: callClientStream},
		{name: "Bidi", streams: endpoint.Bidi, limit: BidiStreams, serve: serveBidi, call: drained(openBidi), open: openBidi},
	}
}

func callUnary(ctx context.Context, z *Zoo, m Message) ([]Message, error) {
	got, err := z.Unary(ctx, m)
	if err != nil {
		return nil, err
	}
	return []Message{got}, nil
}

func callClientStream(ctx context.Context, z *Zoo, m Message) ([]Message, error) {
	got, err := z.ClientStream(ctx, endpoint.StreamOf(m, m))
	if err != nil {
		return nil, err
	}
	return []Message{got}, nil
}

func openServerStream(ctx context.Context, z *Zoo, m Message) endpoint.Stream[Message] {
	return streamOr(z.ServerStream(ctx, m))
}

func openBidi(ctx context.Context, z *Zoo, m Message) endpoint.Stream[Message] {
	return streamOr(z.Bidi(ctx, endpoint.StreamOf(m, m)))
}

func drained(open func(context.Context, *Zoo, Message) endpoint.Stream[Message]) func(context.Context, *Zoo, Message) ([]Message, error) {
	return func(ctx context.Context, z *Zoo, m Message) ([]Message, error) { return collect(open(ctx, z, m)) }
}

// streamOr returns s, or a stream with err alone.
func streamOr(s endpoint.Stream[Message], err error) endpoint.Stream[Message] {
	if err == nil {
		return s
	}
	return func(yield func(Message, error) bool) { yield(Message{}, err) }
}

func serveUnary(z *Zoo, s script) {
	z.Unary = func(ctx context.Context, _ Message) (Message, error) {
		if err := run(ctx, s.open, s.first, s.then); err != nil {
			return Message{}, err
		}
		return s.reply(), nil
	}
	z.Idempotent = z.Unary
}

func serveServerStream(z *Zoo, s script) {
	z.ServerStream = func(ctx context.Context, _ Message) (endpoint.Stream[Message], error) {
		if err := run(ctx, s.open); err != nil {
			return nil, err
		}
		return func(yield func(Message, error) bool) {
			if err := run(ctx, s.first); err != nil {
				yield(Message{}, err)
				return
			}
			if !yield(s.reply(), nil) {
				return
			}
			if err := run(ctx, s.then); err != nil {
				yield(Message{}, err)
			}
		}, nil
	}
}

func serveClientStream(z *Zoo, s script) {
	z.ClientStream = func(ctx context.Context, items endpoint.Stream[Message]) (Message, error) {
		if err := run(ctx, s.open, s.first); err != nil {
			return Message{}, err
		}
		n := 0
		for _, err := range items {
			if err != nil {
				return Message{}, err
			}
			if n++; n > 1 {
				continue
			}
			if err := run(ctx, s.then); err != nil {
				return Message{}, err
			}
		}
		return s.reply(), nil
	}
}

func serveBidi(z *Zoo, s script) {
	z.Bidi = func(ctx context.Context, items endpoint.Stream[Message]) (endpoint.Stream[Message], error) {
		if err := run(ctx, s.open); err != nil {
			return nil, err
		}
		return func(yield func(Message, error) bool) {
			if err := run(ctx, s.first); err != nil {
				yield(Message{}, err)
				return
			}
			n := 0
			for _, err := range items {
				if err != nil {
					yield(Message{}, err)
					return
				}
				if n++; n > 1 {
					continue
				}
				if !yield(s.reply(), nil) {
					return
				}
				if err := run(ctx, s.then); err != nil {
					yield(Message{}, err)
					return
				}
			}
		}, nil
	}
}

// collect returns the items and the error of a stream. It is another error if the
// stream goes on after its error, or yields an item with it.
func collect(s endpoint.Stream[Message]) ([]Message, error) {
	var items []Message
	var failed error
	if s == nil {
		return nil, nil
	}
	for m, err := range s {
		switch {
		case failed != nil:
			return items, errors.New("the stream went on after its error")
		case err != nil && !same(m, Message{}):
			return items, errors.New("the stream has an item beside its error")
		case err != nil:
			failed = err
		default:
			items = append(items, m)
		}
	}
	return items, failed
}
