package streamguide

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

// fixed is a service whose sensor says 1, 2, 3 in each call.
func fixed() *Sensors {
	return &Sensors{
		Watch: func(ctx context.Context, r Readings) (endpoint.Stream[Reading], error) {
			d := device{name: "roof", values: make(chan float64, 3)}
			for v := r.Last + 1; v <= 3; v++ {
				d.values <- float64(v)
			}
			close(d.values)
			return d.watch(ctx, r)
		},
		Upload: upload,
		Adjust: adjust,
	}
}

func serve(t *testing.T, s *Sensors) string {
	t.Helper()
	addr, _ := start(t, "127.0.0.1:0", s)
	return "http://" + addr
}

// start serves at an address until stop is called or the test ends.
func start(t *testing.T, addr string, svc *Sensors) (bound string, stop func()) {
	t.Helper()
	lines := programtest.NewAnnouncements()
	s, err := newServer(addr, svc, server.Log(slog.New(slog.DiscardHandler)), server.Announce(lines))
	require.NoError(t, err)
	stop = programtest.RunServer(t, s)
	return lines.Addr(t, "HTTP"), stop
}

// everywhere runs the test in process and over HTTP: the contract is one.
func everywhere(t *testing.T, s *Sensors, test func(t *testing.T, s *Sensors)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		test(t, s)
	})
	t.Run("over HTTP", func(t *testing.T) {
		t.Parallel()
		c, conn, err := dial(serve(t, s))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		test(t, c)
	})
}

func TestGuide(t *testing.T) {
	t.Parallel()
	everywhere(t, fixed(), func(t *testing.T, s *Sensors) {
		r, err := until(t.Context(), s, 1)
		require.NoError(t, err)
		require.Equal(t, Reading{2, 2}, r)
		r, err = until(t.Context(), s, 9)
		require.NoError(t, err)
		require.Zero(t, r)

		values := make(chan float64, 3)
		values <- 1
		values <- 2.5
		close(values)
		sum, err := send(t.Context(), s, values)
		require.NoError(t, err)
		require.Equal(t, Sum{2, 3.5}, sum)

		adjusted, err := s.Adjust(t.Context(), endpoint.StreamOf(Reading{1, 1}, Reading{2, 2}))
		require.NoError(t, err)
		got, err := doubled(adjusted).Collect()
		require.NoError(t, err)
		require.Equal(t, []Reading{{1, 20}, {2, 40}}, got)
	})
}

// TestCold has its own sensors, because in process the handler runs at the call
// and its stream, a channel here, is drained by the first range.
func TestCold(t *testing.T) {
	t.Parallel()
	calls := 0
	s := &Sensors{Watch: endpoint.Stack{note(func(string, string) { calls++ })}.Wrap(fixed().Watch)}
	first, second, err := twice(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, []Reading{{1, 1}, {2, 2}, {3, 3}}, first)
	require.Equal(t, first, second)
	require.Equal(t, 4, calls)

	c, conn, err := dial(serve(t, fixed()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	first, second, err = twice(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, first, 3)
	require.Equal(t, first, second)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	c, conn, err := dial(serve(t, fixed()))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	s, err := c.Watch(t.Context(), Readings{Sensor: "cellar"})
	require.NoError(t, err, "calling is not yet the call")
	got, err := s.Collect()
	require.ErrorIs(t, err, ErrNoSensor)
	require.Empty(t, got)
}

func TestSenderFails(t *testing.T) {
	t.Parallel()
	s := fixed()
	seen := make(chan error, 1)
	s.Upload = func(ctx context.Context, readings endpoint.Stream[Reading]) (Sum, error) {
		sum, err := upload(ctx, readings)
		seen <- err
		return sum, err
	}
	c, conn, err := dial(serve(t, s))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	own := errors.New("the sender failed")
	_, err = c.Upload(t.Context(), func(yield func(Reading, error) bool) {
		_ = yield(Reading{1, 1}, nil) && yield(Reading{}, own)
	})
	require.ErrorIs(t, err, own)
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-seen))
}

func TestLayer(t *testing.T) {
	t.Parallel()
	everywhere(t, fixed(), func(t *testing.T, s *Sensors) {
		var told []string
		watch := endpoint.Stack{note(func(op, outcome string) { told = append(told, outcome) })}.Wrap(s.Watch)
		readings, err := watch(t.Context(), Readings{Sensor: "roof"})
		require.NoError(t, err)
		require.Empty(t, told)
		for range readings {
			break
		}
		require.Equal(t, []string{"began", "stopped by its reader"}, told)
		_, err = readings.Collect()
		require.NoError(t, err)
		require.Equal(t, []string{"began", "ended"}, told[2:])
	})
}

// flaky fails so many calls before the first item, and then one after it.
func flaky(fails int) (*Sensors, *int) {
	calls := 0
	return &Sensors{Watch: func(context.Context, Readings) (endpoint.Stream[Reading], error) {
		calls++
		if calls <= fails {
			return nil, endpoint.Errorf(endpoint.Unavailable, "not yet")
		}
		return func(yield func(Reading, error) bool) {
			_ = yield(Reading{1, 1}, nil) && yield(Reading{}, endpoint.Errorf(endpoint.Unavailable, "gone"))
		}, nil
	}}, &calls
}

