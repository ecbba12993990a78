package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// echoes is a service of one endpoint.
type echoes struct {
	Echo endpoint.Endpoint[string, string]
}

func (e *echoes) HTTP(r *httpx.Routes) { r.POST("/echo", &e.Echo) }

// A target is a server that strangers attack, and that others use.
type target struct {
	addr  string
	users map[string]*echoes // by the protocol
	fresh func()             // has the users open new connections
}

// newTarget runs a server with the limits, besides an endpoint with a plain handler that
// copies its body and sends 16 MiB.
func newTarget(t *testing.T, limits ...server.Limit) *target {
	t.Helper()
	lines := newAnnouncements()
	s := server.New("target", quiet(), server.Announce(lines), server.Limits(limits...))
	mux := http.NewServeMux()
	svc := &echoes{Echo: func(_ context.Context, text string) (string, error) { return text, nil }}
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(s)))
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 16<<20))
		}
	})
	s.Add(server.HTTP(free, mux))
	stop := running(t, s)
	tg := &target{addr: lines.addr(t, "HTTP"), users: map[string]*echoes{}}
	var transports []*http.Transport
	for name, overHTTP2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(!overHTTP2)
		protocols.SetUnencryptedHTTP2(overHTTP2)
		transport := &http.Transport{Protocols: protocols}
		transports = append(transports, transport)
		tg.users[name] = new(echoes)
		require.NoError(t, httpx.Client(httpx.To("http://"+tg.addr, httpx.HTTPClient(&http.Client{Transport: transport})), tg.users[name]))
	}
	tg.fresh = func() {
		for _, transport := range transports {
			transport.CloseIdleConnections()
		}
	}
	t.Cleanup(func() { tg.fresh(); require.NoError(t, stop()) })
	return tg
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// use makes calls as another user does, over new connections and over kept ones, all of
// which must succeed.
func (tg *target) use(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 3 {
		tg.fresh()
		for i := range 5 {
			for name, u := range tg.users {
				want := fmt.Sprint("mine ", i)
				got, err := u.Echo(ctx, want)
				require.NoError(t, err, name)
				require.Equal(t, want, got)
			}
		}
	}
}

func (tg *target) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", tg.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// An attack does what strangers do, and returns what ends it.
type attack func(t *testing.T, tg *target) (end func())

// raw opens n connections and sends text over each.
func raw(n int, text string) attack {
	return func(t *testing.T, tg *target) func() {
		t.Helper()
		conns := make([]net.Conn, n)
		for i := range conns {
			conns[i] = tg.dial(t)
			_, _ = io.WriteString(conns[i], text)
		}
		return func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}
	}
}

// A stranger speaks HTTP/2 over one connection, frame by frame.
type stranger struct {
	*http2.Framer
	t     *testing.T
	block strings.Builder
	hpack *hpack.Encoder
}

// headers begins a stream of the plain handler.
func (s *stranger) headers(stream uint32, flags http2.Flags) error {
	s.block.Reset()
	for _, f := range []string{":method POST", ":scheme http", ":authority x", ":path /plain"} {
		name, value, _ := strings.Cut(f, " ")
		require.NoError(s.t, s.hpack.WriteField(hpack.HeaderField{Name: name, Value: value}))
	}
	return s.WriteRawFrame(http2.FrameHeaders, flags, stream, []byte(s.block.String()))
}

// frames opens n connections, over each of which act writes frames until it is done or the
// server closes the connection. Nothing is read, unless reads.
func frames(n int, reads bool, act func(s *stranger) error) attack {
	return func(t *testing.T, tg *target) func() {
		t.Helper()
		var conns []net.Conn
		for range n {
			c := tg.dial(t)
			conns = append(conns, c)
			_, err := io.WriteString(c, http2.ClientPreface)
			require.NoError(t, err)
			s := &stranger{Framer: http2.NewFramer(c, nil), t: t}
			s.AllowIllegalWrites = true
			s.hpack = hpack.NewEncoder(&s.block)
			require.NoError(t, s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
			if reads {
				go func() { _, _ = io.Copy(io.Discard, c) }()
			}
			_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
			_ = act(s) // the server may close the connection
		}
		return func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}
	}
}

