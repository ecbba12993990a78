package observe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// A StatsD sends figures of calls to a statsd server over UDP, with the tags of
// DogStatsD unless [PlainStatsD]. [StatsD.Run] does the sending; a call never
// waits for it.
//
//	endpoint.server.duration:1.25|ms|#rpc.service:Profiles,rpc.method:Get,transport:http,code:OK
//	endpoint.server.calls:12|c|#…           since the last flush, by code
//	endpoint.server.in_flight:1|g|#…
//	endpoint.server.request_bytes:0|c|#…    and response_bytes
//	endpoint.breaker.opened:1|c|#name:…     an event of [StatsD.Event]
//	endpoint.breaker.state:1|g|#name:…      a gauge of [StatsD.Watch]
//	endpoint.statsd.dropped:3|c             lines that were not sent
//
// Durations are written at the end of each call, or of some by
// [DurationSampling]; all else is summed up and sent at each flush. A packet has
// at most 1432 bytes, which any network takes in one piece. While the server is
// away, or more comes in than goes out, 64 packets wait and what is above is
// dropped and counted.
//
// A StatsD is a layer itself and a [Part] of [New]. It is safe for concurrent
// use. Make one with [NewStatsD].
type StatsD struct {
	*Telemetry
	registry
	addr    string
	config  statsdConfig
	dropped atomic.Int64
	running atomic.Bool
	full    chan []byte // packets that are ready
	free    chan []byte // packets that were sent

	mu     sync.Mutex // guards the fields below
	packet []byte     // that is being filled
	gauges []iter.Seq[endpoint.Gauge]
}

const (
	maxPacket  = 1432 // 1500 of Ethernet, less the headers of IPv6, UDP and some tunnel
	maxPackets = 64
	maxTag     = 200 // bytes of a value, as DogStatsD has it
)

type statsdConfig struct {
	prefix   string
	tags     string // with the commas between them
	plain    bool
	every    time.Duration
	sampling float64
	faults   []error
}

// A StatsDOption is an option of [NewStatsD].
type StatsDOption func(*statsdConfig)

// StatsDPrefix is what all names begin with. The default is "endpoint"; "" is
// no prefix.
func StatsDPrefix(prefix string) StatsDOption {
	return func(c *statsdConfig) { c.prefix = prefix }
}

// StatsDTag adds a tag to every line. [PlainStatsD] has none.
func StatsDTag(key, value string) StatsDOption {
	return func(c *statsdConfig) {
		if c.tags != "" {
			c.tags += ","
		}
		c.tags += clean(key, true) + ":" + clean(value, true)
	}
}

// PlainStatsD writes no tags, for servers that know none: what would be tags is
// in the name.
//
//	endpoint.server.http.Profiles.Get.OK.duration:1.25|ms
func PlainStatsD() StatsDOption {
	return func(c *statsdConfig) { c.plain = true }
}

// FlushEvery is the time between two flushes. The default is 1 s, which is also
// what a time below 1 ms becomes.
func FlushEvery(d time.Duration) StatsDOption {
	return func(c *statsdConfig) { c.every = d }
}

// DurationSampling sends the durations of this part of the calls, and the rate
// with them; the counts stay exact. The default is 1, every call. A rate that is
// not above 0 and at most 1 is a fault.
func DurationSampling(rate float64) StatsDOption {
	return func(c *statsdConfig) {
		if !(rate > 0 && rate <= 1) {
			c.faults = append(c.faults, fmt.Errorf("observe: NewStatsD: DurationSampling: %v is not above 0 and at most 1", rate))
			return
		}
		c.sampling = rate
	}
}

// NewStatsD returns a StatsD that sends to addr, "host:port". Nothing is sent
// before [StatsD.Run]. An addr of another form is a fault.
func NewStatsD(addr string, opts ...StatsDOption) *StatsD {
	s := &StatsD{
		addr:   addr,
		config: statsdConfig{prefix: "endpoint", every: time.Second, sampling: 1},
		full:   make(chan []byte, maxPackets), free: make(chan []byte, maxPackets),
	}
	for _, o := range opts {
		o(&s.config)
	}
	if s.config.every < time.Millisecond {
		s.config.every = time.Second
	}
	if s.config.prefix != "" {
		s.config.prefix = strings.TrimRight(clean(s.config.prefix, true), ".") + "."
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		s.config.faults = append(s.config.faults, fmt.Errorf("observe: NewStatsD: %w", err))
	}
	s.Telemetry = Alone(s, s.config.faults...)
	return s
}

