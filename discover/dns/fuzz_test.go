package dns_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

// checkSet fails if a source must not yield the set.
func checkSet(t *testing.T, set []discover.Instance, err error) {
	t.Helper()
	if err != nil {
		require.Nil(t, set, "a set beside the error %v", err)
		require.Less(t, len(err.Error()), 64<<10)
	}
	require.LessOrEqual(t, len(set), 10_000)
	last := ""
	for _, in := range set {
		require.Less(t, last, in.Addr)
		last = in.Addr
		addr, parseErr := netip.ParseAddrPort(in.Addr)
		require.NoError(t, parseErr)
		require.Equal(t, addr.Addr().Unmap(), addr.Addr())
		require.Positive(t, addr.Port())
		require.Positive(t, in.Weight)
		require.False(t, strings.ContainsFunc(in.Meta["target"], func(r rune) bool { return r <= ' ' || r > '~' }), "%q", in.Meta["target"])
	}
}

// FuzzAnswer has a name server that answers anything, about a service and about
// its targets: a source yields a set or an error.
func FuzzAnswer(f *testing.F) {
	for _, records := range [][]string{
		nil,
		{name + " 60 SRV 1 10 8080 a.internal."},
		{name + " 60 SRV 1 10 8080 a.internal.", name + " 60 SRV 1 0 8081 a.internal."},
		{name + " 0 SRV 1 0 8080 ."},
		{name + " 60 CNAME x.internal."},
		{name + " 60 CNAME x.internal.", "x.internal. 60 CNAME " + name},
		{name + " 60 CNAME x.internal.", `x.internal. 60 SRV 1 10 8080 a\010\200.internal.`},
	} {
		service := packed(f, name, mdns.TypeSRV, records)
		f.Add(service, packed(f, "a.internal.", mdns.TypeA, []string{"a.internal. 60 A 10.0.0.1"}))
		f.Add(service, packed(f, "a.internal.", mdns.TypeA, []string{"a.internal. 60 CNAME b.internal.", "b.internal. 4294967295 A 10.0.0.1"}))
		f.Add(service, packed(f, "a.internal.", mdns.TypeA, nil))
	}
	f.Fuzz(func(t *testing.T, service, target []byte) {
		if max(len(service), len(target)) > 1<<16-1 {
			t.Skip()
		}
		source := dns.SRV(name, dns.Servers("192.0.2.1:53"), dns.IPv4Only(),
			dns.Timeout(200*time.Millisecond), dns.Dial(answering(service, target)))
		for set, err := range source.Watch(t.Context()) {
			checkSet(t, set, err)
			break
		}
	})
}

// FuzzPacket sends any packet before the right one.
func FuzzPacket(f *testing.F) {
	q := new(mdns.Msg).SetQuestion(host, mdns.TypeA)
	for _, data := range forgeries(asked{msg: q}) {
		f.Add(data, false)
		f.Add(data, true)
	}
	f.Fuzz(func(t *testing.T, packet []byte, sameID bool) {
		if len(packet) > 1233 {
			t.Skip()
		}
		w := &wire{answer: func(a asked) [][]byte {
			packet := append([]byte(nil), packet...)
			if len(packet) >= 2 && sameID {
				binary.BigEndian.PutUint16(packet, a.msg.Id)
			}
			if len(packet) == 0 || a.network == "tcp" {
				return [][]byte{a.reply(0, right)}
			}
			return [][]byte{packet, a.reply(0, right)}
		}}
		for set, err := range dns.Hosts(host, 80, w.overServer(dns.Timeout(time.Second), dns.IPv4Only())...).Watch(t.Context()) {
			if err == nil && !sameID {
				require.Equal(t, "10.0.0.1:80", text(set, err))
			}
			for i := range set {
				set[i].Weight = 1 // Hosts sets none
			}
			checkSet(t, set, err)
			break
		}
	})
}

// FuzzResolvConf reads a file with anything in it: the source asks a name server, or
// yields an error.
func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\nsearch a.test b.test\noptions ndots:2 timeout:1 attempts:3 rotate use-vc no-aaaa", "web")
	f.Add("; x\n# y\nnameserver ::1%x\ndomain a.test\noptions ndots:-1 timeout:x attempts:", "web.x")
	f.Add("search . .. a..b\n\x00\xff", "web.")
	f.Fuzz(func(t *testing.T, file, host string) {
		n := 0
		source := dns.Hosts(host, 80, resolvConf(t, file), dns.Dial(func(_ context.Context, network, addr string) (net.Conn, error) {
			n++
			_, err := netip.ParseAddrPort(addr)
			require.NoError(t, err)
			require.Contains(t, []string{"udp", "tcp"}, network)
			return nil, net.ErrClosed
		}), dns.IPv4Only())
		for set, err := range source.Watch(t.Context()) {
			if set != nil { // an address, or localhost
				require.NoError(t, err)
				require.Zero(t, n)
				break
			}
			require.Error(t, err)
			require.LessOrEqual(t, n, 3*5)
			break
		}
	})
}

func packed(f *testing.F, name string, kind uint16, records []string) []byte {
	f.Helper()
	answer := new(mdns.Msg).SetQuestion(name, kind)
	answer.Response = true
	answer.Answer = parse(records)
	data, err := answer.Pack()
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// answering returns a dial func for a server that gives one answer to each question
// about a service and another to any other, with the ID of the question.
func answering(service, target []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer func() { _ = far.Close() }()
			asked, err := (&mdns.Conn{Conn: far}).ReadMsg()
			if err != nil {
				return
			}
			answer := target
			if asked.Question[0].Qtype == mdns.TypeSRV {
				answer = service
			}
			reply := framed(answer)
			if len(answer) >= 2 {
				binary.BigEndian.PutUint16(reply[2:], asked.Id)
			}
			_, _ = far.Write(reply)
		}()
		return near, nil
	}
}
