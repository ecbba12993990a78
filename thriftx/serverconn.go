package thriftx

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/shell"
)

// maxName is the longest name of a method in bytes.
const maxName = 255

// timeoutKey is the key of the time that is left to a call, in milliseconds.
const timeoutKey = "endpoint-timeout-ms"

// A serverConn is one connection of a server.
type serverConn struct {
	server *Server
	link   *link
	idle   bool // no request has begun; guarded by the server's mu

	waiting time.Time // when the read deadline was set for the wait that lasts; zero for another deadline
	writing time.Time // when the write deadline was set
}

// serve reads requests until the connection ends, or the server's.
func (c *serverConn) serve() {
	defer c.end() // also if a handler calls runtime.Goexit
	more := true
	for more && c.await() {
		more = c.request()
	}
}

func (c *serverConn) end() {
	_ = c.link.Close()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.conns, c)
	c.server.checkDrained()
}

// await waits for a request. It reports false if the connection is to be closed.
func (c *serverConn) await() bool {
	if !c.setIdle(true) {
		return false
	}
	l := c.link
	if l.late || !isRecent(c.waiting, c.server.idleTimeout) {
		c.waiting = time.Now()
		_ = l.conn.SetReadDeadline(c.waiting.Add(c.server.idleTimeout))
	}
	l.first, l.late = time.Time{}, false
	if l.wait() != nil || !c.setIdle(false) {
		return false
	}
	l.first, l.most = time.Now(), c.server.messageTimeout
	return true
}

// isRecent reports whether a deadline that was set at t for a time of d may stay: it costs a
// call more to set one for each message than to end the wait a little early. See decision 197.
func isRecent(t time.Time, d time.Duration) bool {
	return time.Since(t) < min(d/8, time.Second)
}

// setIdle reports whether the server still takes requests.
func (c *serverConn) setIdle(idle bool) bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.idle = idle
	return !c.server.draining
}

// An envelope is what comes before the arguments of a request.
type envelope struct {
	name     string
	kind     thrift.TMessageType
	seq      int32
	protocol thrift.TProtocol
	in       *bounded
}

// noContext is for Thrift's library, which would wait differently under a deadline. The
// deadlines are those of the connection.
func noContext() context.Context { return context.Background() }

// request reads one request and answers it. It reports whether the connection can take
// another one.
func (c *serverConn) request() bool {
	l := c.link
	defer func() { l.share.Release() }() // also of a request that was not read to its end
	err := l.start(c.server.reading.Share())
	e := &envelope{protocol: l.open()}
	e.in = &bounded{e.protocol, c.server.limit}
	if err == nil {
		err = shell.Guard(nil, func() (err error) { // the library panics for some input
			e.name, e.kind, e.seq, err = e.in.ReadMessageBegin(noContext())
			return err
		})
	}
	switch mt := c.server.method(e.name); {
	case err != nil:
		return c.refuse(e, unread(l.fault, err, c.server.limit))
	case e.kind != thrift.CALL && e.kind != thrift.ONEWAY:
		return c.refuse(e, ErrInvalidRequest)
	case mt == nil:
		return c.unknown(e)
	default:
		return c.call(mt, e)
	}
}

// skip reads and drops the arguments of a request.
func (c *serverConn) skip(e *envelope) error {
	return shell.Guard(nil, func() error {
		if err := e.in.Skip(noContext(), thrift.STRUCT); err != nil {
			return err
		}
		if err := e.in.ReadMessageEnd(noContext()); err != nil {
			return err
		}
		return c.link.finish()
	})
}

// refuse answers what cannot be read as a request, unless the connection has failed, and
// closes the connection.
func (c *serverConn) refuse(e *envelope, err error) bool {
	if endpoint.CodeOf(err) == endpoint.Canceled {
		return false
	}
	if e.kind != thrift.ONEWAY {
		c.linger(c.write(e, thrift.EXCEPTION, exceptionOf(endpoint.ErrorOf(err)), nil))
	}
	return false
}