// times calls f with 0 to n-1, up to an error.
func times(n int, f func(i int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

func ids(i int) uint32 { return uint32(2*i + 1) } //nolint:gosec // of a few thousand

const (
	bothEnds = http2.FlagHeadersEndHeaders | http2.FlagHeadersEndStream
	plain    = "POST /plain HTTP/1.1\r\nHost: x\r\n"
	echo     = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
)

// An attackCase is what strangers do, how many they are, and what each of them may cost.
type attackCase struct {
	strangers  int
	memory     int64
	goroutines int
	begin      attack
}

func attacks() map[string]attackCase {
	const kb, mb = 1 << 10, 1 << 20
	all := map[string]attackCase{
		"idle":                     {300, 40 * kb, 1, raw(300, "")},
		"half headers":             {300, 60 * kb, 1, raw(300, "GET / HTTP/1.1\r\nHost: x\r\nX-")},
		"half large headers":       {300, 160 * kb, 1, raw(300, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 60_000))},
		"half bodies":              {300, 60 * kb, 1, raw(300, echo+"Content-Length: 9\r\n\r\n{")},
		"half bodies, plain":       {300, 120 * kb, 1, raw(300, plain+"Content-Length: 9\r\n\r\n{")},
		"half chunks, plain":       {300, 120 * kb, 1, raw(300, plain+"Transfer-Encoding: chunked\r\n\r\nfffff\r\n{")},
		"readers that do not read": {50, 160 * kb, 2, raw(50, plain+"Content-Length: 0\r\n\r\n")},
		"kept connections":         {300, 60 * kb, 1, raw(300, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n")},
		"no HTTP":                  {300, 40 * kb, 1, raw(300, "\x16\x03\x01\x02\x00\x01")},

		"HTTP/2: idle":         {300, 100 * kb, 4, frames(300, true, func(*stranger) error { return nil })},
		"HTTP/2: half preface": {300, 60 * kb, 1, raw(300, http2.ClientPreface[:20])},
		"HTTP/2: half headers": {300, 120 * kb, 4, frames(300, true, func(s *stranger) error { return s.headers(1, 0) })},
		"HTTP/2: half bodies": {10, 6 * mb, 300, frames(10, true, func(s *stranger) error {
			return times(250, func(i int) error { return s.headers(ids(i), http2.FlagHeadersEndHeaders) })
		})},
		"HTTP/2: readers that do not read": {10, 12 * mb, 300, frames(10, true, func(s *stranger) error {
			return times(250, func(i int) error { return s.headers(ids(i), bothEnds) })
		})},
		"HTTP/2: streams beyond the limit": {10, 16 * mb, 300, frames(10, true, func(s *stranger) error {
			return times(1500, func(i int) error { return s.headers(ids(i), bothEnds) })
		})},
		"HTTP/2: streams that are reset": {2, 16 * mb, 520, frames(2, true, func(s *stranger) error {
			return times(5_000, func(i int) error {
				if err := s.headers(ids(i), http2.FlagHeadersEndHeaders); err != nil {
					return err
				}
				return s.WriteRSTStream(ids(i), http2.ErrCodeCancel)
			})
		})},
		"HTTP/2: continuations": {2, 8 * mb, 4, frames(2, true, func(s *stranger) error {
			if err := s.headers(1, 0); err != nil {
				return err
			}
			s.block.Reset()
			require.NoError(s.t, s.hpack.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 8<<10)}))
			block := []byte(s.block.String())
			return times(2_000, func(int) error { return s.WriteContinuation(1, false, block) })
		})},
		"HTTP/2: empty continuations": {2, 8 * mb, 4, frames(2, true, func(s *stranger) error {
			if err := s.headers(1, 0); err != nil {
				return err
			}
			return times(50_000, func(int) error { return s.WriteContinuation(1, false, nil) })
		})},
		"HTTP/2: empty data": {2, 8 * mb, 4, frames(2, true, func(s *stranger) error {
			if err := s.headers(1, http2.FlagHeadersEndHeaders); err != nil {
				return err
			}
			return times(30_000, func(int) error { return s.WriteData(1, false, nil) })
		})},
		"HTTP/2: priorities": {2, 8 * mb, 4, frames(2, true, func(s *stranger) error {
			return times(30_000, func(i int) error { return s.WritePriority(ids(i), http2.PriorityParam{StreamDep: ids(i + 1)}) })
		})},
		"HTTP/2: large frames": {20, 200 * kb, 4, frames(20, true, func(s *stranger) error {
			if err := s.headers(1, http2.FlagHeadersEndHeaders); err != nil {
				return err
			}
			return s.WriteData(1, false, make([]byte, 1<<20))
		})},
		"HTTP/2: windows": {2, 8 * mb, 4, frames(2, true, func(s *stranger) error {
			return times(30_000, func(int) error { return s.WriteWindowUpdate(0, 1) })
		})},
	}
	for what, write := range map[string]func(s *stranger) error{
		"pings":    func(s *stranger) error { return s.WritePing(false, [8]byte{}) },
		"settings": func(s *stranger) error { return s.WriteSettings() },
	} {
		flood := func(s *stranger) error { return times(30_000, func(int) error { return write(s) }) }
		all["HTTP/2: "+what] = attackCase{2, 8 * mb, 4, frames(2, true, flood)}
		all["HTTP/2: "+what+" without reading"] = attackCase{2, 16 * mb, 4, frames(2, false, flood)}
	}
	return all
}

