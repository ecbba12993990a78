package zookeeper_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers of requests in ZooKeeper's protocol.
const (
	opCreate   = 1
	opDelete   = 2
	opExists   = 3
	opGet      = 4
	opChildren = 12
)

// A proxy is between clients and a server, and looks at the requests.
type proxy struct {
	addr string
	to   string
	wait sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	conns  []net.Conn
	counts map[int32]int // of requests
	lose   int32         // the request whose next answer is lost, with the connection
	away   bool          // connections are reset
}

// newProxy returns one that ends with the test.
func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: l.Addr().String(), to: to, counts: map[int32]int{}}
	p.wait.Go(func() { p.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		p.setAway(true)
		p.wait.Wait()
	})
	return p
}

// setAway sets whether connections are reset.
func (p *proxy) setAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
	for _, conn := range p.conns {
		if away {
			_ = conn.Close()
		}
	}
}

// loseAnswer makes the proxy lose the next answer to such a request.
func (p *proxy) loseAnswer(op int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = op
}

// count returns how many such requests there were.
func (p *proxy) count(op int32) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[op]
}

// pending reports whether the answer to lose is still to come.
func (p *proxy) pending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lose != 0
}

func (p *proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to) //nolint:noctx // on loopback
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		away := p.away
		p.mu.Unlock()
		if away {
			_, _ = client.Close(), server.Close()
			continue
		}
		p.wait.Go(func() { p.serve(client, server) })
	}
}

// serve passes frames on until one side ends.
func (p *proxy) serve(client, server net.Conn) {
	var lost struct {
		sync.Mutex
		xid int32
	}
	var both sync.WaitGroup
	both.Go(func() {
		first := true
		copyFrames(server, client, func(frame []byte) bool {
			if !first && p.note(int32(binary.BigEndian.Uint32(frame[4:]))) {
				lost.Lock()
				lost.xid = int32(binary.BigEndian.Uint32(frame))
				lost.Unlock()
			}
			first = false
			return true
		})
	})
	both.Go(func() {
		first := true
		copyFrames(client, server, func(frame []byte) bool {
			lost.Lock()
			defer lost.Unlock()
			pass := first || lost.xid == 0 || lost.xid != int32(binary.BigEndian.Uint32(frame))
			first = false
			return pass
		})
	})
	both.Wait()
}

// note counts a request, and reports whether its answer is to be lost.
func (p *proxy) note(op int32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[op]++
	if p.lose == 0 || p.lose != op {
		return false
	}
	p.lose = 0
	return true
}

// copyFrames copies frames as long as pass says so, and then closes both sides.
func copyFrames(to, from net.Conn, pass func(frame []byte) bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	for {
		var head [4]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(from, frame); err != nil || !pass(frame) {
			return
		}
		if _, err := to.Write(slices.Concat(head[:], frame)); err != nil {
			return
		}
	}
}
