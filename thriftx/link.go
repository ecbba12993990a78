package thriftx

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint/internal/service"
)

var (
	errTooLarge   = errors.New("the message is too large")
	errNoRoom     = errors.New("too many bytes of requests are being read")
	errCompressed = errors.New("compressed messages are not accepted")
	errMalformed  = errors.New("the frame is malformed")
)

// The past ends a read or a write that waits.
var past = time.Unix(1, 0)

// A link is one connection on either end, as a transport of Thrift. It reads one message
// at a time, within a limit, and writes one at a time, whole.
type link struct {
	conn     net.Conn
	peer     string // its address
	dialect  dialect
	limit    int              // of a message in bytes
	protocol thrift.TProtocol // of the last message, if it can be used again
	watcher  watcher

	r     *bufio.Reader
	first time.Time     // when the message began whose time is bounded, or zero
	most  time.Duration // that time
	late  bool          // the read deadline is that of the message
	share service.Share
	taken int    // bytes of the message that is being read
	frame int    // bytes that are left of its frame; -1 without frames
	extra int    // bytes of the metadata of THeader in it
	ahead []byte // a frame of THeader, read as a whole
	fault error  // why the message cannot be read on: of the link itself

	out bytes.Buffer // the message that is being written
}

func newLink(conn net.Conn, d dialect, limit int) *link {
	l := &link{conn: conn, peer: conn.RemoteAddr().String(), dialect: d, limit: limit}
	l.r, l.watcher.link = bufio.NewReader((*stream)(l)), l
	return l
}

// open returns a protocol for one message. That of the last message is used again if it has
// no state between messages.
func (l *link) open() thrift.TProtocol {
	if l.protocol != nil {
		return l.protocol
	}
	p := l.dialect.open(l, l.limit)
	if l.dialect.protocol == Binary || l.dialect.protocol == Compact {
		l.protocol = p
	}
	return p
}

// A stream is the reading end of a link. Most messages come whole, and need no deadline.
type stream link

// Read reads from the connection, until the end of the time of the message.
func (s *stream) Read(p []byte) (int, error) {
	if !s.first.IsZero() && !s.late {
		s.late = true
		if err := s.conn.SetReadDeadline(s.first.Add(s.most)); err != nil {
			return 0, err
		}
	}
	return s.conn.Read(p)
}

// wait waits for the first byte of a message.
func (l *link) wait() error {
	_, err := l.r.Peek(1)
	return err
}

// start prepares to read a message. With frames it reads the length of one.
func (l *link) start(share service.Share) error {
	l.share, l.taken, l.frame, l.extra, l.ahead, l.fault = share, 0, -1, 0, nil, nil
	switch {
	case l.dialect.protocol == Header:
		return l.prefetch()
	case !l.dialect.framed:
		return nil
	}
	var size [4]byte
	if _, err := io.ReadFull(l.r, size[:]); err != nil {
		return l.fail(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > 1<<31-1 {
		return l.fail(errMalformed)
	}
	l.taken, l.frame = 4, int(n)
	return nil
}

// fail notes why the message cannot be read on.
func (l *link) fail(err error) error {
	if l.fault == nil {
		l.fault = err
	}
	return err
}

// Read reads a part of the message.
func (l *link) Read(p []byte) (int, error) {
	if l.fault != nil {
		return 0, l.fault
	}
	if l.ahead != nil {
		n := copy(p, l.ahead)
		l.ahead = l.ahead[n:]
		if n == 0 && len(p) > 0 {
			return 0, io.EOF
		}
		return n, nil
	}
	if l.frame == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	if l.frame > 0 && len(p) > l.frame {
		p = p[:l.frame]
	}
	n, err := l.r.Read(p)
	if l.frame > 0 {
		l.frame -= n
	}
	if counted := l.count(n); counted != nil {
		return 0, counted
	}
	if err != nil {
		return n, l.fail(err)
	}
	return n, nil
}

// ReadByte reads one byte.
func (l *link) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(l, b[:])
	return b[0], err
}

// count adds n bytes to those of the message.
func (l *link) count(n int) error {
	l.taken += n
	if l.taken-l.extra > l.limit {
		return l.fail(errTooLarge)
	}
	if !l.share.Take(int64(n)) {
		return l.fail(errNoRoom)
	}
	return nil
}

// finish ends the reading of a message. It drops what is left of its frame.
func (l *link) finish() error {
	l.share.Release()
	if l.fault != nil {
		return l.fault
	}
	if l.frame > 0 {
		if l.taken-l.extra+l.frame > l.limit {
			return l.fail(errTooLarge)
		}
		n, err := l.r.Discard(l.frame)
		l.taken, l.frame = l.taken+n, l.frame-n
		return err
	}
	return nil
}

// read returns the bytes of the message that was read, without metadata.
func (l *link) read() int { return l.taken - l.extra }

// Write appends to the message that is being written.
func (l *link) Write(p []byte) (int, error) { return l.out.Write(p) }

// WriteByte appends a byte to it.
func (l *link) WriteByte(b byte) error { return l.out.WriteByte(b) }

// WriteString appends a text to it.
func (l *link) WriteString(s string) (int, error) { return l.out.WriteString(s) }

// begin begins a message to write.
func (l *link) begin() {
	l.out.Reset()
	if l.dialect.framed && l.dialect.protocol != Header {
		l.out.Write(make([]byte, 4))
	}
}

// Flush does nothing: send sends the message, when it is complete.
func (l *link) Flush(context.Context) error { return nil }

// message returns the message that was written, in its frame.
func (l *link) message() []byte {
	data := l.out.Bytes()
	if l.dialect.framed && l.dialect.protocol != Header {
		binary.BigEndian.PutUint32(data, uint32(len(data)-4)) //nolint:gosec // the message is in memory
	}
	return data
}

// keepBuffer bounds what a buffer may have grown to and still be kept.
const keepBuffer = 64 << 10

// send writes the message to the connection.
func (l *link) send() error {
	_, err := l.conn.Write(l.message())
	if l.out.Cap() > keepBuffer {
		l.out = bytes.Buffer{}
	}
	return err
}

// Open does nothing: a link is made of a connection.
func (l *link) Open() error { return nil }

// IsOpen returns true.
func (l *link) IsOpen() bool { return true }

// Close closes the connection.
func (l *link) Close() error { return l.conn.Close() }

// RemainingBytes is not known.
func (l *link) RemainingBytes() uint64 { return ^uint64(0) }

var _ thrift.TRichTransport = (*link)(nil)
