package observe

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// A StatsD sends figures of calls to a statsd server over UDP, with the tags of
// DogStatsD unless [PlainStatsD]. [StatsD.Run] does the sending; a call never
// waits for it.
//
//	endpoint.server.duration:1.25|ms|#operation:Profiles.Get,transport:http,code:OK
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
// The host of the address is resolved again after a packet could not be written, at the
// next flush, and otherwise after ten seconds. While the answer is awaited, and if there
// is none, packets go to the last address.
//
// A StatsD is a layer itself and a [Part] of [New]. The zero StatsD refuses every
// call, and its Run returns that fault; make one with [NewStatsD]. A StatsD is safe
// for concurrent use.
type StatsD struct {
	*Telemetry
	registry
	host    string
	port    string
	config  statsdConfig
	faults  construct.Faults
	dropped atomic.Int64
	running atomic.Bool
	full    chan []byte // packets that are ready
	free    chan []byte // packets that were sent

	// Of Run, of which there is one at a time.
	sent map[*figures]*sentFigures
	told int64 // of dropped

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
	resolver StatsDResolver
}

// A StatsDResolver resolves the names of hosts. A *net.Resolver is one.
type StatsDResolver interface {
	// LookupHost returns the addresses of a host, which may be an address itself. It
	// returns at the latest when ctx ends.
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// A StatsDOption is an option of [NewStatsD].
type StatsDOption interface{ applyStatsD(s *StatsD) }

type statsdOption func(*StatsD)

func (o statsdOption) applyStatsD(s *StatsD) { o(s) }

// StatsDPrefix is what all names begin with. The default is "endpoint"; "" is
// no prefix.
func StatsDPrefix(prefix string) StatsDOption {
	return statsdOption(func(s *StatsD) { s.config.prefix = prefix })
}

// StatsDTag adds a tag to every line. [PlainStatsD] has none.
func StatsDTag(key, value string) StatsDOption {
	return statsdOption(func(s *StatsD) {
		if s.config.tags != "" {
			s.config.tags += ","
		}
		s.config.tags += clean(key, true) + ":" + clean(value, true)
	})
}

// PlainStatsD writes no tags, for servers that know none: what would be tags is
// in the name.
//
//	endpoint.server.http.Profiles.Get.OK.duration:1.25|ms
func PlainStatsD() StatsDOption {
	return statsdOption(func(s *StatsD) { s.config.plain = true })
}

// FlushEvery is the time between two flushes. The default is 1 s, which is also
// what a time below 1 ms becomes.
func FlushEvery(d time.Duration) StatsDOption {
	return statsdOption(func(s *StatsD) { s.config.every = d })
}

// DurationSampling sends the durations of this part of the calls, and the rate
// with them; the counts stay exact. The default is 1, every call. A rate that is
// not above 0 and at most 1 is a fault.
func DurationSampling(rate float64) StatsDOption {
	return statsdOption(func(s *StatsD) {
		if s.faults.Check(rate > 0 && rate <= 1, "DurationSampling: %v is not above 0 and at most 1", rate) {
			s.config.sampling = rate
		}
	})
}

// ResolveStatsD sets the resolver of the host that a StatsD sends to. The default is
// net.DefaultResolver. A nil resolver is a fault.
func ResolveStatsD(r StatsDResolver) StatsDOption {
	return statsdOption(func(s *StatsD) {
		if s.faults.Check(r != nil, "ResolveStatsD: the resolver is nil") {
			s.config.resolver = r
		}
	})
}

// NewStatsD returns a StatsD that sends to addr, "host:port". Nothing is sent
// before [StatsD.Run]. An addr of another form is a fault.
func NewStatsD(addr string, opts ...StatsDOption) *StatsD {
	s := &StatsD{
		config: statsdConfig{prefix: "endpoint", every: time.Second, sampling: 1, resolver: net.DefaultResolver},
		full:   make(chan []byte, maxPackets), free: make(chan []byte, maxPackets),
		sent:   map[*figures]*sentFigures{},
		faults: construct.By("observe: NewStatsD"),
	}
	var err error
	s.host, s.port, err = net.SplitHostPort(addr)
	s.faults.Check(err == nil, "%w", err)
	construct.Options(&s.faults, s, opts, StatsDOption.applyStatsD)
	if s.config.every < time.Millisecond {
		s.config.every = time.Second
	}
	if s.config.prefix != "" {
		s.config.prefix = strings.TrimRight(clean(s.config.prefix, true), ".") + "."
	}
	s.Telemetry = Alone(s, s.faults.Err())
	return s
}

// Err returns the faults of the construction, or nil.
func (s *StatsD) Err() error {
	if s == nil || s.Telemetry == nil {
		return construct.Unmade("observe: StatsD", "NewStatsD")
	}
	return s.Telemetry.Err()
}

// Wrap returns next counted by s alone. Req and Resp are those of next.
func (s *StatsD) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{s}.Wrap(next)
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

// Watch sets the gauges that are read and sent at each flush. It replaces those of
// an earlier Watch. Nil sources are skipped.
//
//	statsd.Watch(breaker.Gauges, slo.Gauges)
func (s *StatsD) Watch(sources ...iter.Seq[endpoint.Gauge]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gauges = watched(sources)
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

// errRunning is what a second Run returns.
var errRunning = errors.New("observe: StatsD: Run is running")

// Run sends until ctx ends, and then what is left. It returns nil then. A host that
// cannot be resolved at the start is tried again at each flush. One Run may run
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
	r := &statsdRun{StatsD: s}
	defer r.close()
	tick := time.NewTicker(s.config.every)
	defer tick.Stop()
	r.connect(r.dial(ctx, nil, false))
	for {
		ready := s.full
		if r.conn == nil {
			ready = nil
		}
		select {
		case packet := <-ready:
			r.send(packet)
			s.recycle(packet)
		case conn := <-r.dialed:
			r.dialed = nil
			r.connect(conn)
		case <-tick.C:
			if r.conn != nil {
				r.redial(ctx)
			} else {
				r.connect(r.dial(ctx, nil, false))
			}
			if r.conn != nil {
				r.flush()
			}
		case <-ctx.Done():
			if r.conn == nil { // it ended before the first try
				r.connect(r.dial(context.WithoutCancel(ctx), nil, false))
			}
			r.flush()
			return nil
		}
	}
}
