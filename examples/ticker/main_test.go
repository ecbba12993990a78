package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

// quick is the interval of tests with real sockets.
const quick = time.Millisecond

var quiet = slog.New(slog.DiscardHandler)

// listen serves h until the test ends.
func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func handler(t *testing.T, interval time.Duration) http.Handler {
	t.Helper()
	h, err := newHandler(server.New("ticker"), newTicker(interval), quiet)
	require.NoError(t, err)
	return h
}

func dial(t *testing.T, url string) *Ticker {
	t.Helper()
	conn := httpx.To(url)
	t.Cleanup(func() { conn.Close() })
	var c Ticker
	require.NoError(t, httpx.Client(conn, &c))
	return &c
}

// numbers returns the numbers of the stream, and its error.
func numbers(t *testing.T, e *Ticker, w Which) ([]int, error) {
	t.Helper()
	s, err := e.Ticks(t.Context(), w)
	if err != nil {
		return nil, err
	}
	ticks, err := s.Collect()
	var ns []int
	for _, tick := range ticks {
		ns = append(ns, tick.N)
	}
	return ns, err
}

func TestDocument(t *testing.T) {
	t.Parallel()
	programtest.Document(t, strings.TrimPrefix(listen(t, handler(t, quick)), "http://"), "ticker", "/ticks")
}

// TestTicks holds in process, and through the typed client.
func TestTicks(t *testing.T) {
	t.Parallel()
	services := map[string]*Ticker{
		"in process": newTicker(quick),
		"over HTTP":  dial(t, listen(t, handler(t, quick))),
	}
	tests := map[string]struct {
		which Which
		want  []int
		err   error
	}{
		"from the first":         {Which{To: 3}, []int{1, 2, 3}, nil},
		"from another":           {Which{From: 5, To: 6}, []int{5, 6}, nil},
		"after the last id":      {Which{Last: 2, From: 1, To: 4}, []int{3, 4}, nil},
		"after all":              {Which{Last: 4, To: 4}, nil, nil},
		"an error in the middle": {Which{Fail: 2}, []int{1, 2}, ErrFailed},
		"an error of the range":  {Which{From: 5, To: 3}, nil, ErrRange},
		"a negative number":      {Which{From: -1}, nil, ErrRange},
	}
	for where, service := range services {
		for name, tt := range tests {
			t.Run(where+", "+name, func(t *testing.T) {
				t.Parallel()
				got, err := numbers(t, service, tt.which)
				require.ErrorIs(t, err, tt.err)
				require.Equal(t, tt.want, got)
			})
		}
	}
}

// TestInterval counts in a bubble, where time is fake.
func TestInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s, err := newTicker(time.Minute).Ticks(t.Context(), Which{To: 3})
		require.NoError(t, err)
		ticks, err := s.Collect()
		require.NoError(t, err)
		require.Equal(t, []Tick{{1, start}, {2, start.Add(time.Minute)}, {3, start.Add(2 * time.Minute)}}, ticks)
	})
}

// TestEnds ends a stream from outside, by the context of its reader.
func TestEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		s, err := newTicker(time.Minute).Ticks(ctx, Which{})
		require.NoError(t, err)
		ticks, err := s.Collect()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, ticks, 2)
	})
}

func TestBreakEndsTheCall(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	h, err := newHandler(server.New("ticker"), newTicker(quick), quiet)
	require.NoError(t, err)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		ended <- r.Context().Err()
	}))
	s, err := dial(t, url).Ticks(t.Context(), Which{})
	require.NoError(t, err)
	for tick, err := range s {
		require.NoError(t, err)
		if tick.N == 3 {
			break
		}
	}
	require.ErrorIs(t, <-ended, context.Canceled)
}

// An answer is what a plain request gets.
type answer struct {
	status int
	media  string
	body   string
}

func get(t *testing.T, url string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), string(body)}
}

// TestWire is the stream as other programs see it.
func TestWire(t *testing.T) {
	t.Parallel()
	url := listen(t, handler(t, quick))
	a := get(t, url+"/ticks?to=2")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "text/event-stream", a.media)
	require.Regexp(t, `\Aid: 1\ndata: {"n":1,"at":"[^"]+"}\n\nid: 2\ndata: {"n":2,"at":"[^"]+"}\n\nevent: end\ndata: {}\n\n\z`, a.body)

	a = get(t, url+"/ticks?to=2", "Last-Event-ID", "1")
	require.Regexp(t, `\Aid: 2\ndata: [^\n]+\n\nevent: end\n`, a.body)

	a = get(t, url+"/ticks?fail=1")
	require.Contains(t, a.body, "event: error\ndata: {\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,")
	require.NotContains(t, a.body, "event: end")

	a = get(t, url+"/ticks?from=-1")
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "application/problem+json", a.media)
	require.Contains(t, a.body, `"reason":"RANGE"`)

	a = get(t, url+"/")
	require.Equal(t, "text/html; charset=utf-8", a.media)
	require.NotRegexp(t, "https?:", a.body, "the page loads nothing from elsewhere")

	require.Equal(t, "application/problem+json", get(t, url+"/nowhere").media)
}

