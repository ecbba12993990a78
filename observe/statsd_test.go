package observe_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
)

// collector is a statsd server that keeps what comes.
type collector struct {
	net.PacketConn
	done    chan struct{}
	mu      sync.Mutex // guards the fields below
	got     []string
	largest int
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &collector{PacketConn: conn, done: make(chan struct{})}
	go c.read()
	t.Cleanup(func() { c.Close(); <-c.done })
	return c
}

func (c *collector) read() {
	defer close(c.done)
	buf := make([]byte, 65536)
	for {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.largest = max(c.largest, n)
		for line := range strings.Lines(string(buf[:n])) {
			c.got = append(c.got, strings.TrimSuffix(line, "\n"))
		}
		c.mu.Unlock()
	}
}

// await returns the lines once there is one that ok takes.
func (c *collector) await(t *testing.T, ok func(string) bool) []string {
	t.Helper()
	var lines []string
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		lines = slices.Clone(c.got)
		return slices.ContainsFunc(lines, ok)
	}, 10*time.Second, time.Millisecond)
	return lines
}

// awaitCalls waits until the sums of calls come to just that many.
func (c *collector) awaitCalls(t *testing.T, side string, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		sum := 0
		for _, line := range c.got {
			n := 0
			if _, err := fmt.Sscanf(line, "endpoint."+side+".calls:%d|c", &n); err == nil {
				sum += n
			}
		}
		return sum == want
	}, 10*time.Second, time.Millisecond)
}

func has(part string) func(string) bool {
	return func(line string) bool { return strings.Contains(line, part) }
}

// running runs s until stop is called.
func running(t *testing.T, s *observe.StatsD) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return stop
}

// sent returns what a run sends of the calls that load makes, over real UDP.
func sent(t *testing.T, load func(*observe.StatsD), opts ...observe.StatsDOption) []string {
	t.Helper()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), append(opts, observe.FlushEvery(time.Hour))...)
	require.NoError(t, s.Err())
	stop := running(t, s)
	load(s)
	s.Event(t.Context(), endpoint.Event{Source: "test", Kind: "last"})
	// What is left is sent at the end; the sums come after the lines.
	stop()
	lines := c.await(t, has(".in_flight:"))
	slices.Sort(lines)
	return slices.DeleteFunc(lines, has("test.last"))
}

func TestStatsD(t *testing.T) {
	t.Parallel()
	load := func(s *observe.StatsD) {
		ctx, w := serving(t, getOp, nil)
		w.AddBytes(10, 0)
		_ = run(ctx, s.For(getOp), 0, nil)
		ctx, _ = serving(t, getOp, nil)
		_ = run(ctx, s.For(getOp), 0, errMissing)
	}
	for _, tt := range []struct {
		name string
		opts []observe.StatsDOption
		want []string
	}{
		{"tags", []observe.StatsDOption{observe.StatsDTag("env", "a|b,c#d:e\n")}, []string{
			"endpoint.server.calls:1|c|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http,code:NOT_FOUND",
			"endpoint.server.calls:1|c|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http,code:OK",
			"endpoint.server.duration:N|ms|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http,code:NOT_FOUND",
			"endpoint.server.duration:N|ms|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http,code:OK",
			"endpoint.server.in_flight:0|g|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http",
			"endpoint.server.request_bytes:10|c|#env:a_b_c_d_e_,operation:Profiles.Get,transport:http",
		}},
		{"plain", []observe.StatsDOption{observe.PlainStatsD(), observe.StatsDPrefix("my app.")}, []string{
			"my_app.server.http.Profiles.Get.NOT_FOUND.calls:1|c",
			"my_app.server.http.Profiles.Get.NOT_FOUND.duration:N|ms",
			"my_app.server.http.Profiles.Get.OK.calls:1|c",
			"my_app.server.http.Profiles.Get.OK.duration:N|ms",
			"my_app.server.http.Profiles.Get.in_flight:0|g",
			"my_app.server.http.Profiles.Get.request_bytes:10|c",
		}},
		{"no prefix", []observe.StatsDOption{observe.PlainStatsD(), observe.StatsDPrefix(""), observe.DurationSampling(1e-12)}, []string{
			"server.http.Profiles.Get.NOT_FOUND.calls:1|c",
			"server.http.Profiles.Get.OK.calls:1|c",
			"server.http.Profiles.Get.in_flight:0|g",
			"server.http.Profiles.Get.request_bytes:10|c",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sent(t, load, tt.opts...)
			for i, line := range got {
				name, rest, _ := strings.Cut(line, ":")
				if number, after, ok := strings.Cut(rest, "|ms"); ok {
					require.Regexp(t, `^[0-9]+(\.[0-9]+)?$`, number)
					got[i] = name + ":N|ms" + after
				}
			}
			slices.Sort(got) // without the numbers
			require.Equal(t, tt.want, got)
		})
	}
}

