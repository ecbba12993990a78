package observe

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/typedkit/endpoint"
)

// resolveEvery is the time after which the host of the address is resolved again.
const resolveEvery = 10 * time.Second

// statsdRun is the state of one Run.
type statsdRun struct {
	*StatsD
	conn     net.Conn
	out      []byte
	failed   bool          // a packet was not written since the last dial
	resolved time.Time     // when the last dial ended
	dialed   chan net.Conn // gets the result of a dial in the background; nil without one
}

// sentFigures is how much of a series was sent.
type sentFigures struct {
	codes             [maxCode + 1]int64
	request, response int64
}

// dial resolves the host and returns a connection to it, or nil without one. current is
// the address in use, nil for none. It stays in use as long as it is one of the host's,
// unless it failed; then the others of the host come first.
func (r *statsdRun) dial(ctx context.Context, current net.Addr, failed bool) net.Conn {
	// A name that is not resolved in a second must not keep the packets.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	addrs, err := r.config.resolver.LookupHost(ctx, cmp.Or(r.host, "localhost"))
	if err != nil {
		return nil
	}
	if i := slices.IndexFunc(addrs, isHost(current)); i >= 0 {
		if !failed {
			return nil
		}
		addrs = append(slices.Delete(slices.Clone(addrs), i, i+1), addrs[i])
	}
	for _, addr := range addrs {
		if conn, err := new(net.Dialer).DialContext(ctx, "udp", net.JoinHostPort(addr, r.port)); err == nil {
			return conn
		}
	}
	return nil
}

// isHost returns a func that reports whether an address of a host is the one of addr,
// which may be nil.
func isHost(addr net.Addr) func(host string) bool {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return func(string) bool { return false }
	}
	current := udp.AddrPort().Addr().Unmap()
	return func(host string) bool {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Unmap() == current
	}
}

// redial dials in the background, if that is due.
func (r *statsdRun) redial(ctx context.Context) {
	if r.dialed != nil || !r.failed && time.Since(r.resolved) < resolveEvery {
		return
	}
	current, failed, dialed := r.conn.RemoteAddr(), r.failed, make(chan net.Conn, 1)
	r.dialed, r.failed = dialed, false
	go func() { dialed <- r.dial(ctx, current, failed) }()
}

// connect replaces the connection by a new one, unless that is nil.
func (r *statsdRun) connect(conn net.Conn) {
	r.resolved = time.Now()
	if conn == nil {
		return
	}
	if r.conn != nil {
		_ = r.conn.Close()
	}
	r.conn = conn
}

// close waits for a dial, which ends with the context of Run.
func (r *statsdRun) close() {
	if r.dialed != nil {
		r.connect(<-r.dialed)
	}
	if r.conn != nil {
		_ = r.conn.Close()
	}
}

func (r *statsdRun) send(packet []byte) {
	if len(packet) == 0 {
		return
	}
	if r.conn == nil {
		r.dropped.Add(int64(lines(packet)))
		return
	}
	// The error of a write may be that of the packet before it, which nobody
	// took; this one is lost then.
	_ = r.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := r.conn.Write(packet); err != nil {
		r.failed = true
		r.dropped.Add(int64(lines(packet)))
	}
}

// flush sends all that is waiting and the sums.
func (r *statsdRun) flush() {
	r.mu.Lock()
	last, gauges := r.packet, r.gauges
	r.packet = nil
	r.mu.Unlock()
	for range len(r.full) { // nobody else takes them
		packet := <-r.full
		r.send(packet)
		r.recycle(packet)
	}
	if last != nil {
		r.send(last)
		r.recycle(last)
	}
	r.each(r.sums)
	for _, source := range gauges {
		for g := range source {
			r.gauge(g)
		}
	}
	if d := r.dropped.Load() - r.told; d > 0 {
		r.told += d
		r.add(func(b []byte) []byte { return r.line(b, "statsd", "dropped", labels{}, float64(d), "|c") })
	}
	r.send(r.out)
	r.out = r.out[:0]
}

// sums adds what happened in a series since the last flush.
func (r *statsdRun) sums(f *figures) {
	sent := r.sent[f]
	if sent == nil {
		sent = &sentFigures{}
		r.sent[f] = sent
	}
	for c := range f.codes {
		r.figure(f, endpoint.Code(c), "calls", f.codes[c].Load(), &sent.codes[c]) //nolint:gosec // there are seventeen
	}
	r.figure(f, -1, "request_bytes", f.requestBytes.Load(), &sent.request)
	r.figure(f, -1, "response_bytes", f.responseBytes.Load(), &sent.response)
	r.add(func(b []byte) []byte {
		b = strconv.AppendInt(r.name(b, f, -1, "in_flight"), f.inFlight(), 10)
		return r.tags(append(b, "|g"...), f, -1)
	})
}

// figure adds by how much a sum grew, if it did.
func (r *statsdRun) figure(f *figures, code endpoint.Code, metric string, now int64, sent *int64) {
	grown := now - *sent
	if grown == 0 {
		return
	}
	*sent = now
	r.add(func(b []byte) []byte {
		b = strconv.AppendInt(r.name(b, f, code, metric), grown, 10)
		return r.tags(append(b, "|c"...), f, code)
	})
}

func (r *statsdRun) gauge(g endpoint.Gauge) {
	if !isFinite(g.Value) {
		return
	}
	l := labels{name: g.Name, detail: g.Detail, op: g.Operation}
	if g.Value < 0 {
		// A sign means a change, by the protocol of statsd; it is one from 0.
		r.add(func(b []byte) []byte { return r.line(b, g.Source, g.Metric, l, 0, "|g") })
	}
	r.add(func(b []byte) []byte { return r.line(b, g.Source, g.Metric, l, g.Value, "|g") })
}

// add appends a line, and sends the packet before it when that is full.
func (r *statsdRun) add(line func([]byte) []byte) {
	start := len(r.out)
	r.out = line(r.out)
	switch {
	case len(r.out)-start > maxPacket:
		r.out = r.out[:start]
		r.dropped.Add(1)
		return
	case len(r.out) > maxPacket:
		r.send(r.out[:start])
		r.out = append(r.out[:0], r.out[start:]...)
	}
	r.out = append(r.out, '\n')
}