// usage returns the memory of the heap and of stacks, in bytes, and the number of
// goroutines.
func usage() (memory int64, goroutines int) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine() //nolint:gosec // a few GB
}

// TestAttacks has strangers attack while others make calls, all of which succeed. It
// prints what each stranger costs.
func TestAttacks(t *testing.T) { // not parallel: it measures
	for name, a := range attacks() {
		t.Run(name, func(t *testing.T) {
			tg := newTarget(t)
			tg.use(t)
			memory, goroutines := usage()
			end := a.begin(t, tg)
			tg.use(t)
			during, running := usage()
			tg.use(t)
			end()
			n := int64(a.strangers)
			t.Logf("%d strangers: %.1f KB and %.1f goroutines each", n, float64(during-memory)/float64(n)/1e3, float64(running-goroutines)/float64(n))
			require.LessOrEqual(t, (during-memory)/n, a.memory, "bytes of memory for each stranger")
			require.LessOrEqual(t, (running-goroutines)/a.strangers, a.goroutines, "goroutines for each stranger")
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+10 }, 30*time.Second, 10*time.Millisecond,
				"goroutines are left when the strangers are gone")
		})
	}
}

// TestTooManyConnections has a stranger with more connections than there are places: of
// those that wait for it, some make room for the others.
func TestTooManyConnections(t *testing.T) { // not parallel: it measures
	for name, text := range map[string]string{
		"idle":                     "",
		"half headers":             "GET / HTTP/1.1\r\nHost: x\r\nX-",
		"half bodies":              echo + "Content-Length: 9\r\n\r\n{",
		"half bodies, plain":       plain + "Content-Length: 9\r\n\r\n{",
		"readers that do not read": plain + "Content-Length: 0\r\n\r\n",
		"kept connections":         "GET /none HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			tg := newTarget(t, server.Connections(50), server.PeerConnections(50))
			_, before := usage()
			end := raw(150, text)(t, tg)
			tg.use(t)
			require.Eventually(t, func() bool { return runtime.NumGoroutine()-before < 2*50+20 }, 4*time.Second, 10*time.Millisecond)
			tg.use(t)
			end()
		})
	}
}

// TestIdleConnections has as many idle connections as are allowed, of another process,
// which needs as many file descriptors.
func TestIdleConnections(t *testing.T) { // not parallel: it measures
	n := 500
	if os.Getenv("ENDPOINT_LONG") != "" {
		n = 10_000
	}
	tg := newTarget(t, server.Connections(n), server.PeerConnections(n))
	tg.use(t)
	before, _ := usage()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIdleClient$") //nolint:gosec // this program
	child.Env = append(os.Environ(), "IDLE_ADDR="+tg.addr, "IDLE_CONNECTIONS="+strconv.Itoa(n-10))
	said, err := child.StdoutPipe()
	require.NoError(t, err)
	end, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "open\n", line)
	tg.use(t)
	during, goroutines := usage()
	t.Logf("%d idle connections: %.1f KB each", n, float64(during-before)/float64(n)/1e3)
	require.LessOrEqual(t, (during-before)/int64(n), int64(40<<10))
	require.Greater(t, goroutines, n-20)
	require.Less(t, goroutines, n+100)
	tg.use(t)
	require.NoError(t, end.Close())
	_ = child.Wait() // its standard output is left unread
}

// TestIdleClient is the other process.
func TestIdleClient(t *testing.T) {
	addr := os.Getenv("IDLE_ADDR")
	if addr == "" {
		t.Skip("it runs for TestIdleConnections")
	}
	n, err := strconv.Atoi(os.Getenv("IDLE_CONNECTIONS"))
	require.NoError(t, err)
	for range n {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		defer func() { _ = c.Close() }() // up to the end
	}
	fmt.Fprintln(os.Stdout, "open")
	_, err = io.ReadAll(os.Stdin)
	require.NoError(t, err)
}