func TestStatsDSampling(t *testing.T) {
	t.Parallel()
	lines := sent(t, func(s *observe.StatsD) {
		for range 200 {
			ctx, _ := serving(t, getOp, nil)
			_ = run(ctx, s.For(getOp), 0, nil)
		}
	}, observe.DurationSampling(0.5))
	require.Contains(t, strings.Join(lines, "\n"), "endpoint.server.calls:200|c|#")
	durations := slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, "duration") })
	require.Greater(t, len(durations), 30)
	require.Less(t, len(durations), 170)
	require.Contains(t, durations[0], "|ms|@0.5|#")
}

func TestStatsDEventsAndGauges(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Millisecond))
	s.Watch(slices.Values([]endpoint.Gauge{
		{Source: "breaker", Name: "db:1|g", Metric: "state", Operation: getOp, Detail: "10.0.0.1:80", Value: 2},
		{Source: "pool", Metric: "balance", Value: -1.5},
	}))
	s.Event(t.Context(), endpoint.Event{Source: "breaker", Kind: "opened", Name: "db\nevil:1|c"})
	stop := running(t, s)
	c.await(t, has("pool.balance:-"))
	stop()
	lines := c.await(t, has("pool.balance:-"))
	for _, want := range []string{
		"endpoint.breaker.opened:1|c|#name:db_evil_1_c",
		"endpoint.breaker.state:2|g|#name:db_1_g,operation:Profiles.Get,detail:10.0.0.1_80",
		"endpoint.pool.balance:0|g", "endpoint.pool.balance:-1.5|g",
	} {
		require.Contains(t, lines, want)
	}
}

// TestStatsDPackets has more lines than one packet takes: none is lost, none is
// cut, and no packet is too large.
func TestStatsDPackets(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Hour))
	for i := range 400 {
		s.Event(t.Context(), endpoint.Event{Source: "test", Kind: fmt.Sprintf("n%d", i), Name: strings.Repeat("x", i%300)})
	}
	stop := running(t, s)
	stop()
	lines := c.await(t, has("test.n399:"))
	if len(lines) != 400 {
		t.Fatalf("%d lines, want 400; %d dropped", len(lines), s.Dropped())
	}
	for i, line := range lines {
		want := fmt.Sprintf("endpoint.test.n%d:1|c", i)
		if n := min(i%300, 200); n > 0 {
			want += "|#name:" + strings.Repeat("x", n)
		}
		require.Equal(t, want, line)
	}
	require.LessOrEqual(t, c.largest, 1432)
	require.Zero(t, s.Dropped())
}

