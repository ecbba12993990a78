package zookeeper

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/typedkit/endpoint/internal/backoff"
)

const (
	lastDial       = 300 * time.Millisecond // the longest pause between attempts to connect
	firstPatience  = 2 * time.Second        // of a server that is asked for a session
	longestWelcome = 16 * time.Second       // of one that is too slow for all of its clients
)

var errClosed = errors.New("zookeeper: the session is closed")

// A dialer connects one zk.Conn: it is the zk.HostProvider and the zk.Dialer of it. The pauses
// between attempts are its own, because those of zk.Conn are a second, even after the first
// failure, and do not end with a context. See decision 187.
type dialer struct {
	ctx     context.Context // of the session
	dialTCP zk.Dialer       // nil for the usual one
	failed  func(error)     // is told of each failure
	servers []string

	mu       sync.Mutex // guards the fields below
	next     int
	begun    bool
	backoff  backoff.Backoff
	patience time.Duration
	conn     net.Conn
	since    time.Time // of conn
	closed   bool
}

// Init is of zk.HostProvider. The names of servers are resolved by each attempt to connect.
func (d *dialer) Init(servers []string) error {
	d.servers = servers
	d.patience = firstPatience
	return nil
}

// Len returns the number of servers.
func (d *dialer) Len() int { return len(d.servers) }

// Next returns the next server. It makes zk.Conn look whether it is closed once the session is.
func (d *dialer) Next() (server string, look bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	server = d.servers[d.next%len(d.servers)]
	d.next++
	return server, d.ctx.Err() != nil
}

// Connected notes that a server has given or resumed the session.
func (d *dialer) Connected() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.backoff.Reset()
	d.patience, d.since = firstPatience, time.Time{}
}

// dial waits for the pause, except before the first attempt, and connects.
func (d *dialer) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	d.mu.Lock()
	begun, retry := d.begun, d.backoff
	d.begun = true
	d.mu.Unlock()
	if begun {
		retry.WaitAtMost(d.ctx, lastDial)
		d.mu.Lock()
		d.backoff = retry
		d.mu.Unlock()
	}
	conn, err := d.connect(network, address, timeout)
	if err != nil {
		d.failed(err)
		return nil, err
	}
	return d.keep(conn)
}

func (d *dialer) connect(network, address string, timeout time.Duration) (net.Conn, error) {
	if d.dialTCP != nil {
		return d.dialTCP(network, address, timeout)
	}
	dialer := net.Dialer{Timeout: timeout, KeepAlive: 10 * time.Second}
	return dialer.DialContext(d.ctx, network, address)
}

// keep notes the connection, so that close can close it. The patience grows if the last
// server has used it up.
func (d *dialer) keep(conn net.Conn) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, errClosed
	}
	if d.conn != nil {
		_ = d.conn.Close()
	}
	if !d.since.IsZero() && time.Since(d.since) > d.patience {
		d.patience = min(2*d.patience, longestWelcome)
	}
	d.conn, d.since = conn, time.Now()
	return &frames{Conn: conn, patience: d.patience, failed: d.failed}, nil
}

// close closes the connection, and those that are made later.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.conn != nil {
		_ = d.conn.Close()
	}
}
