package natsx

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
)

// silence is how long a reader waits for the next reply: two heartbeats were missed, and
// the second one had half an interval to come.
const silence = 2*heartbeatEvery + heartbeatEvery/2

// receive makes the call of a response stream.
func (c *client) receive(ctx context.Context, req any, _ *shell.Producer, out *shell.Receiver) {
	out.End(shell.AttemptStream(ctx, c.target, out, func(conn *nats.Conn) error {
		return c.stream(ctx, conn, req, out)
	}))
}

// stream makes one exchange and delivers its items. It returns nil after the end of the
// stream, and an error for every other end.
func (c *client) stream(ctx context.Context, conn *nats.Conn, req any, out *shell.Receiver) error {
	msg, w, err := c.request(ctx, conn, req)
	if err != nil {
		return err
	}
	in := &inbox{arrived: make(chan *nats.Msg), left: make(chan struct{})}
	if err := in.subscribe(conn, c.mt.config); err != nil {
		return c.failed(ctx, err)
	}
	defer in.leave()
	msg.Reply = in.sub.Subject
	if err := conn.PublishMsg(msg); err != nil {
		return c.failed(ctx, err)
	}
	place := reflect.New(c.mt.item)
	s := &streamIn{c: c, call: w, in: in, out: out, place: place.Elem(), item: place.Interface()}
	for {
		msg, err := in.next(ctx)
		if err != nil {
			return c.broken(ctx, err)
		}
		if over, err := s.take(msg); over || err != nil {
			return err
		}
	}
}

// broken returns the error of a stream that has no next reply.
func (c *client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return c.sent(shell.ContextError(ctx))
	}
	return c.sent(shell.Failure(endpoint.Unavailable, "the stream broke off: %w", err))
}

// An inbox is the subscription to the replies of one stream. nats.go keeps the replies
// that have not been taken, within the pending limits, and drops others.
type inbox struct {
	sub     *nats.Subscription
	arrived chan *nats.Msg
	left    chan struct{} // closed when no more replies are taken
	timer   *time.Timer
}

func (in *inbox) subscribe(conn *nats.Conn, c *config) error {
	sub, err := conn.Subscribe(conn.NewInbox(), func(msg *nats.Msg) {
		select {
		case in.arrived <- msg:
		case <-in.left:
		}
	})
	if err != nil {
		return err
	}
	in.sub = sub
	if err := sub.SetPendingLimits(c.pendingItems, c.pendingBytes); err != nil {
		in.leave()
		return err
	}
	return nil
}

// leave ends the subscription.
func (in *inbox) leave() {
	_ = in.sub.Unsubscribe() // it fails if the connection is closed
	close(in.left)
	if in.timer != nil {
		in.timer.Stop()
	}
}

var (
	errSilent = errors.New("two heartbeats of the server were missed")
	errSlow   = errors.New("replies were dropped; the reader is too slow for the pending limits")
)

// next waits for the next reply.
func (in *inbox) next(ctx context.Context) (*nats.Msg, error) {
	if in.timer == nil {
		in.timer = time.NewTimer(silence)
	} else {
		in.timer.Reset(silence)
	}
	select {
	case msg := <-in.arrived:
		return msg, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-in.timer.C:
		return nil, in.why(errSilent)
	}
}

// why returns the reason for a missing reply: nats.go has dropped some, or else err.
func (in *inbox) why(err error) error {
	if n, _ := in.sub.Dropped(); n > 0 { // it fails if the subscription is closed
		return errSlow
	}
	return err
}

// streamIn is one range over a response stream.
type streamIn struct {
	c     *client
	call  *endpoint.CallWriter
	in    *inbox
	out   *shell.Receiver
	place reflect.Value // where each item is read into
	item  any           // points to place
	seq   uint64        // of the last reply
	got   bool          // the metadata of a reply
}

// take reads a reply. over reports whether it is the last one.
func (s *streamIn) take(msg *nats.Msg) (over bool, err error) {
	kind := header(msg.Header, streamHeader)
	if kind == "" {
		return true, s.single(msg)
	}
	if err := s.count(kind, header(msg.Header, seqHeader)); err != nil {
		return true, s.c.sent(shell.Failure(endpoint.Unavailable, "the stream broke off: %w", err))
	}
	s.call.AddBytes(0, int64(len(msg.Data)))
	if kind != streamHeartbeat && (!s.got || kind != streamItem) {
		s.got = true
		s.call.SetReply(metadataOf(msg.Header))
	}
	switch kind {
	case streamEnd:
		return true, nil
	case streamError:
		if e := errorOf(msg, s.call); e != nil {
			return true, s.c.sent(e)
		}
		return true, s.c.sent(shell.Failure(endpoint.Internal, "the stream ended with an error that has no code"))
	case streamItem:
		return false, s.deliver(msg)
	}
	return false, nil // a heartbeat, or of a server that knows more
}

// single returns the error of a reply that is not one of a stream.
func (s *streamIn) single(msg *nats.Msg) error {
	s.call.AddBytes(0, int64(len(msg.Data)))
	if len(msg.Data) == 0 && msg.Header.Get(statusHeader) == noResponders {
		return s.c.failed(context.Background(), nats.ErrNoResponders)
	}
	if e := errorOf(msg, s.call); e != nil { // of a foreign service
		s.call.SetReply(metadataOf(msg.Header))
		return s.c.sent(e)
	}
	return s.c.sent(shell.Failure(endpoint.Internal, "the response is not a stream"))
}

// count checks the number of a reply.
func (s *streamIn) count(kind, text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return errors.New("the number of a reply is " + strconv.Quote(bounds.Cut(text, bounds.Text)))
	}
	want := s.seq
	if kind != streamHeartbeat {
		want++
	}
	if n != want {
		return s.in.why(errors.New("reply " + strconv.FormatUint(n, 10) + " came in place of " + strconv.FormatUint(want, 10)))
	}
	s.seq = n
	return nil
}

func (s *streamIn) deliver(msg *nats.Msg) error {
	s.place.SetZero() // nothing of an item is in the next one
	if err := s.c.read(msg, s.item); err != nil {
		return s.c.unreadable("an item", err)
	}
	return s.out.Item(s.item)
}
