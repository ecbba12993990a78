package edge_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// A wire is a listener of connections that are made one by one.
type wire struct {
	conns  chan any // a net.Conn or an error
	closed chan struct{}
}

func newWire() *wire { return &wire{make(chan any), make(chan struct{})} }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		if err, ok := c.(error); ok {
			return nil, err
		}
		return c.(net.Conn), nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { close(w.closed); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// dial returns the client's end of a connection from an address, such as 192.0.2.2:1.
func (w *wire) dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	var remote net.Addr = &net.UnixAddr{Name: addr, Net: "unix"}
	if a, err := net.ResolveTCPAddr("tcp", addr); err == nil {
		remote = a
	}
	near, far := net.Pipe()
	w.conns <- from{far, remote}
	t.Cleanup(func() { _ = near.Close() })
	return near
}

// isOpen reports whether the other end has not closed c.
func isOpen(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// few has room for so many connections.
func few(all, each int) edge.Limits {
	l := edge.DefaultLimits()
	l.Connections, l.PeerConnections = all, each
	return l
}

// served serves h over w within limits, in a bubble.
func served(t *testing.T, w *wire, h http.HandlerFunc, limits edge.Limits) (l *edge.Listener, log *logged, stop func()) {
	t.Helper()
	logger, log := newLog()
	l = edge.Bound(w, limits, logger)
	return l, log, lingering(serve(t, l, h, limits))
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// roundTrip sends a request over c and reads its answer.
func roundTrip(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetDeadline(time.Time{})
	_, err := io.WriteString(c, get)
	require.NoError(t, err)
	got := make([]byte, 15)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 OK", string(got))
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, _ = io.Copy(io.Discard, c)
}

// TestDisplace has connections that wait for their clients make room, the one that has
// waited longest first.
func TestDisplace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		act  func(t *testing.T, c net.Conn) // what a connection does before it waits
	}{
		{"nothing sent", func(*testing.T, net.Conn) {}},
		{"half a header", func(t *testing.T, c net.Conn) { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nX") }},
		{"half a body", func(t *testing.T, c net.Conn) { _, _ = io.WriteString(c, half) }},
		{"an answer that is not read", func(t *testing.T, c net.Conn) {
			_, _ = io.WriteString(c, strings.Replace(get, "/", "/large", 1))
		}},
		{"served", roundTrip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				l, log, stop := served(t, w, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					if r.URL.Path == "/large" {
						_, _ = w.Write(make([]byte, 1<<20))
					}
				}, few(3, 100))
				conns := make([]net.Conn, 3)
				for i := range conns {
					conns[i] = w.dial(t, fmt.Sprintf("192.0.2.%d:1", i))
					pause(100 * time.Millisecond)
				}
				for _, i := range []int{1, 2, 0} { // 1 will have waited longest
					tt.act(t, conns[i])
					pause(100 * time.Millisecond)
				}
				roundTrip(t, w.dial(t, "192.0.2.9:1"))
				synctest.Wait()
				if tt.name == "nothing sent" || tt.name == "half a header" { // they wait since they were made
					require.False(t, isOpen(conns[0]))
				} else {
					_, err := io.Copy(io.Discard, &limited{conns[1]})
					require.NoError(t, err) // its end
				}
				require.Equal(t, edge.Stats{Open: 3, Displaced: 1}, l.Stats())
				require.Len(t, log.lines(), 1)
				require.Contains(t, log.lines()[0], "WARN connections that wait for their clients are closed to make room bound=3 bound_of_a_peer=100 addr=192.0.2.1:80 open=2 displaced=1 refused=0 suppressed=0")
				stop()
			})
		})
	}
}

// limited reads from a connection for a short time.
type limited struct{ net.Conn }

func (l *limited) Read(p []byte) (int, error) {
	_ = l.SetReadDeadline(time.Now().Add(time.Millisecond))
	return l.Conn.Read(p)
}

