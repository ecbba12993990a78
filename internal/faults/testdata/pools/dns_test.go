package x

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

type server struct {
	mu     sync.Mutex
	answer func(n int, m *mdns.Msg) *mdns.Msg // nil: silence
	n      int
}

func (s *server) ServeDNS(w mdns.ResponseWriter, m *mdns.Msg) {
	s.mu.Lock()
	s.n++
	a := s.answer(s.n, m)
	s.mu.Unlock()
	if a != nil {
		_ = w.WriteMsg(a)
	}
}

func listen(t *testing.T, addr string, answer func(n int, m *mdns.Msg) *mdns.Msg) string {
	pc, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", pc.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	h := &server{answer: answer}
	for _, srv := range []*mdns.Server{{PacketConn: pc, Handler: h}, {Listener: l, Handler: h}} {
		go func() { _ = srv.ActivateAndServe() }()
		t.Cleanup(func() { _ = srv.Shutdown() })
	}
	time.Sleep(50 * time.Millisecond)
	return pc.LocalAddr().String()
}

func rrs(m *mdns.Msg, rcode int, records ...string) *mdns.Msg {
	a := new(mdns.Msg).SetRcode(m, rcode)
	for _, r := range records {
		rr, err := mdns.NewRR(r)
		if err != nil {
			panic(err)
		}
		a.Answer = append(a.Answer, rr)
	}
	return a
}

func key(m *mdns.Msg) string { return mdns.TypeToString[m.Question[0].Qtype] + " " + m.Question[0].Name }

// watch returns what the source says within d, at most n.
func watch(t *testing.T, s discover.Source, n int, d time.Duration) (said []string) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	start := time.Now()
	for set, err := range s.Watch(ctx) {
		var b strings.Builder
		for _, in := range set {
			fmt.Fprintf(&b, "%s(p%d w%g %s) ", in.Addr, in.Priority, in.Weight, in.Meta["target"])
		}
		said = append(said, fmt.Sprintf("%v: %s err=%v", time.Since(start).Round(100*time.Millisecond), b.String(), err))
		if len(said) == n {
			break
		}
	}
	return said
}

// Two records whose targets are one address, in the order that the server happens to send.
// RFC 2782: the lowest priority is tried first; the answer of a name server has no order (round robin is usual).
func TestSRVSameAddress(t *testing.T) {
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg {
		switch key(m) {
		case "SRV _x._tcp.s.":
			a, b, c := "_x._tcp.s. 1 IN SRV 0 10 80 a.s.", "_x._tcp.s. 1 IN SRV 5 90 80 b.s.", "_x._tcp.s. 1 IN SRV 0 10 80 c.s."
			if time.Now().Unix()%2 == 0 {
				a, b = b, a
			}
			return rrs(m, 0, a, b, c)
		case "A a.s.", "A b.s.":
			return rrs(m, 0, m.Question[0].Name+" 1 IN A 192.0.2.1")
		case "A c.s.":
			return rrs(m, 0, m.Question[0].Name+" 1 IN A 192.0.2.2")
		}
		return rrs(m, 0)
	})
	for _, s := range watch(t, dns.SRV("_x._tcp.s.", dns.Servers(addr)), 6, 6*time.Second) {
		t.Log(s)
	}
}

func TestIPLiteral(t *testing.T) {
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg { return rrs(m, mdns.RcodeNameError) })
	for _, name := range []string{"10.0.0.1", "2001:db8::1", "localhost"} {
		t.Log(name, watch(t, dns.Hosts(name, 80, dns.Servers(addr)), 1, 2*time.Second))
	}
}

// A server that knows no EDNS answers FORMERR (RFC 6891 §7): ask again without.
func TestNoEDNS(t *testing.T) {
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg {
		if m.IsEdns0() != nil {
			a := new(mdns.Msg).SetRcode(m, mdns.RcodeFormatError)
			return a
		}
		if m.Question[0].Qtype == mdns.TypeA {
			return rrs(m, 0, m.Question[0].Name+" 1 IN A 192.0.2.1")
		}
		return rrs(m, 0)
	})
	for _, s := range watch(t, dns.Hosts("h.", 80, dns.Servers(addr)), 3, 5*time.Second) {
		t.Log(s)
	}
}