// Observe is for [New].
func (s *StatsD) Observe(op *endpoint.Operation) Observer {
	return &counter{op: op, series: s.series, ended: s.ended}
}

func (s *StatsD) series(key seriesKey) *figures {
	f, _ := s.of(key)
	return f
}

// ended writes the duration of a call.
func (s *StatsD) ended(f *figures, o *Observation) {
	rate := s.config.sampling
	if rate < 1 && rand.Float64() >= rate { //nolint:gosec // it chooses a sample
		return
	}
	s.write(func(b []byte) []byte {
		b = s.name(b, f, canonical(o.Code), "duration")
		b = strconv.AppendFloat(b, float64(o.Duration)/float64(time.Millisecond), 'f', -1, 64)
		b = append(b, "|ms"...)
		if rate < 1 {
			b = strconv.AppendFloat(append(b, "|@"...), rate, 'g', -1, 64)
		}
		return s.tags(b, f, canonical(o.Code))
	})
}

// Event counts an event. It is meant for options such as OnEvent.
func (s *StatsD) Event(_ context.Context, e endpoint.Event) {
	l := labels{name: e.Name, op: e.Operation}
	s.write(func(b []byte) []byte { return s.line(b, e.Source, e.Kind, l, 1, "|c") })
}

// Watch has gauges read and sent at each flush. It replaces those of an earlier
// Watch.
//
//	statsd.Watch(breaker.Gauges, slo.Gauges)
func (s *StatsD) Watch(sources ...iter.Seq[endpoint.Gauge]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gauges = slices.Clone(sources)
}

// Dropped returns how many packets and lines were not sent.
func (s *StatsD) Dropped() int64 { return s.dropped.Load() }

// write has a line appended to the packet that is being filled. It never waits
// but for a lock.
func (s *StatsD) write(line func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packet == nil {
		s.packet = s.empty()
	}
	start := len(s.packet)
	s.packet = line(s.packet)
	if len(s.packet)-start > maxPacket {
		s.packet = s.packet[:start]
		s.dropped.Add(1)
		return
	}
	if len(s.packet) <= maxPacket {
		s.packet = append(s.packet, '\n')
		return
	}
	next := append(s.empty(), s.packet[start:]...)
	s.put(s.packet[:start])
	s.packet = append(next, '\n')
}

// put hands a packet to Run, or drops it. The lock is held.
func (s *StatsD) put(packet []byte) {
	select {
	case s.full <- packet:
	default:
		s.dropped.Add(int64(lines(packet)))
		s.recycle(packet)
	}
}

func lines(packet []byte) int {
	n := 0
	for _, c := range packet {
		if c == '\n' {
			n++
		}
	}
	return n
}

func (s *StatsD) empty() []byte {
	select {
	case b := <-s.free:
		return b[:0]
	default:
		// One line may go over the end before it is seen to be too long.
		return make([]byte, 0, 2*maxPacket)
	}
}

func (s *StatsD) recycle(packet []byte) {
	select {
	case s.free <- packet:
	default:
	}
}

// name appends the name of a figure of calls and the colon; code is below 0
// where there is none.
func (s *StatsD) name(b []byte, f *figures, code endpoint.Code, metric string) []byte {
	b = append(b, s.config.prefix...)
	b = append(b, f.key.sideName()...)
	if s.config.plain {
		for _, part := range []string{f.key.transport, f.key.service, f.key.name} {
			if part != "" {
				b = appendClean(append(b, '.'), part, false)
			}
		}
		if code >= 0 {
			b = append(append(b, '.'), code.String()...)
		}
	}
	b = append(append(b, '.'), metric...)
	return append(b, ':')
}

// tags appends the tags of a figure of calls.
func (s *StatsD) tags(b []byte, f *figures, code endpoint.Code) []byte {
	if s.config.plain {
		return b
	}
	l := tagList{b: b}
	l.constant(s.config.tags)
	l.tag("rpc.service", f.key.service)
	l.tag("rpc.method", f.key.name)
	l.tag("transport", f.key.transport)
	if code >= 0 {
		l.tag("code", code.String())
	}
	return l.b
}

// labels are those of an event or a gauge.
type labels struct {
	name, detail string
	op           *endpoint.Operation
}