// cutter lets a few bytes of each answer through, then breaks the connection.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(b)
}

func (c *cutter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// TestReconnect has connections that break again and again. A reader that names
// its last id loses nothing and gets nothing twice.
func TestReconnect(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	h := handler(t, quick)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Last-Event-ID")
		h.ServeHTTP(&cutter{w, 200}, r)
	}))
	got, err := numbers(t, dial(t, url), Which{To: 10})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, got)
	require.Greater(t, len(asked), 2, "the connection was to break")
	require.Empty(t, <-asked)
	require.Equal(t, "3", <-asked)
}

// TestRollingRestart replaces the server twice under a reader, as a deploy does. The
// reader loses no tick, gets none twice, and sees no error.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	launch := func(addr string) *programtest.Process {
		return programtest.Launch(t, programtest.Self(t), "-listen", addr, "-interval", "5ms")
	}
	const last = 240 // far from the stops, because the server is ahead of the reader
	p := launch("127.0.0.1:0")
	addr := p.Addresses(t, "HTTP")["HTTP"]
	ticks, err := dial(t, "http://"+addr).Ticks(t.Context(), Which{To: last})
	require.NoError(t, err)
	seen, log := 0, ""
	for tick, err := range ticks {
		require.NoError(t, err)
		require.Equal(t, seen+1, tick.N)
		if seen = tick.N; seen == 20 || seen == 40 {
			p.Stop(t)
			log += p.Log()
			p = launch(addr)
			require.Equal(t, addr, p.Addresses(t, "HTTP")["HTTP"])
		}
	}
	p.Stop(t)
	log += p.Log()
	require.Equal(t, last, seen)
	require.Equal(t, 2, strings.Count(log, "code=UNAVAILABLE"), "%s", log)
	require.Equal(t, 1, strings.Count(log, "code=OK"), "%s", log)
}

// TestOutlivesTimeouts has a stream that takes longer than the server gives a
// request and an answer.
func TestOutlivesTimeouts(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(handler(t, 10*time.Millisecond))
	s.Config.ReadTimeout = 100 * time.Millisecond
	s.Config.WriteTimeout = 100 * time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	got, err := numbers(t, dial(t, s.URL), Which{To: 30})
	require.NoError(t, err)
	require.Len(t, got, 30)
}

func TestFlags(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	busy := taken.Addr().String()
	tests := map[string]struct {
		args string
		code int
		says string
	}{
		"help":                {"-h", 0, "-interval"},
		"unknown flag":        {"-nope", 2, "-nope"},
		"argument":            {"x", 2, `unexpected argument "x"`},
		"no port":             {"-listen localhost", 2, `invalid value "localhost" for flag -listen: `},
		"no interval":         {"-interval 0s", 2, "-interval 0s is not positive"},
		"interval of words":   {"-interval soon", 2, "-interval"},
		"no ticks":            {"-watch http://localhost:1 -n 0", 2, "-n 0 is not positive"},
		"no URL":              {"-watch localhost:8080", 2, "is not an http URL"},
		"n without watch":     {"-n 3", 2, "-n does not go"},
		"listen and watch":    {"-listen localhost:1 -watch http://localhost:1", 2, "-listen does not go"},
		"an address in words": {"-listen nowhere:x", 2, `invalid value "nowhere:x" for flag -listen: `},
		"address in use":      {"-listen " + busy, 1, `ticker: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
		"nobody there":        {"-watch http://127.0.0.1:1", 1, "ticker:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programtest.Run(t, programtest.Self(t), strings.Fields(tt.args)...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, programtest.Self(t), "-watch", listen(t, handler(t, quick)), "-n", "2")
	require.Equal(t, 0, got.Code, "stderr: %s", got.Stderr)
	require.Regexp(t, `\A1 \S+Z\n2 \S+Z\n\z`, strings.ReplaceAll(got.Stdout, "+00:00", "Z"))
}

// TestLog has one line for the begin of a stream and one for its end.
func TestLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	e := endpoint.Stack{logging(log)}.Wrap(newTicker(quick).Ticks)
	s, err := e(t.Context(), Which{Fail: 1})
	require.NoError(t, err)
	require.Empty(t, out.String(), "calling is not yet the call")
	_, err = s.Collect()
	require.ErrorIs(t, err, ErrFailed)
	require.Equal(t, 2, strings.Count(out.String(), "\n"))
	require.Contains(t, out.String(), "code=ABORTED")
}
