package natsx

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// readers notices when the readers of response streams have gone. Each reply of a stream
// names a subject to reply to. When nobody subscribes to the reader's inbox any more, the
// NATS server sends the status 503 there.
//
// See decision 189.
type readers struct {
	inbox string // with the dot before the token of a stream
	sub   *nats.Subscription

	mu      sync.Mutex // guards the fields below
	last    uint64
	cancels map[string]context.CancelFunc // by token
}

// start subscribes on conn.
func (r *readers) start(conn *nats.Conn) error {
	r.inbox = conn.NewInbox() + "."
	r.cancels = map[string]context.CancelFunc{}
	sub, err := conn.Subscribe(r.inbox+"*", r.receive)
	r.sub = sub
	return err
}

// stop unsubscribes.
func (r *readers) stop() {
	if r.sub != nil {
		_ = r.sub.Unsubscribe() // it fails if the connection is closed
	}
}

// receive cancels a stream whose reader has gone. Other messages are ignored.
func (r *readers) receive(msg *nats.Msg) {
	if len(msg.Data) > 0 || msg.Header.Get(statusHeader) != noResponders {
		return
	}
	r.mu.Lock()
	cancel := r.cancels[strings.TrimPrefix(msg.Subject, r.inbox)]
	r.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// watch returns a subject that replies of a stream name, so that cancel is called when the
// reader has gone, until forget is called.
func (r *readers) watch(cancel context.CancelFunc) (reply string, forget func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	token := strconv.FormatUint(r.last, 36)
	r.cancels[token] = cancel
	return r.inbox + token, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.cancels, token)
	}
}