// TestRefuse has connections that all work: a new one is closed at once.
func TestRefuse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		work := make(chan struct{})
		l, log, stop := served(t, w, func(http.ResponseWriter, *http.Request) { <-work }, few(2, 100))
		conns := []net.Conn{w.dial(t, "192.0.2.2:1"), w.dial(t, "192.0.2.3:1")}
		for _, c := range conns {
			_, err := io.WriteString(c, get)
			require.NoError(t, err)
		}
		synctest.Wait()
		for range 3 {
			require.False(t, isOpen(w.dial(t, "192.0.2.9:1")))
		}
		require.Equal(t, edge.Stats{Open: 2, Refused: 3}, l.Stats())
		require.Equal(t, []string{"WARN connections are refused bound=2 bound_of_a_peer=100 addr=192.0.2.1:80 open=2 displaced=0 refused=1 suppressed=0"}, log.lines())
		pause(time.Minute)
		require.False(t, isOpen(w.dial(t, "192.0.2.9:1")))
		require.Len(t, log.lines(), 2)
		require.Contains(t, log.lines()[1], "refused=4 suppressed=2")
		close(work)
		pause(time.Second)
		require.NoError(t, conns[0].Close())
		synctest.Wait()
		require.Equal(t, edge.Stats{Open: 1, Refused: 4}, l.Stats())
		roundTrip(t, w.dial(t, "192.0.2.9:1"))
		require.NoError(t, conns[1].Close())
		stop()
	})
}

// TestRefuseAfterWaits has connections that waited for their clients, for a body and for a
// reader, and whose requests the server works on again.
func TestRefuseAfterWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		work := make(chan struct{})
		l, _, stop := served(t, w, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = w.Write(make([]byte, 8<<10))
			_ = http.NewResponseController(w).Flush()
			<-work
		}, few(1, 100))
		first := w.dial(t, "192.0.2.2:1")
		_, err := io.WriteString(first, half)
		require.NoError(t, err)
		pause(time.Second) // for the body
		_, err = io.WriteString(first, "67890")
		require.NoError(t, err)
		pause(time.Second) // for the reader
		_, _ = io.Copy(io.Discard, &limited{first})
		require.False(t, isOpen(w.dial(t, "192.0.2.3:1")))
		require.True(t, isOpen(first))
		require.Equal(t, edge.Stats{Open: 1, Refused: 1}, l.Stats())
		close(work)
		pause(time.Second)
		require.True(t, isOpen(w.dial(t, "192.0.2.3:1"))) // the first one waits again
		require.Equal(t, edge.Stats{Open: 1, Displaced: 1, Refused: 1}, l.Stats())
		stop()
	})
}

// TestRefuseUntracked has a server that does not report which connections wait, as one of
// gRPC.
func TestRefuseUntracked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		logger, _ := newLog()
		l := edge.Bound(w, few(1, 1), logger)
		accepted := make(chan net.Conn, 2)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					close(accepted)
					return
				}
				accepted <- c
			}
		}()
		first := w.dial(t, "192.0.2.2:1")
		pause(time.Hour)
		require.False(t, isOpen(w.dial(t, "192.0.2.3:1")))
		require.True(t, isOpen(first))
		c := <-accepted
		require.NoError(t, c.Close())
		require.NoError(t, c.Close()) // a pipe may be closed twice, and frees one place
		require.True(t, isOpen(w.dial(t, "192.0.2.3:1")))
		require.Equal(t, edge.Stats{Open: 1, Refused: 1}, l.Stats())
		require.NoError(t, l.Close())
		c = <-accepted
		require.NoError(t, c.Close())
		_, open := <-accepted
		require.False(t, open)
	})
}

// TestPeers has peers with more connections than others.
func TestPeers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		limits edge.Limits
		before []string
		then   string
		closed []int // of before
		stats  edge.Stats
	}{
		{
			"the peer with many pays", few(6, 100),
			[]string{"192.0.2.7:1", "192.0.2.6:1", "192.0.2.6:2", "192.0.2.6:3", "192.0.2.5:1", "192.0.2.4:1"},
			"192.0.2.3:1",
			[]int{1},
			edge.Stats{Open: 6, Displaced: 1},
		},
		{
			"where none has many, the one that waited longest", few(5, 100),
			[]string{"192.0.2.7:1", "192.0.2.6:1", "192.0.2.5:1", "192.0.2.4:1", "192.0.2.8:1"},
			"192.0.2.3:1",
			[]int{0},
			edge.Stats{Open: 5, Displaced: 1},
		},
		{
			"the bound of a peer", few(100, 2),
			[]string{"192.0.2.7:1", "192.0.2.6:1", "192.0.2.6:2"},
			"192.0.2.6:3",
			[]int{1},
			edge.Stats{Open: 3, Displaced: 1},
		},
		{
			"the bound of a network of IPv6", few(100, 2),
			[]string{"[2001:db8:0:1::1]:1", "[2001:db8::1]:1", "[2001:db8::2]:2"},
			"[2001:db8::3]:1",
			[]int{1},
			edge.Stats{Open: 3, Displaced: 1},
		},
		{
			"other networks of IPv6", few(100, 2),
			[]string{"[2001:db8:0:1::1]:1", "[2001:db8:0:1::1]:2", "[2001:db8::2]:2"},
			"[2001:db8:0:2::3]:1", nil,
			edge.Stats{Open: 4},
		},
		{
			"IPv4 in IPv6", few(100, 2),
			[]string{"[::ffff:192.0.2.6]:1", "192.0.2.6:1", "192.0.2.7:2"},
			"192.0.2.6:3",
			[]int{0},
			edge.Stats{Open: 3, Displaced: 1},
		},
		{
			"sockets without addresses", few(100, 1),
			[]string{"@a", "@b"},
			"@c", nil,
			edge.Stats{Open: 3},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				l, _, stop := served(t, w, func(http.ResponseWriter, *http.Request) {}, tt.limits)
				var conns []net.Conn
				for _, addr := range tt.before {
					conns = append(conns, w.dial(t, addr))
					pause(time.Millisecond)
				}
				roundTrip(t, w.dial(t, tt.then))
				var closed []int
				for i, c := range conns {
					if !isOpen(c) {
						closed = append(closed, i)
					}
				}
				require.Equal(t, tt.closed, closed)
				require.Equal(t, tt.stats, l.Stats())
				stop()
			})
		})
	}
}

