package observe

import (
	"context"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/typedkit/endpoint"
)

// statsdRun is the state of one Run.
type statsdRun struct {
	*StatsD
	conn net.Conn
	out  []byte
}

// sentFigures is how much of a series was sent.
type sentFigures struct {
	codes             [maxCode + 1]int64
	request, response int64
}

func (r *statsdRun) dial(ctx context.Context) {
	if r.conn != nil {
		return
	}
	// A name that is not resolved in a second must not keep the packets.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if conn, err := new(net.Dialer).DialContext(ctx, "udp", r.addr); err == nil {
		r.conn = conn
	}
}

func (r *statsdRun) close() {
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
	if math.IsNaN(g.Value) || math.IsInf(g.Value, 0) {
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
