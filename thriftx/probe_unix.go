//go:build unix

package thriftx

import (
	"net"
	"syscall"
)

// A probe asks the system whether the peer of a connection has closed it.
type probe struct {
	raw  syscall.RawConn
	peek func(fd uintptr) bool
	n    int
	err  error
	to   [1]byte
}

// newProbe returns the probe of a connection, or nil if only a read can tell.
func newProbe(conn net.Conn) *probe {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	p := &probe{raw: raw}
	// Sockets of package net do not block.
	p.peek = func(fd uintptr) bool {
		p.n, _, p.err = syscall.Recvfrom(int(fd), p.to[:], syscall.MSG_PEEK)
		return true
	}
	return p
}

// isQuiet reports whether the connection is open, and there is nothing to be read. It does
// not wait.
func (p *probe) isQuiet() bool {
	return p.raw.Read(p.peek) == nil && p.n <= 0 && (p.err == syscall.EAGAIN || p.err == syscall.EWOULDBLOCK) //nolint:errorlint // of a call of the system
}
