package edge

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// A body is the body of a request, each piece of which must come within the time for
// progress.
type body struct {
	io.ReadCloser // of net/http
	x             *exchange
	invites       bool        // the first read sends "100 Continue"
	ended         atomic.Bool // it was read to its end
}

func (b *body) Read(p []byte) (int, error) {
	b.x.reading.begin(b.x.cutRead)
	n, err := b.read(p)
	if errors.Is(err, io.EOF) {
		b.ended.Store(true)
	}
	return n, b.x.reading.end(n, err)
}

// read reads from net/http, which sends "100 Continue" over HTTP/1 before the first read.
// That waits for the client too.
func (b *body) read(p []byte) (int, error) {
	if b.invites && b.x.writing.deadline.Load() == nil {
		_ = b.x.control.SetWriteDeadline(time.Now().Add(b.x.writing.limit))
		defer func() { _ = b.x.control.SetWriteDeadline(time.Time{}) }()
	}
	b.invites = false
	return b.ReadCloser.Read(p)
}

// Close reads the rest of a body over HTTP/1, if it is short. It may run beside Read, so
// it has a timer of its own.
func (b *body) Close() error {
	if !b.ended.Load() && b.x.reading.deadline.Load() == nil {
		timer := time.AfterFunc(b.x.reading.limit, b.x.cutRead)
		defer timer.Stop()
	}
	return b.ReadCloser.Close()
}