// The first packet is lost. (resolv.conf(5): attempts, default 2.)
func TestLostPacket(t *testing.T) {
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg {
		if n == 1 {
			return nil
		}
		if m.Question[0].Qtype == mdns.TypeA {
			return rrs(m, 0, m.Question[0].Name+" 1 IN A 192.0.2.1")
		}
		return rrs(m, 0)
	})
	for _, s := range watch(t, dns.Hosts("h.", 80, dns.Servers(addr)), 2, 8*time.Second) {
		t.Log(s)
	}
}

// 2 % loss and 60 targets: how many refreshes of 20 s succeed?
func TestLossyWithManyTargets(t *testing.T) {
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg {
		if n%50 == 7 {
			return nil
		}
		k := key(m)
		if strings.HasPrefix(k, "SRV") {
			var recs []string
			for i := range 60 {
				recs = append(recs, fmt.Sprintf("_x._tcp.s. 1 IN SRV 0 1 80 t%d.s.", i))
			}
			return rrs(m, 0, recs...)
		}
		if strings.HasPrefix(k, "A ") {
			return rrs(m, 0, m.Question[0].Name+" 1 IN A 192.0.2.1")
		}
		return rrs(m, 0)
	})
	ok, failed := 0, 0
	for _, s := range watch(t, dns.SRV("_x._tcp.s.", dns.Servers(addr)), 1000, 20*time.Second) {
		if strings.Contains(s, "err=<nil>") {
			ok++
		} else {
			failed++
		}
	}
	t.Logf("in 20 s, one packet of 50 lost, 60 targets, TTL 1 s: %d sets, %d errors", ok, failed)
}

// A rotating subset (Consul: 3 of n by default; Route 53: 8): what becomes of the connections of a pool?
func TestRotatingSubset(t *testing.T) {
	k := 0
	addr := listen(t, "127.0.0.1:0", func(n int, m *mdns.Msg) *mdns.Msg {
		if m.Question[0].Qtype != mdns.TypeA {
			return rrs(m, 0)
		}
		var recs []string
		for range 3 {
			k++
			recs = append(recs, fmt.Sprintf("%s 1 IN A 192.0.2.%d", m.Question[0].Name, k%12+1))
		}
		return rrs(m, 0, recs...)
	})
	var mu sync.Mutex
	dials := 0
	p := discover.New(func(_ context.Context, addr string) (*fake, error) { mu.Lock(); defer mu.Unlock(); dials++; return &fake{addr}, nil })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_ = p.Run(ctx, dns.Hosts("h.", 80, dns.Servers(addr)))
	t.Logf("12 healthy hosts, answers of 3 of them, 10 s: %d dials", dials)
}

// In a mount and net namespace of its own: run by search.sh.
func TestSearch(t *testing.T) {
	if os.Getenv("IN_NS") == "" {
		t.Skip("needs its own /etc/resolv.conf")
	}
	_ = listen(t, "127.0.0.1:53", func(n int, m *mdns.Msg) *mdns.Msg {
		switch key(m) {
		// RFC 4074 §4.2: a.test denies the name when asked for AAAA.
		case "A db.a.test.":
			return rrs(m, 0, "db.a.test. 1 IN A 192.0.2.1")
		case "AAAA db.b.test.":
			return rrs(m, 0, "db.b.test. 1 IN AAAA 2001:db8::2")
		// "_http._tcp.web.a.test" exists, so "web.a.test" is an empty non-terminal: NOERROR, no data.
		case "A web.a.test.", "AAAA web.a.test.":
			return rrs(m, 0)
		case "A web.b.test.":
			return rrs(m, 0, "web.b.test. 1 IN A 192.0.2.9")
		case "AAAA web.b.test.":
			return rrs(m, 0)
		}
		return rrs(m, mdns.RcodeNameError)
	})
	for _, name := range []string{"db", "web"} {
		t.Log("ours:", name, watch(t, dns.Hosts(name, 80), 1, 5*time.Second))
		r := &net.Resolver{PreferGo: true}
		addrs, err := r.LookupHost(t.Context(), name)
		t.Log("net.Resolver:", name, addrs, err)
	}
}
