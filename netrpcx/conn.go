package netrpcx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// A Conn is one server, as a client sees it. A call has a connection for itself, which it
// leaves to the next call, so calls at the same time take as many connections. A call that is
// abandoned closes its connection, which is how the server hears of it. See decision 192. Make
// a Conn with [To].
// It is an endpoint.Target of itself, and safe for concurrent use.
type Conn struct {
	network, addr string
	dial          func(ctx context.Context, network, addr string) (net.Conn, error)
	tls           *tls.Config
	limit         int64 // of a response
	err           error

	gob, json idle
}

// idle are the sessions of a Conn in one form that no call has.
type idle struct {
	mu       sync.Mutex // guards the fields below
	sessions []*session // in the order in which they became idle
	closed   bool
}

// What a Conn keeps of connections that no call has.
const (
	maxIdle  = 100
	idleTime = 90 * time.Second
)

// A ConnOption sets up a [Conn].
type ConnOption interface{ applyConn(c *Conn) }

type connOption func(c *Conn)

func (o connOption) applyConn(c *Conn) { o(c) }

func (c *Conn) fault(format string, args ...any) {
	c.err = errors.Join(c.err, fmt.Errorf("netrpcx: To: "+format, args...))
}

// TLS makes the connection speak TLS with the configuration, which is copied. The name of the
// server is the host of the address unless the configuration has one. The default is no TLS. A
// nil configuration is a fault.
func TLS(config *tls.Config) ConnOption {
	return connOption(func(c *Conn) {
		if config == nil {
			c.fault("option TLS: the configuration is nil")
			return
		}
		c.tls = config.Clone()
	})
}

// DialFunc sets what makes connections, in place of a net.Dialer. The network is "tcp" or
// "unix". A nil f is a fault.
func DialFunc(f func(ctx context.Context, network, addr string) (net.Conn, error)) ConnOption {
	return connOption(func(c *Conn) {
		if f == nil {
			c.fault("option DialFunc: the function is nil")
			return
		}
		c.dial = f
	})
}

// DefaultMaxResponse is how many bytes of a response a client reads unless [MaxResponse] says
// otherwise: 16 MiB.
const DefaultMaxResponse = 16 << 20

// MaxResponse sets how many bytes of a response are read; a larger one is an error of code
// ResourceExhausted. The default is [DefaultMaxResponse]; n must be positive.
func MaxResponse(n int64) ConnOption {
	return connOption(func(c *Conn) {
		if n <= 0 {
			c.fault("option MaxResponse: %d is not positive", n)
			return
		}
		c.limit = n
	})
}

// To returns the server at addr, "host:port" or "unix:PATH". It dials when there is something
// to send. Faults are kept: [Client] reports them, and Err does.
func To(addr string, opts ...ConnOption) *Conn {
	c := &Conn{network: "tcp", addr: addr, limit: DefaultMaxResponse, dial: new(net.Dialer).DialContext}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		c.network, c.addr = "unix", path
	} else if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
		c.fault("the address %.128q is not of the form host:port or unix:PATH", addr)
	}
	for _, o := range opts {
		if o == nil {
			c.fault("a nil option")
			continue
		}
		o.applyConn(c)
	}
	if c.tls != nil && c.tls.ServerName == "" && c.network == "tcp" {
		c.tls.ServerName, _, _ = net.SplitHostPort(addr)
	}
	return c
}

// Dialer returns a function that makes a [Conn] to an address, for discover.New: a pool of
// servers. The function ignores its context: a Conn connects when it is called. Dialer panics
// with all that is wrong with opts, as no address could make up for it.
func Dialer(opts ...ConnOption) func(ctx context.Context, addr string) (*Conn, error) {
	if err := To("localhost:1", opts...).Err(); err != nil {
		panic(fmt.Sprintf("netrpcx: Dialer: %v", err))
	}
	return func(_ context.Context, addr string) (*Conn, error) {
		c := To(addr, opts...)
		return c, c.Err()
	}
}

// Err returns what is wrong with the arguments of [To], or nil. A nil Conn is a fault, too.
func (c *Conn) Err() error {
	switch {
	case c == nil:
		return errors.New("netrpcx: the target is nil")
	case c.dial == nil:
		return errors.New("netrpcx: the target is a zero Conn; make it with To")
	}
	return c.err
}

// Acquire returns c.
func (c *Conn) Acquire(context.Context) (*Conn, endpoint.Token, error) {
	return c, endpoint.Token{}, nil
}

// Release does nothing.
func (c *Conn) Release(endpoint.Token, error) {}

// Close closes the connections that no call has. Those of calls in flight close when the calls
// end, and later calls fail.
func (c *Conn) Close() error {
	if c != nil && c.dial != nil {
		c.gob.close()
		c.json.close()
	}
	return nil
}

// String returns the address.
func (c *Conn) String() string {
	if c == nil {
		return ""
	}
	return c.addr
}

func (p *idle) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.sessions {
		s.end(errConnClosed)
	}
	p.sessions = nil
}

// take removes a session that can be used, the one that was used last. It returns nil if there
// is none, and ends those that were not used for long.
func (p *idle) take() (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errConnClosed
	}
	for len(p.sessions) > 0 {
		last := len(p.sessions) - 1
		s := p.sessions[last]
		p.sessions[last] = nil
		p.sessions = p.sessions[:last]
		switch {
		case time.Since(s.since) > idleTime:
			s.end(errOld)
		case !s.hasEnded():
			return s, nil
		}
	}
	return nil, nil
}

// put takes a session back, whose call has been answered.
func (p *idle) put(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.since = time.Now()
	for len(p.sessions) > 0 && (p.sessions[0].hasEnded() || time.Since(p.sessions[0].since) > idleTime) {
		p.sessions[0].end(errOld)
		p.sessions = slices.Delete(p.sessions, 0, 1)
	}
	if p.closed || len(p.sessions) >= maxIdle {
		s.end(errConnClosed)
		return
	}
	p.sessions = append(p.sessions, s)
}

var (
	errConnClosed = errors.New("the Conn is closed")
	errOld        = errors.New("the connection was not used for long")
)

// dialTime is how long a connection may take to be made.
const dialTime = 10 * time.Second

// idle returns the sessions in the form of a client.
func (c *Conn) idle(config *config) *idle {
	if config.json {
		return &c.json
	}
	return &c.gob
}

// open returns a session for one call. The error is that of a call that was not sent.
func (c *Conn) open(ctx context.Context, config *config) (*session, error) {
	s, err := c.idle(config).take()
	if s != nil {
		return s, nil
	}
	var nc net.Conn
	if err == nil {
		nc, err = c.connect(ctx)
	}
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	s = newSession(nc, config, c.limit)
	go s.read()
	return s, nil
}

// connect dials, and makes the handshake of TLS.
func (c *Conn) connect(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	nc, err := c.dial(ctx, c.network, c.addr)
	if err != nil || c.tls == nil {
		return nc, err
	}
	secure := tls.Client(nc, c.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return secure, nil
}

// unreachable returns the error of a call whose connection could not be made.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return endpoint.MarkNotSent(shell.ContextError(ctx))
	}
	if isUntrusted(err) {
		return shell.Failure(endpoint.Internal, "the TLS handshake failed: %w", err)
	}
	return endpoint.MarkNotSent(shell.Failure(endpoint.Unavailable, "the server cannot be reached: %w", err))
}

// isUntrusted reports whether one side did not accept the certificate of the other, or how it
// speaks TLS. A repeat would end in the same way.
func isUntrusted(err error) bool {
	// See decision 163.
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && shell.RejectsHandshake(op.Err.Error())
}