// unknown answers a request for a method that the server does not have.
func (c *serverConn) unknown(e *envelope) bool {
	if err := c.skip(e); err != nil {
		return c.refuse(e, unread(c.link.fault, err, c.server.limit))
	}
	if e.kind == thrift.ONEWAY {
		return true
	}
	return c.send(c.write(e, thrift.EXCEPTION, &exception{text: problem.Text(ErrMethodNotFound), kind: thrift.UNKNOWN_METHOD}, nil))
}

// write makes the message of an answer.
func (c *serverConn) write(e *envelope, kind thrift.TMessageType, body writer, reply map[string][]string) error {
	c.link.begin()
	if h, ok := e.protocol.(*thrift.THeaderProtocol); ok {
		h.ClearWriteHeaders()
		for k, vs := range reply {
			h.SetWriteHeader(k, strings.Join(vs, ", "))
		}
	}
	return writeMessage(e.protocol, e.name, kind, e.seq, body)
}

// A writer is a generated struct, or an exception of the library.
type writer interface {
	Write(ctx context.Context, p thrift.TProtocol) error
}

func writeMessage(p thrift.TProtocol, name string, kind thrift.TMessageType, seq int32, body writer) error {
	ctx := noContext()
	if err := p.WriteMessageBegin(ctx, name, kind, seq); err != nil {
		return err
	}
	if err := body.Write(ctx, p); err != nil {
		return err
	}
	if err := p.WriteMessageEnd(ctx); err != nil {
		return err
	}
	return p.Flush(ctx)
}

// sizeOfMessage returns the bytes of a message without metadata, 0 if it cannot be written.
func sizeOfMessage(d dialect, name string, kind thrift.TMessageType, seq int32, body writer) int64 {
	l := &link{dialect: d}
	l.begin()
	err := shell.Guard(nil, func() error { return writeMessage(d.open(l, defaultLimit), name, kind, seq, body) })
	if err != nil {
		return 0
	}
	m := l.message()
	return int64(len(m) - metadataSize(m))
}

// send sends the message that was made, unless that failed with err.
func (c *serverConn) send(err error) bool {
	if err != nil {
		return false
	}
	if timeout := c.server.writeTimeout; !isRecent(c.writing, timeout) {
		c.writing = time.Now()
		_ = c.link.conn.SetWriteDeadline(c.writing.Add(timeout))
	}
	return c.link.send() == nil
}

// Bounds of what a client may go on to send that has its answer.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 64 << 20
)

// linger sends an answer to a client that may still be sending its request. It reads on
// for a while: closing the connection at once could destroy the answer.
func (c *serverConn) linger(err error) {
	c.link.first = time.Time{}
	_ = c.link.conn.SetReadDeadline(time.Now().Add(lingerTime))
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.CopyN(io.Discard, c.link.r, lingerBytes)
	}()
	c.send(err)
	if half, ok := c.link.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	<-drained
}

// header returns the metadata of a request, and the time that is left to it, 0 for none.
func (e *envelope) header() (endpoint.Header, time.Duration, error) {
	h, ok := e.protocol.(*thrift.THeaderProtocol)
	if !ok {
		return endpoint.MetadataHeader(nil), 0, nil
	}
	m := make(map[string][]string, len(h.GetReadHeaders()))
	for k, v := range h.GetReadHeaders() {
		m[strings.ToLower(k)] = []string{v}
	}
	left := m[timeoutKey]
	delete(m, timeoutKey)
	if len(left) == 0 {
		return endpoint.MetadataHeader(m), 0, nil
	}
	n, err := strconv.ParseInt(left[0], 10, 64)
	if err != nil || n <= 0 {
		return endpoint.MetadataHeader(m), 0, ErrInvalidRequest.WithCause(errors.New(timeoutKey + " is not a positive number"))
	}
	return endpoint.MetadataHeader(m), time.Duration(min(n, int64(1<<40))) * time.Millisecond, nil
}
