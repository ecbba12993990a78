package endpointtest

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// A Listener is a network in memory with one server: what Dial returns is
// connected with what Accept returns, by a [net.Pipe]. Nothing in it waits for
// a socket, so real servers and clients run over it in a testing/synctest
// bubble and its fake time passes while they wait:
//
//	l := endpointtest.NewListener()
//	go server.Serve(l)
//	client := &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
//
// A connection has no buffer: a write waits until the other side has read it
// all. It also has no half-open state: Close closes both directions. The zero
// Listener is open, and ready to use in the bubble in which it is first used. It
// is safe for concurrent use.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	opened sync.Once
	once   sync.Once
	dialed atomic.Uint32
}

// NewListener returns a Listener that is open.
func NewListener() *Listener {
	l := &Listener{}
	l.open()
	return l
}

func (l *Listener) open() {
	l.opened.Do(func() { l.conns, l.closed = make(chan net.Conn), make(chan struct{}) })
}

// Accept waits for the next Dial and returns the server's end of its
// connection. After Close its error is [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	l.open()
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, l.fault("accept", net.ErrClosed)
	}
}

// Close ends Accept and Dial, those that wait too. Connections that were made
// stay open, as they do over a socket. A second Close does nothing.
func (l *Listener) Close() error {
	l.open()
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the server's address, 192.0.2.1:80, of a net that is kept for
// documentation. It is the same for every Listener.
func (l *Listener) Addr() net.Addr { return address(1, 80) }

// Dial returns the client's end of a new connection once the server has
// accepted it. It fails when ctx ends and, with [net.ErrClosed], when the
// Listener is closed. Network and address are ignored: every name leads to the
// one server. Each connection comes from a port of its own of 192.0.2.2.
//
// Dial fits http.Transport.DialContext; for grpc.WithContextDialer write
//
//	func(ctx context.Context, addr string) (net.Conn, error) { return l.Dial(ctx, "tcp", addr) }
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	l.open()
	// First, because a select takes any of those that are ready.
	if err := ctx.Err(); err != nil {
		return nil, l.fault("dial", err)
	}
	near, far := net.Pipe()
	from := address(2, uint16(1024+l.dialed.Add(1)%60000)) //nolint:gosec // it is below 1<<16
	select {
	case l.conns <- &conn{Conn: far, local: l.Addr(), remote: from}:
		return &conn{Conn: near, local: from, remote: l.Addr()}, nil
	case <-l.closed:
		return nil, l.fault("dial", net.ErrClosed)
	case <-ctx.Done():
		return nil, l.fault("dial", ctx.Err())
	}
}

// fault returns the form of error that package net gives, which clients look at.
func (l *Listener) fault(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.Addr(), Err: err}
}

// conn gives an end of a pipe the addresses of a TCP connection, because code
// that splits them into host and port must work over a Listener too.
type conn struct {
	net.Conn
	local, remote net.Addr
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// address returns an address of TEST-NET-1 (RFC 5737 §3).
func address(host byte, port uint16) net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, host}), port))
}
