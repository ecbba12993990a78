package edge

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// A peer is where connections come from: an IP address, or a /64 network of IPv6, which
// one subscriber has to itself. The zero peer is any other, such as a unix socket.
type peer struct{ net netip.Prefix }

func peerOf(addr net.Addr) peer {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return peer{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return peer{}
	}
	return peer{prefix}
}

// A place is what an open connection has of the bounds of its listener.
type place struct {
	l     *Listener
	inner net.Conn
	peer  peer
	rank  int64 // since, while places are compared; l.mu is held

	tracked atomic.Bool  // an HTTP server reports when the connection waits
	busy    atomic.Int32 // requests that are worked on, and wait for nothing of the client's
	since   atomic.Int64 // when busy was last set to zero, in Unix nanoseconds
}

// waits reports whether the connection is known to wait for its client.
func (p *place) waits() bool { return p.tracked.Load() && p.busy.Load() <= 0 }

// work counts a request that is worked on. Like wait, it accepts a nil p.
func (p *place) work() {
	if p != nil {
		p.busy.Add(1)
	}
}

// wait counts a request that has ended, or waits for the client.
func (p *place) wait() {
	if p != nil && p.busy.Add(-1) == 0 {
		p.since.Store(time.Now().UnixNano())
	}
}

// untrack keeps the connection from being displaced: a handler has hijacked it.
func (p *place) untrack() {
	if p != nil {
		p.tracked.Store(false)
	}
}

func (p *place) close() error {
	p.l.release(p)
	return p.inner.Close()
}

// conn returns the connection, which frees its place when it is closed. It has all
// methods of the connection that was accepted: net/http finds ReadFrom, which sends
// files without copying them.
func (p *place) conn() net.Conn {
	switch c := p.inner.(type) {
	case *net.TCPConn:
		return &tcpConn{c, p}
	case *net.UnixConn:
		return &unixConn{c, p}
	default:
		return &otherConn{c, p}
	}
}

type (
	tcpConn struct {
		*net.TCPConn
		p *place
	}
	unixConn struct {
		*net.UnixConn
		p *place
	}
	otherConn struct {
		net.Conn
		p *place
	}
)

func (c *tcpConn) Close() error   { return c.p.close() }
func (c *unixConn) Close() error  { return c.p.close() }
func (c *otherConn) Close() error { return c.p.close() }

func (c *tcpConn) place() *place   { return c.p }
func (c *unixConn) place() *place  { return c.p }
func (c *otherConn) place() *place { return c.p }

type placeKey struct{}

// withPlace is the ConnContext of an HTTP server, which reports from now on when the
// connection waits.
func withPlace(ctx context.Context, c net.Conn) context.Context {
	for {
		switch t := c.(type) {
		case interface{ place() *place }:
			p := t.place()
			p.tracked.Store(true)
			return context.WithValue(ctx, placeKey{}, p)
		case interface{ NetConn() net.Conn }: // of TLS
			c = t.NetConn()
		default:
			return ctx
		}
	}
}

func placeFrom(ctx context.Context) *place {
	p, _ := ctx.Value(placeKey{}).(*place)
	return p
}