// TestStatsDManySums has more sums than one packet takes.
func TestStatsDManySums(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Hour), observe.PlainStatsD())
	var gauges []endpoint.Gauge
	for i := range 200 {
		gauges = append(gauges, endpoint.Gauge{Source: "pool", Name: "db", Metric: "load", Operation: getOp, Detail: fmt.Sprintf("10.0.0.%d:80", i), Value: float64(i)})
	}
	gauges = append(gauges, endpoint.Gauge{Source: "pool", Metric: "odd", Value: math.NaN()}, endpoint.Gauge{Source: "pool", Metric: "last", Value: 1})
	s.Watch(nil, slices.Values(gauges))
	running(t, s)()
	lines := c.await(t, has("pool.last:"))
	require.Len(t, lines, 201, "all but the one that is no number")
	for i, line := range lines[:200] {
		require.Equal(t, fmt.Sprintf("endpoint.pool.db.Profiles_Get.10_0_0_%d_80.load:%d|g", i, i), line)
	}
	require.LessOrEqual(t, c.largest, 1432)
}

// TestStatsDAway guards that calls go on, with bounded memory, while nobody
// takes what is written.
func TestStatsDAway(t *testing.T) {
	t.Parallel()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := conn.LocalAddr().String()
	conn.Close()
	s := observe.NewStatsD(addr, observe.FlushEvery(time.Millisecond))
	load := func() {
		for range 5000 {
			s.Event(t.Context(), endpoint.Event{Source: "test", Kind: "happened"})
		}
	}
	load() // nothing runs yet: 64 packets wait
	require.Positive(t, s.Dropped())
	stop := running(t, s)
	load()
	stop()

	unresolved := observe.NewStatsD("name.invalid:8125", observe.FlushEvery(time.Millisecond))
	unresolved.Event(t.Context(), endpoint.Event{Source: "test", Kind: "happened"})
	running(t, unresolved)()
	require.Positive(t, unresolved.Dropped())
}

// TestStatsDTellsDrops has the number of lost lines in what is sent later.
func TestStatsDTellsDrops(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Hour),
		observe.StatsDTag("k", strings.Repeat("x", 200)), observe.StatsDTag("l", strings.Repeat("x", 200)), observe.StatsDTag("m", strings.Repeat("x", 200)),
		observe.StatsDTag("n", strings.Repeat("x", 200)), observe.StatsDTag("o", strings.Repeat("x", 200)), observe.StatsDTag("p", strings.Repeat("x", 200)))
	long := strings.Repeat("n", 200)
	s.Event(t.Context(), endpoint.Event{Source: "test", Kind: "long", Name: long, Operation: &endpoint.Operation{Service: long, Name: long}})
	require.EqualValues(t, 1, s.Dropped(), "a line that is longer than a packet")
	running(t, s)()
	lines := c.await(t, has("statsd.dropped:"))
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "endpoint.statsd.dropped:1|c|#")
}

func TestStatsDRun(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Millisecond))
	s.Event(t.Context(), endpoint.Event{Source: "test", Kind: "happened"})
	stop := running(t, s)
	c.await(t, has("happened"))
	require.ErrorContains(t, s.Run(t.Context()), "Run is running")
	stop()
	for _, name := range []string{"again", "and again"} {
		_ = run(t.Context(), s, 0, nil)
		s.Event(t.Context(), endpoint.Event{Source: "test", Kind: name})
		running(t, s)()
	}
	c.awaitCalls(t, "local", 2) // each once, in whichever Run
}

func TestStatsDFaults(t *testing.T) {
	t.Parallel()
	s := observe.NewStatsD("localhost", observe.DurationSampling(0), observe.DurationSampling(2))
	require.ErrorContains(t, s.Err(), "observe: NewStatsD: address localhost: missing port")
	require.ErrorContains(t, s.Err(), "DurationSampling: 0 is not above 0 and at most 1")
	require.Equal(t, s.Err(), s.Run(t.Context()))
}

// TestStatsDConcurrent loses no count, whatever happens to durations.
func TestStatsDConcurrent(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := observe.NewStatsD(c.LocalAddr().String(), observe.FlushEvery(time.Millisecond), observe.DurationSampling(0.01))
	stop := running(t, s)
	layer := s.For(getOp)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				ctx, _ := serving(t, getOp, nil)
				_ = run(ctx, layer, 0, nil)
			}
		})
	}
	wg.Wait()
	stop()
	c.awaitCalls(t, "server", 8000)
}