// TestDisplaceBatch has many connections, some of which make room at a time.
func TestDisplaceBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		l, _, stop := served(t, w, func(http.ResponseWriter, *http.Request) {}, few(200, 200))
		conns := make([]net.Conn, 200)
		for i := range conns {
			conns[i] = w.dial(t, "192.0.2.2:1")
			pause(time.Millisecond)
		}
		roundTrip(t, w.dial(t, "192.0.2.3:1"))
		for i, c := range conns[:10] {
			require.Equal(t, i >= 3, isOpen(c), i)
		}
		require.Equal(t, edge.Stats{Open: 198, Displaced: 3}, l.Stats())
		stop()
	})
}

// TestHijackedStays has a connection that its handler took over.
func TestHijackedStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		taken := make(chan net.Conn, 1)
		l, _, stop := served(t, w, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			taken <- c
		}, few(1, 100))
		first := w.dial(t, "192.0.2.2:1")
		_, err := io.WriteString(first, get)
		require.NoError(t, err)
		mine := <-taken
		pause(time.Hour)
		require.False(t, isOpen(w.dial(t, "192.0.2.3:1")))
		require.True(t, isOpen(first))
		require.NoError(t, mine.Close())
		require.Equal(t, edge.Stats{Refused: 1}, l.Stats())
		stop()
	})
}

// TestAcceptPassingErrors has errors of the system, after which the listener goes on.
func TestAcceptPassingErrors(t *testing.T) {
	t.Parallel()
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		t.Run(passing.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				l, log, stop := served(t, w, func(http.ResponseWriter, *http.Request) {}, few(5, 5))
				waits := w.dial(t, "192.0.2.2:1")
				synctest.Wait()
				var waited []time.Duration
				for range 10 {
					start := time.Now()
					w.conns <- &net.OpError{Op: "accept", Err: passing}
					waited = append(waited, time.Since(start))
				}
				ms := time.Millisecond
				require.Equal(t, []time.Duration{0, 5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, time.Second}, waited)
				require.False(t, isOpen(waits)) // its descriptor is free
				require.Len(t, log.lines(), 1)
				require.Contains(t, log.lines()[0], "WARN a connection cannot be accepted err=accept: "+passing.Error())
				roundTrip(t, w.dial(t, "192.0.2.3:1"))
				start := time.Now()
				w.conns <- passing
				w.conns <- passing
				require.Equal(t, 5*ms, time.Since(start)) // from the start again
				require.Equal(t, uint64(2), l.Stats().Displaced)
				stop()
			})
		})
	}
}

// TestAcceptEnds has errors that stay, and a Close while Accept waits.
func TestAcceptEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		logger, _ := newLog()
		l := edge.Bound(w, few(1, 1), logger)
		accept := func() chan error {
			ended := make(chan error, 1)
			go func() { _, err := l.Accept(); ended <- err }()
			return ended
		}
		ended := accept()
		w.conns <- io.ErrUnexpectedEOF
		require.ErrorIs(t, <-ended, io.ErrUnexpectedEOF)
		ended = accept()
		w.conns <- syscall.EMFILE
		synctest.Wait()
		start := time.Now()
		require.NoError(t, l.Close())
		require.ErrorIs(t, <-ended, net.ErrClosed)
		require.Zero(t, time.Since(start))
		require.Equal(t, "192.0.2.1:80", l.Addr().String())
	})
}
