package thriftx

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// A Conn is one server as the target of a client: what [To] returns. Each call has a
// connection for itself, which is kept for a later call when the answer has come. A Conn
// is safe for concurrent use.
type Conn struct {
	wire
	addr    string
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	maxIdle int

	mu     sync.Mutex // guards the fields below
	idle   []*idleLink
	closed bool
}

// keepIdle is how long an idle connection is kept: less than servers keep it.
const keepIdle = time.Minute

// An idleLink is a connection between calls.
type idleLink struct {
	*link
	probe *probe // nil if a watch begins immediately
	gone  atomic.Bool
	drop  func()
}

// To returns the target of a client whose calls all go to addr, "localhost:8083". It
// connects with the first call. Faults of addr and the options are those of [Client].
func To(addr string, opts ...ConnOption) *Conn {
	c := &Conn{
		limit: defaultLimit, addr: addr, maxIdle: 16,
		dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	if addr == "" {
		c.fault("To: the address is empty")
	}
	for _, o := range opts {
		if o == nil {
			c.fault("To: a nil option")
			continue
		}
		o.applyConn(c)
	}
	return c
}

// Dialer returns a function that makes a Conn of an address, for discover.New. It connects
// with the first call, so the function ignores its context.
func Dialer(opts ...ConnOption) func(ctx context.Context, addr string) (*Conn, error) {
	opts = slices.Clone(opts)
	return func(_ context.Context, addr string) (*Conn, error) {
		c := To(addr, opts...)
		return c, c.Err()
	}
}

// Err returns what is wrong with the arguments of [To], joined, or nil. A nil Conn is
// also a fault.
func (c *Conn) Err() error {
	if c == nil {
		return errors.New("thriftx: the Conn is nil")
	}
	return errors.Join(c.faults...)
}

// Acquire returns c.
func (c *Conn) Acquire(context.Context) (*Conn, endpoint.Token, error) {
	return c, endpoint.Token{}, nil
}

// Release does nothing.
func (c *Conn) Release(endpoint.Token, error) {}

// Close closes the idle connections. Calls in flight go on, and those that come later have
// connections that are not kept.
func (c *Conn) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, i := range idle {
		i.watcher.stop()
		_ = i.Close()
	}
	return nil
}

// take returns a connection for one call.
func (c *Conn) take(ctx context.Context) (*idleLink, error) {
	for i := c.last(); i != nil; i = c.last() {
		watched := i.watcher.stop()
		if i.r.Buffered() == 0 && !i.gone.Load() && (watched || i.probe == nil || i.probe.isQuiet()) {
			return i, nil
		}
		_ = i.Close()
	}
	conn, err := c.dial(ctx, "tcp", c.addr)
	if err != nil {
		return nil, err
	}
	i := &idleLink{link: newLink(conn, c.dialect, c.limit), probe: newProbe(conn)}
	i.watcher.most = keepIdle
	i.drop = func() { c.drop(i) }
	return i, nil
}

// last removes the connection that became idle last, and returns it, or nil.
func (c *Conn) last() *idleLink {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle) - 1
	if n < 0 {
		return nil
	}
	i := c.idle[n]
	c.idle = c.idle[:n]
	return i
}

// put keeps a connection whose call has ended.
func (c *Conn) put(i *idleLink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= c.maxIdle {
		_ = i.Close()
		return
	}
	c.idle = append(c.idle, i)
	delay := time.Duration(0)
	if i.probe != nil {
		delay = watchDelay
	}
	i.watcher.start(delay, i.drop)
}

// drop closes an idle connection that the server has closed, or that was idle for long.
func (c *Conn) drop(i *idleLink) {
	i.gone.Store(true)
	_ = i.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = slices.DeleteFunc(c.idle, func(o *idleLink) bool { return o == i })
}
