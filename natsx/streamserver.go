package natsx

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// Values of the header Endpoint-Stream.
const (
	streamItem      = "item"
	streamEnd       = "end"
	streamError     = "error"
	streamHeartbeat = "heartbeat"
)

// heartbeatEvery is the time without a reply after which a server sends a heartbeat.
const heartbeatEvery = 5 * time.Second

// messages returns the items of the response as they are sent. ctx is the handler's.
func (x *exchange) messages(ctx context.Context) endpoint.Stream[any] {
	if x.items == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		for item, err := range x.items {
			var data []byte
			if err == nil {
				data, err = x.encode(item)
			}
			if err != nil {
				yield(nil, shell.Cancelled(ctx, err))
				return
			}
			if !yield(data, nil) {
				return
			}
		}
		if err := shell.Interrupted(ctx); err != nil {
			yield(nil, err)
		}
	}
}

// openStream starts the heartbeats of a response stream, and cancels the call when its
// reader has gone. The func that it returns ends both.
func (x *exchange) openStream(cancel context.CancelFunc) (end func()) {
	gone, forget := x.s.readers.watch(cancel)
	x.out = &sender{x: x, gone: gone}
	x.out.start()
	return func() {
		x.out.stop()
		forget()
	}
}

// serveStream runs a call with a response stream.
func (x *exchange) serveStream() error {
	items, err := x.mt.stream(x.ctx, x)
	if err != nil {
		return err
	}
	if err := x.out.sendAll(items); err != nil {
		return err
	}
	return x.out.send(streamEnd, x.header(), nil)
}

// A sender sends the replies of a response stream, numbered from 1, and heartbeats
// between them.
type sender struct {
	x    *exchange
	gone string // the reply subject by which the end of the reader is noticed

	mu    sync.Mutex // guards the fields below; held while a reply is published
	seq   uint64     // of the last reply
	over  bool
	timer *time.Timer
}

func (s *sender) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(heartbeatEvery, s.beat)
}

// stop ends the heartbeats.
func (s *sender) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.timer.Stop()
}

// beat sends a heartbeat. One that cannot be sent is missed by the reader.
func (s *sender) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	_ = s.publish(streamHeartbeat, nats.Header{}, nil)
	s.timer.Reset(heartbeatEvery)
}

// sendAll sends the items. A nil stream has none.
func (s *sender) sendAll(items endpoint.Stream[any]) error {
	if items == nil {
		return nil
	}
	media := s.x.mt.out[s.x.format].header
	first := true
	for data, err := range items {
		if err != nil {
			return err
		}
		h := nats.Header{}
		if first {
			h, first = s.x.header(), false
		}
		h[contentTypeHeader] = media
		if err := s.send(streamItem, h, data.([]byte)); err != nil {
			return err
		}
	}
	return nil
}

// send sends the next reply. It fails if the context of the call has ended, unless that is
// what the reply reports.
func (s *sender) send(kind string, h nats.Header, data []byte) error {
	if ctx := s.x.ctx; ctx.Err() != nil && kind != streamError {
		return shell.Cancelled(ctx, shell.ContextError(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	err := s.publish(kind, h, data)
	if err != nil {
		s.seq--
		return err
	}
	if kind == streamItem {
		s.timer.Reset(heartbeatEvery)
	} else {
		s.over = true
	}
	return nil
}

// publish publishes a reply with the current number. s.mu is held.
func (s *sender) publish(kind string, h nats.Header, data []byte) error {
	h[streamHeader] = []string{kind}
	h[seqHeader] = []string{strconv.FormatUint(s.seq, 10)}
	return s.x.publish(&nats.Msg{Subject: s.x.msg.Reply, Reply: s.gone, Header: h, Data: data})
}
