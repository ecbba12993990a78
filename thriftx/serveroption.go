package thriftx

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/typedkit/endpoint/internal/service"
)

// A ServerOption is for [NewServer].
type ServerOption interface{ applyServer(s *Server) }

// A ConnOption is for [To] and [Dialer].
type ConnOption interface{ applyConn(c *Conn) }

// A WireOption is for both ends, which must have the same [Speak] and [Framed].
type WireOption interface {
	ServerOption
	ConnOption
}

// wire is what both ends need to know of messages.
type wire struct {
	dialect dialect
	limit   int
	faults  []error
}

// defaultLimit is the default of MaxMessage.
const defaultLimit = 4 << 20

func (w *wire) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Errorf("thriftx: "+format, args...))
}

type wireOption func(w *wire)

func (o wireOption) applyServer(s *Server) { o(&s.wire) }
func (o wireOption) applyConn(c *Conn)     { o(&c.wire) }

// Speak sets the protocol. The default is [Binary]. An unknown protocol is a fault.
func Speak(p Protocol) WireOption {
	return wireOption(func(w *wire) {
		if _, ok := protocols[p]; !ok {
			w.fault("Speak: unknown protocol %d", int(p))
		}
		w.dialect.protocol = p
	})
}

// Framed puts each message into a frame, as TFramedTransport does. [Header] always does.
// By default messages have no frames, as with TBufferedTransport.
func Framed() WireOption { return wireOption(func(w *wire) { w.dialect.framed = true }) }

// MaxMessage sets how many bytes a message may have that comes from the peer, with its
// frame and without metadata. A request of more is [ErrMessageTooLarge]. The default is
// 4 MiB. n must be positive and less than 2 GiB. A list may announce as many items.
func MaxMessage(n int) WireOption {
	return wireOption(func(w *wire) {
		if n <= 0 || n > math.MaxInt32 {
			w.fault("MaxMessage must be positive and less than 2 GiB, got %d", n)
			return
		}
		w.limit = n
	})
}

type serverOption func(s *Server)

func (o serverOption) applyServer(s *Server) { o(s) }

// MessageTimeout bounds the time between the first byte of a request and its last one. The
// default is 10 s; d must be positive. A request that takes longer is
// [ErrMessageTimeout], and its connection is closed.
func MessageTimeout(d time.Duration) ServerOption {
	return serverOption(func(s *Server) { s.set("MessageTimeout", d, &s.messageTimeout) })
}

// IdleTimeout bounds how long a connection may be open without a request. It may be closed
// earlier, by at most a second and at most an eighth of d. The default is two minutes; d must
// be positive.
func IdleTimeout(d time.Duration) ServerOption {
	return serverOption(func(s *Server) { s.set("IdleTimeout", d, &s.idleTimeout) })
}

// WriteTimeout bounds how long a client may take to read a response. It may end earlier, by at
// most a second and at most an eighth of d. The default is 30 s; d must be positive.
func WriteTimeout(d time.Duration) ServerOption {
	return serverOption(func(s *Server) { s.set("WriteTimeout", d, &s.writeTimeout) })
}

func (s *Server) set(name string, d time.Duration, into *time.Duration) {
	if d <= 0 {
		s.fault("%s must be positive, got %v", name, d)
		return
	}
	*into = d
}

// MaxConnections bounds the open connections, each of which has a goroutine. The default
// is 1024; n must be positive. A connection beyond them is closed at once.
func MaxConnections(n int) ServerOption {
	return serverOption(func(s *Server) {
		if n <= 0 {
			s.fault("MaxConnections must be positive, got %d", n)
			return
		}
		s.maxConns = n
	})
}

// ReadBudget bounds the bytes of all requests that are being read. The default is 64 MiB;
// bytes must be positive. A request beyond that is [ErrOutOfCapacity].
func ReadBudget(bytes int64) ServerOption {
	return serverOption(func(s *Server) {
		if bytes <= 0 {
			s.fault("ReadBudget must be positive, got %d", bytes)
			return
		}
		s.reading = service.NewBudget(bytes)
	})
}

type connOption func(c *Conn)

func (o connOption) applyConn(c *Conn) { o(c) }

// Dial sets what makes connections, for TLS or in tests; see net.Dialer.DialContext. The
// default is a net.Dialer with a time-out of 5 s. A nil f is a fault.
func Dial(f func(ctx context.Context, network, addr string) (net.Conn, error)) ConnOption {
	return connOption(func(c *Conn) {
		if f == nil {
			c.fault("Dial: the func is nil")
			return
		}
		c.dial = f
	})
}

// MaxIdle sets how many connections are kept for later calls. A call has a connection for
// itself. The default is 16; n must not be negative.
func MaxIdle(n int) ConnOption {
	return connOption(func(c *Conn) {
		if n < 0 {
			c.fault("MaxIdle must not be negative, got %d", n)
			return
		}
		c.maxIdle = n
	})
}