// line appends a line of an event or a gauge.
func (s *StatsD) line(b []byte, source, metric string, l labels, value float64, kind string) []byte {
	b = append(b, s.config.prefix...)
	b = append(appendClean(b, source, false), '.')
	if s.config.plain {
		for _, part := range []string{l.name, operationLabel(l.op), l.detail} {
			if part != "" {
				b = append(appendClean(b, part, false), '.')
			}
		}
	}
	b = append(appendClean(b, metric, false), ':')
	b = strconv.AppendFloat(b, value, 'f', -1, 64)
	b = append(b, kind...)
	if s.config.plain {
		return b
	}
	t := tagList{b: b}
	t.constant(s.config.tags)
	t.tag("name", l.name)
	if l.op != nil {
		t.tag("rpc.service", l.op.Service)
		t.tag("rpc.method", l.op.Name)
	}
	t.tag("detail", l.detail)
	return t.b
}

func operationLabel(op *endpoint.Operation) string {
	if op == nil {
		return ""
	}
	return operationName(op)
}

// tagList appends tags.
type tagList struct {
	b    []byte
	some bool
}

func (l *tagList) next() {
	if l.some {
		l.b = append(l.b, ',')
		return
	}
	l.b, l.some = append(l.b, "|#"...), true
}

func (l *tagList) constant(tags string) {
	if tags != "" {
		l.next()
		l.b = append(l.b, tags...)
	}
}

func (l *tagList) tag(key, value string) {
	if value != "" {
		l.next()
		l.b = append(append(l.b, key...), ':')
		l.b = appendClean(l.b, value, true)
	}
}

func clean(s string, dots bool) string { return string(appendClean(nil, s, dots)) }

// appendClean appends s with all that could end a name, a tag or a line replaced
// by "_", and not more than maxTag bytes of it.
func appendClean(b []byte, s string, dots bool) []byte {
	for _, c := range []byte(s[:min(len(s), maxTag)]) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '/':
		case c == '.' && dots:
		default:
			c = '_'
		}
		b = append(b, c)
	}
	return b
}

// errRunning is what a second Run returns.
var errRunning = errors.New("observe: StatsD: Run is running")

// Run sends until ctx ends, and then what is left. It returns nil then. An
// address that cannot be resolved is tried again at each flush. One Run may run
// at a time; another returns an error at once, as does one of a StatsD with
// faults.
func (s *StatsD) Run(ctx context.Context) error {
	if err := s.Err(); err != nil {
		return err
	}
	if !s.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer s.running.Store(false)
	r := &statsdRun{StatsD: s, sent: map[*figures]*sentFigures{}}
	defer r.close()
	tick := time.NewTicker(s.config.every)
	defer tick.Stop()
	r.dial(ctx)
	for {
		ready := s.full
		if r.conn == nil {
			ready = nil
		}
		select {
		case packet := <-ready:
			r.send(packet)
			s.recycle(packet)
		case <-tick.C:
			if r.dial(ctx); r.conn != nil {
				r.flush()
			}
		case <-ctx.Done():
			r.dial(context.WithoutCancel(ctx)) // where it ended before the first try
			r.flush()
			return nil
		}
	}
}

// statsdRun is the state of one Run.
type statsdRun struct {
	*StatsD
	conn    net.Conn
	out     []byte
	sent    map[*figures]*sentFigures
	dropped int64 // of StatsD.dropped, sent
}

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
		r.StatsD.dropped.Add(int64(lines(packet)))
		return
	}
	// The error of a write may be that of the packet before it, which nobody
	// took; this one is lost then.
	_ = r.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := r.conn.Write(packet); err != nil {
		r.StatsD.dropped.Add(int64(lines(packet)))
	}
}

// flush sends all that is waiting and the sums.
func (r *statsdRun) flush() {
	r.mu.Lock()
	last, gauges := r.packet, r.gauges
	r.packet = nil
	r.mu.Unlock()
	for {
		select {
		case packet := <-r.full:
			r.send(packet)
			r.recycle(packet)
			continue
		default:
		}
		break
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
	if n := r.StatsD.dropped.Load(); n > r.dropped {
		d := n - r.dropped
		r.dropped = n
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
		b = strconv.AppendInt(r.name(b, f, -1, "in_flight"), max(0, f.inFlight.Load()), 10)
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
		r.StatsD.dropped.Add(1)
		return
	case len(r.out) > maxPacket:
		r.send(r.out[:start])
		r.out = append(r.out[:0], r.out[start:]...)
	}
	r.out = append(r.out, '\n')
}
