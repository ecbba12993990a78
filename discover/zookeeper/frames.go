package zookeeper

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// The sizes of messages, in bytes. A zk.Conn takes what a server says is the size of the first
// one, and panics if another is smaller than its header.
const (
	minMessage = 16
	maxMessage = 16 << 20
)

// frames is a connection on which messages arrive, each after its size. It checks the sizes, and
// bounds the time until the first message, which gives the session: zk.Conn waits for the size
// of it for up to seven times the time-out of sessions, and for the rest for ever.
type frames struct {
	net.Conn
	patience time.Duration
	failed   func(error) // receives the error that prevents the first message

	asked   bool // for the session
	begun   bool // the first message has arrived
	size    [4]byte
	sized   int // how much of size has arrived
	missing int // of the message
}

// SetReadDeadline is called by zk.Conn before it reads, and after it.
func (f *frames) SetReadDeadline(t time.Time) error {
	if f.begun {
		return f.Conn.SetReadDeadline(t)
	}
	if f.asked {
		return nil
	}
	f.asked = true
	if limit := time.Now().Add(f.patience); t.After(limit) {
		t = limit
	}
	return f.Conn.SetReadDeadline(t)
}

// Read reads the size of a message, or of the message itself.
func (f *frames) Read(p []byte) (int, error) {
	n, err := f.read(p)
	if err != nil && !f.begun {
		f.failed(fmt.Errorf("zookeeper: no session from %v: %w", f.RemoteAddr(), err))
	}
	return n, err
}

func (f *frames) read(p []byte) (int, error) {
	if f.missing > 0 {
		n, err := f.Conn.Read(p[:min(len(p), f.missing)])
		f.missing -= n
		f.begun = f.begun || f.missing == 0
		return n, err
	}
	n, err := f.Conn.Read(p[:min(len(p), len(f.size)-f.sized)])
	f.sized += copy(f.size[f.sized:], p[:n])
	if f.sized < len(f.size) {
		return n, err
	}
	f.sized = 0
	size := binary.BigEndian.Uint32(f.size[:])
	if size < minMessage || size > maxMessage {
		return 0, fmt.Errorf("zookeeper: a message of %d bytes, want %d to %d", size, minMessage, maxMessage)
	}
	f.missing = int(size)
	return n, err
}
