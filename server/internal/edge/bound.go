package edge

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Bound returns a listener of l that keeps the bounds of limits on connections. It
// warns, at most once a minute, that it closed connections or could not accept them.
func Bound(l net.Listener, limits Limits, log *slog.Logger) *Listener {
	return &Listener{
		inner: l, log: log, closed: make(chan struct{}),
		all: limits.Connections, each: limits.PeerConnections,
		places: make(map[*place]struct{}), peers: make(map[peer]int),
	}
}

// A Listener bounds how many connections are open at a time, in all and from one peer.
//
// A connection beyond a bound displaces the connection that has waited longest for its
// client: for a request, for the rest of one, or for the client to read its response.
// Servers made by [NewHTTPServer] report which connections wait. If none does, and with
// other servers, the new connection is closed at once, so that its client can try another
// server instead of waiting in the kernel's queue.
//
// Temporary errors, such as a lack of file descriptors, do not end Accept. A Listener is safe for concurrent use.
type Listener struct {
	inner  net.Listener
	log    *slog.Logger
	closed chan struct{}
	once   sync.Once

	all, each int

	mu     sync.Mutex // guards the fields below
	places map[*place]struct{}
	peers  map[peer]int
	stats  Stats
	warned perMinute
}

// Stats are the figures of a [Listener].
type Stats struct {
	// Open is the number of connections that are open.
	Open int
	// Displaced is how many were closed, so far, to make room for others.
	Displaced uint64
	// Refused is how many were closed, so far, because there was no room for them.
	Refused uint64
}

// Stats returns the figures as of now.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Open = len(l.places)
	return l.stats
}

// Addr returns the address of the listener.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// String returns the address in the form that [Listen] takes.
func (l *Listener) String() string {
	addr := l.inner.Addr()
	if addr.Network() == "unix" {
		return unixPrefix + addr.String()
	}
	return addr.String()
}

// Close ends Accept. Connections that were accepted stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.inner.Close()
}

// Accept returns the next connection that is within the bounds.
func (l *Listener) Accept() (net.Conn, error) {
	var wait time.Duration
	for {
		c, err := l.inner.Accept()
		if err != nil {
			if !isTemporary(err) {
				return nil, err
			}
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			if !l.backOff(err, wait) {
				return nil, net.ErrClosed
			}
			continue
		}
		wait = 0
		if p := l.admit(c); p != nil {
			return p.conn(), nil
		}
		_ = c.Close()
	}
}

// isTemporary reports whether a later Accept may succeed.
func isTemporary(err error) bool {
	for _, temporary := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		if errors.Is(err, temporary) {
			return true
		}
	}
	return false
}

// backOff closes connections that wait, to free their descriptors, and waits itself. It
// reports whether the listener is still open.
func (l *Listener) backOff(err error, wait time.Duration) bool {
	l.mu.Lock()
	victims := l.displace(nil)
	l.warn("a connection cannot be accepted", "err", err)
	l.mu.Unlock()
	closeAll(victims)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

// admit gives c a place, or returns nil.
func (l *Listener) admit(c net.Conn) *place {
	p := &place{l: l, inner: c, peer: peerOf(c.RemoteAddr())}
	p.since.Store(time.Now().UnixNano())
	l.mu.Lock()
	var victims []*place
	full := true
	switch {
	case p.peer != peer{} && l.peers[p.peer] >= l.each:
		victims = l.displace(&p.peer)
	case len(l.places) >= l.all:
		victims = l.displace(nil)
	default:
		full = false
	}
	refused := full && len(victims) == 0
	switch {
	case refused:
		l.stats.Refused++
		l.warn("connections are refused", "bound", l.all, "bound_of_a_peer", l.each)
	case full:
		l.warn("connections that wait for their clients are closed to make room", "bound", l.all, "bound_of_a_peer", l.each)
	}
	if !refused {
		l.places[p] = struct{}{}
		l.peers[p.peer]++
	}
	l.mu.Unlock()
	closeAll(victims)
	if refused {
		return nil
	}
	return p
}

// warn logs a warning, unless there was one in the last minute. l.mu is held.
func (l *Listener) warn(message string, attrs ...any) {
	suppressed, ok := l.warned.allow()
	if !ok {
		return
	}
	attrs = append(attrs, "addr", l.String(), "open", len(l.places), "displaced", l.stats.Displaced, "refused", l.stats.Refused, "suppressed", suppressed)
	l.log.Warn(message, attrs...)
}

// release frees the place of a connection that is closed.
func (l *Listener) release(p *place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(p)
}

// remove frees a place, unless it is free. l.mu is held.
func (l *Listener) remove(p *place) {
	if _, ok := l.places[p]; !ok {
		return
	}
	delete(l.places, p)
	if l.peers[p.peer]--; l.peers[p.peer] == 0 {
		delete(l.peers, p.peer)
	}
}

func closeAll(places []*place) {
	for _, p := range places {
		_ = p.inner.Close()
	}
}

// A perMinute allows something once a minute. The zero value allows the first.
type perMinute struct {
	last       time.Time
	suppressed int // since the last that was allowed
}

// allow reports whether it is time again, and how often it was not since the last time.
func (m *perMinute) allow() (suppressed int, ok bool) {
	now := time.Now()
	if !m.last.IsZero() && now.Sub(m.last) < time.Minute {
		m.suppressed++
		return 0, false
	}
	suppressed, m.suppressed, m.last = m.suppressed, 0, now
	return suppressed, true
}
