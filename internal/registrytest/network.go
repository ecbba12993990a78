package registrytest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// A condition is what a network does with what is sent.
type condition int

const (
	passing condition = iota
	delaying
	losing    // nothing arrives; connections stay, and what is sent arrives later
	resetting // connections are reset, new ones too
)

// delay is how long what is sent takes while the network is delaying.
const delay = 150 * time.Millisecond

// A network is between a client and the registry: a proxy of TCP. A new one is passing.
type network struct {
	addr   string
	to     string
	listen net.Listener
	wait   sync.WaitGroup

	mu        sync.Mutex // guards the fields below
	condition condition
	changed   chan struct{} // closed when the condition changes
	conns     map[net.Conn]bool
	closed    bool
}

// newNetwork returns one in front of an address, which ends with the test.
func newNetwork(t *testing.T, to string) *network {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{addr: l.Addr().String(), to: to, listen: l, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	n.wait.Go(n.accept)
	t.Cleanup(n.close)
	return n
}

func (n *network) close() {
	_ = n.listen.Close()
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.set(resetting)
	n.wait.Wait()
}

// set changes the condition.
func (n *network) set(c condition) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.condition = c
	close(n.changed)
	n.changed = make(chan struct{})
	if c == resetting {
		for conn := range n.conns {
			reset(conn)
		}
	}
}

func (n *network) get() (condition, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.condition, n.changed
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (n *network) accept() {
	for {
		client, err := n.listen.Accept()
		if err != nil {
			return
		}
		n.wait.Go(func() { n.serve(client) })
	}
}

// serve connects a client, and copies in both directions.
func (n *network) serve(client net.Conn) {
	defer n.forget(client)
	if !n.keep(client) || n.pass() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", n.to)
	if err != nil {
		return
	}
	defer n.forget(server)
	if !n.keep(server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.copy(server, client) })
	both.Go(func() { n.copy(client, server) })
	both.Wait()
}

// keep reports whether a connection may stay. It is reset when the condition says so.
func (n *network) keep(conn net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.condition == resetting || n.closed {
		return false
	}
	n.conns[conn] = true
	return true
}

func (n *network) forget(conn net.Conn) {
	n.mu.Lock()
	delete(n.conns, conn)
	n.mu.Unlock()
	reset(conn)
}

// copy copies until one side ends, which ends the other.
func (n *network) copy(to, from net.Conn) {
	defer reset(to)
	defer reset(from)
	buf := make([]byte, 32<<10)
	for {
		size, err := from.Read(buf)
		if n.pass() != nil {
			return
		}
		if size > 0 {
			if _, err := to.Write(buf[:size]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits as long as what was sent is on its way. Its error says that it never arrives.
func (n *network) pass() error {
	for {
		c, changed := n.get()
		switch c {
		case passing:
			return nil
		case resetting:
			return errReset
		case delaying:
			timer := time.NewTimer(delay)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-changed:
			}
		case losing:
			<-changed
		}
	}
}

var errReset = errors.New("registrytest: the network resets")