func TestRetry(t *testing.T) {
	t.Parallel()
	s, calls := flaky(2)
	readings, err := endpoint.Stack{retry{5}}.Wrap(s.Watch)(t.Context(), Readings{})
	require.NoError(t, err)
	got, err := readings.Collect()
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "after an item, no retry")
	require.Equal(t, []Reading{{1, 1}}, got)
	require.Equal(t, 3, *calls)

	attempts := 0
	ranged := endpoint.Stack{retry{5}}.Wrap(func(_ context.Context, s endpoint.Stream[Reading]) (Sum, error) {
		attempts++
		_, _ = s.Collect()
		return Sum{}, endpoint.Errorf(endpoint.Unavailable, "not now")
	})
	_, err = ranged(t.Context(), endpoint.StreamOf(Reading{1, 1}))
	require.Error(t, err)
	require.Equal(t, 1, attempts, "the request was ranged over")
}

func TestHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		calls := 0
		watch := endpoint.Stack{hedge{time.Second}}.Wrap(func(ctx context.Context, r Readings) (endpoint.Stream[Reading], error) {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls == 1 {
				return (&device{name: "roof"}).watch(ctx, r) // never says anything
			}
			return endpoint.StreamOf(Reading{1, 1}), nil
		})
		start := time.Now()
		readings, err := watch(t.Context(), Readings{Sensor: "roof"})
		require.NoError(t, err)
		got, err := readings.Collect()
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestRangedOnce(t *testing.T) {
	t.Parallel()
	s := fixed()
	again := make(chan error, 1)
	s.Upload = func(_ context.Context, readings endpoint.Stream[Reading]) (Sum, error) {
		first, err := readings.Collect()
		if err != nil {
			return Sum{}, err
		}
		_, err = readings.Collect()
		again <- err
		return Sum{Count: len(first)}, nil
	}
	c, conn, err := dial(serve(t, s))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	sum, err := c.Upload(t.Context(), endpoint.StreamOf(Reading{1, 1}))
	require.NoError(t, err)
	require.Equal(t, 1, sum.Count)
	require.ErrorIs(t, <-again, httpx.ErrRangedTwice)
}

func TestBidiNeedsHTTP2(t *testing.T) {
	t.Parallel()
	url := serve(t, fixed())
	var c Sensors
	require.NoError(t, httpx.Client(httpx.To(url), &c))
	s, err := c.Adjust(t.Context(), endpoint.StreamOf(Reading{1, 1}))
	require.NoError(t, err)
	_, err = s.Collect()
	require.ErrorIs(t, err, httpx.ErrNeedsHTTP2)
}

// TestPressure has a reader that stops: nothing is produced ahead of it.
func TestPressure(t *testing.T) {
	t.Parallel()
	produced := 0
	s := counted(endpoint.StreamOf(Reading{1, 1}, Reading{2, 2}, Reading{3, 3}), func() { produced++ })
	for r, err := range doubled(s) {
		require.NoError(t, err)
		require.Equal(t, r.N, produced)
		if r.N == 2 {
			break
		}
	}
	require.Equal(t, 2, produced)
}

// TestStop has a server that stops under a reader and another one at its address, with
// the sensor's next values.
func TestStop(t *testing.T) {
	t.Parallel()
	var next float64
	sensors := func() *Sensors {
		d := &device{"roof", make(chan float64, 3)}
		for range 3 {
			next++
			d.values <- next
		}
		s := fixed()
		s.Watch = d.watch
		return s
	}
	address, stop := start(t, "127.0.0.1:0", sensors())
	c, conn, err := dial("http://" + address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	readings, err := c.Watch(t.Context(), Readings{Sensor: "roof"})
	require.NoError(t, err)
	var got []Reading
	for r, err := range readings {
		require.NoError(t, err)
		if got = append(got, r); len(got) == 3 {
			stop()
			_, _ = start(t, address, sensors())
		}
		if len(got) == 6 {
			break
		}
	}
	require.Equal(t, []Reading{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}}, got)
}

// TestWire holds the texts of the document: what goes over the wire, and what a
// reader that comes again gets.
func TestWire(t *testing.T) {
	t.Parallel()
	s := fixed()
	whole := s.Watch
	s.Watch = func(ctx context.Context, r Readings) (endpoint.Stream[Reading], error) {
		readings, err := whole(ctx, r)
		if r.Sensor != "roof" || r.Last != 2 {
			return readings, err
		}
		return func(yield func(Reading, error) bool) {
			_ = yield(Reading{3, 3}, nil) && yield(Reading{}, server.ErrStopping.WithRetryAfter(time.Second))
		}, nil
	}
	url := serve(t, s)
	doc, err := os.ReadFile("../../../docs/streams.md")
	require.NoError(t, err)
	for last, line := range map[string]string{"": "", "1": "", "2": "event: error"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/sensors/roof", nil)
		require.NoError(t, err)
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Contains(t, string(body), line)
		require.True(t, strings.Contains(string(doc), "\n\n"+indented(string(body))+"\n"), "docs/streams.md does not show what is sent:\n%s", body) //nolint:testifylint // Contains would print the document
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/readings",
		strings.NewReader("{\"n\":1,\"value\":1}\n{\"n\":2,\"value\":2.5}\n"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"count":2,"total":3.5}`, string(body))
}

// indented returns the text as a block of a document.
func indented(text string) string {
	var b strings.Builder
	lines := bufio.NewScanner(strings.NewReader(strings.TrimSuffix(text, "\n")))
	for lines.Scan() {
		if lines.Text() != "" {
			b.WriteString("    " + lines.Text())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
