package dns_test

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

// A wire is a network in memory with name servers at any address. It works in a bubble.
type wire struct {
	// answer returns what a server sends for the question: over UDP each message is a
	// packet, over TCP the first one is sent with its length. None is silence.
	answer func(ask asked) [][]byte

	mu    sync.Mutex // guards the field below
	asked []asked
}

// asked is a question and where it was sent.
type asked struct {
	network, server string
	n               int // of all questions, from 1
	msg             *mdns.Msg
}

func (a asked) key() string {
	return mdns.TypeToString[a.msg.Question[0].Qtype] + " " + a.msg.Question[0].Name
}

// reply returns the packed answer with a code and records.
func (a asked) reply(code int, records ...string) []byte {
	return pack(a.msg, code, records, nil)
}

// pack returns an answer to q after change, which may be nil.
func pack(q *mdns.Msg, code int, records []string, change func(*mdns.Msg)) []byte {
	m := new(mdns.Msg).SetRcode(q, code)
	m.Answer = parse(records)
	if change != nil {
		change(m)
	}
	data, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return data
}

// framed returns a message with its length before it, as it is sent over TCP.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // of a test
}

// packets makes a conn one of packets.
type packets struct{ net.Conn }

func (packets) ReadFrom([]byte) (int, net.Addr, error)  { panic("not used") }
func (packets) WriteTo([]byte, net.Addr) (int, error)   { panic("not used") }
func (w *wire) questions() []asked                      { w.mu.Lock(); defer w.mu.Unlock(); return w.asked }
func (w *wire) option() dns.Option                      { return dns.Dial(w.dial) }
func (w *wire) options(opts ...dns.Option) []dns.Option { return append(opts, w.option()) }
func (w *wire) overServer(opts ...dns.Option) []dns.Option {
	return w.options(append(opts, dns.Servers("192.0.2.1:53"))...)
}

// overTCP returns options for a server that is asked over TCP alone.
func (w *wire) overTCP(t *testing.T, opts ...dns.Option) []dns.Option {
	t.Helper()
	return w.options(append(opts, resolvConf(t, "nameserver 192.0.2.1\noptions use-vc"))...)
}

func (w *wire) keys() []string {
	var keys []string
	for _, a := range w.questions() {
		keys = append(keys, a.key())
	}
	return keys
}

func (w *wire) dial(_ context.Context, network, server string) (net.Conn, error) {
	near, far := net.Pipe()
	go w.serve(far, network, server)
	if network == "udp" {
		return packets{near}, nil
	}
	return near, nil
}

func (w *wire) serve(conn net.Conn, network, server string) {
	defer func() { _ = conn.Close() }()
	c := &mdns.Conn{Conn: conn}
	if network == "udp" {
		c.Conn = packets{conn}
	}
	msg, err := c.ReadMsg()
	if err != nil {
		return
	}
	w.mu.Lock()
	a := asked{network, server, len(w.asked) + 1, msg}
	w.asked = append(w.asked, a)
	w.mu.Unlock()
	for _, data := range w.answer(a) {
		if network != "udp" {
			data = framed(data)
		}
		if _, err := conn.Write(data); err != nil {
			return
		}
	}
	_, _ = conn.Read(make([]byte, 1)) // until the client closes
}

// follow runs a pool whose connections are the addresses until the test ends.
func follow(t *testing.T, s discover.Source, opts ...discover.Option) *discover.Pool[string] {
	t.Helper()
	pool := discover.New(func(_ context.Context, addr string) (string, error) { return addr, nil }, opts...)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return pool
}

// resolvConf returns an option for a file with this text.
func resolvConf(t *testing.T, text string) dns.Option {
	t.Helper()
	path := filepath.Join(t.TempDir(), "resolv.conf")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return dns.ResolvConf(path)
}

// nodata is an answer without records.
func (a asked) nodata() [][]byte { return [][]byte{a.reply(mdns.RcodeSuccess)} }
