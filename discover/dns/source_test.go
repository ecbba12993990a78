package dns_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
	"github.com/typedkit/endpoint/endpointtest"
)

// zone is a name server: its records by "TYPE name", and the response code.
type zone struct {
	mu      sync.Mutex // guards the fields below
	records map[string][]string
	codes   map[string]int
	extra   []string
	ns      []string
	tcp     bool // over UDP it truncates all answers
	asked   []string
}

func (z *zone) set(key string, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.records == nil {
		z.records, z.codes = map[string][]string{}, map[string]int{}
	}
	z.records[key] = records
	delete(z.codes, key)
}

// silence is the code of a question that gets no answer.
const silence = -1

func (z *zone) fail(key string, code int, records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.codes == nil {
		z.records, z.codes = map[string][]string{}, map[string]int{}
	}
	z.records[key], z.codes[key] = records, code
}

func (z *zone) queries() []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	asked := z.asked
	z.asked = nil
	slices.Sort(asked)
	return asked
}

func (z *zone) ServeDNS(w mdns.ResponseWriter, m *mdns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	key := mdns.TypeToString[m.Question[0].Qtype] + " " + m.Question[0].Name
	z.asked = append(z.asked, key)
	if z.codes[key] == silence {
		return
	}
	answer := new(mdns.Msg).SetRcode(m, z.codes[key])
	_, overUDP := w.RemoteAddr().(*net.UDPAddr)
	switch {
	case z.tcp && overUDP:
		answer.Truncated = true
	case z.codes[key] == mdns.RcodeSuccess || z.codes[key] == mdns.RcodeNameError:
		answer.Answer = parse(z.records[key])
		answer.Extra = parse(z.extra)
		answer.Ns = parse(z.ns)
	}
	_ = w.WriteMsg(answer)
}

func parse(records []string) []mdns.RR {
	var parsed []mdns.RR
	for _, r := range records {
		rr, err := mdns.NewRR(r)
		if err != nil {
			panic(err)
		}
		parsed = append(parsed, rr)
	}
	return parsed
}

// inMemory serves the zone in the caller's bubble and returns the options of a
// source that asks it.
func inMemory(t *testing.T, z *zone) []dns.Option {
	t.Helper()
	l := endpointtest.NewListener()
	serve(t, &mdns.Server{Listener: l, Handler: z})
	return []dns.Option{dns.Servers("192.0.2.1:53"), dns.Dial(l.Dial)}
}

// serve runs a server until the test ends.
func serve(t *testing.T, s *mdns.Server) {
	t.Helper()
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	ended := make(chan error, 1)
	go func() { ended <- s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		require.NoError(t, s.Shutdown())
		<-ended
	})
}

// overSockets serves the zone over UDP and TCP on one port of the loopback.
func overSockets(t *testing.T, z *zone) dns.Option {
	t.Helper()
	for {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err != nil { // the port is in use over TCP
			_ = udp.Close()
			continue
		}
		serve(t, &mdns.Server{PacketConn: udp, Handler: z})
		serve(t, &mdns.Server{Listener: tcp, Handler: z})
		return dns.Servers(udp.LocalAddr().String())
	}
}

// watch collects what a source yields, each set as its addresses and each error as
// its text, until the test ends.
func watch(t *testing.T, s discover.Source) func() []string {
	t.Helper()
	var mu sync.Mutex
	var got []string
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for set, err := range s.Watch(ctx) {
			mu.Lock()
			got = append(got, text(set, err))
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		said := got
		got = nil
		return said
	}
}

func text(set []discover.Instance, err error) string {
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, in := range set {
		part := in.Addr
		if in.Priority != 0 || in.Weight != 0 {
			part += fmt.Sprintf(" %d/%v %s", in.Priority, in.Weight, in.Meta["target"])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

const (
	host = "users.internal."
	a    = "A " + host
	aaaa = "AAAA " + host
	name = "_http._tcp.users.internal."
	srv  = "SRV " + name
)

func TestHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		zone func(z *zone)
		opts []dns.Option
		want string
	}{
		{"both kinds", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.2", host+" 60 A 10.0.0.1")
			z.set(aaaa, host+" 60 AAAA 2001:db8::1")
		}, nil, "10.0.0.1:80, 10.0.0.2:80, [2001:db8::1]:80"},
		{"IPv4 alone", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.1")
			z.fail(aaaa, mdns.RcodeServerFailure)
		}, []dns.Option{dns.IPv4Only()}, "10.0.0.1:80"},
		{"IPv6 alone", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.1")
			z.set(aaaa, host+" 60 AAAA 2001:db8::1")
		}, []dns.Option{dns.IPv6Only()}, "[2001:db8::1]:80"},
		{"alias", func(z *zone) {
			z.set(a, host+" 60 CNAME x.internal.", "x.internal. 60 A 10.0.0.1")
		}, nil, "10.0.0.1:80"},
		{"no records", func(*zone) {}, nil, ""},
		{"duplicates", func(z *zone) { z.set(a, host+" 60 A 10.0.0.1", host+" 60 A 10.0.0.1") }, nil, "10.0.0.1:80"},
		{"NXDOMAIN", func(z *zone) {
			z.fail(a, mdns.RcodeNameError)
			z.fail(aaaa, mdns.RcodeNameError)
		}, nil, "dns: A users.internal.: NXDOMAIN\ndns: AAAA users.internal.: NXDOMAIN"},
		{"half a failure", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.1")
			z.fail(aaaa, mdns.RcodeServerFailure)
		}, nil, "dns: AAAA users.internal.: SERVFAIL"},
		{"NXDOMAIN for AAAA alone", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.1")
			z.fail(aaaa, mdns.RcodeNameError)
		}, nil, "10.0.0.1:80"},
		{"NXDOMAIN for A alone", func(z *zone) {
			z.fail(a, mdns.RcodeNameError)
			z.set(aaaa, host+" 60 AAAA 2001:db8::1")
		}, nil, "[2001:db8::1]:80"},
		{"NXDOMAIN beside no records", func(z *zone) {
			z.fail(aaaa, mdns.RcodeNameError)
		}, nil, "dns: AAAA users.internal.: NXDOMAIN"},
		{"NXDOMAIN beside a failure", func(z *zone) {
			z.fail(a, mdns.RcodeNameError)
			z.fail(aaaa, mdns.RcodeRefused)
		}, nil, "dns: A users.internal.: NXDOMAIN\ndns: AAAA users.internal.: REFUSED"},
		{"NOTIMP for AAAA", func(z *zone) {
			z.set(a, host+" 60 A 10.0.0.1")
			z.fail(aaaa, mdns.RcodeNotImplemented)
		}, nil, "10.0.0.1:80"},
		{"NOTIMP for AAAA beside no records", func(z *zone) {
			z.fail(aaaa, mdns.RcodeNotImplemented)
		}, nil, "dns: AAAA users.internal.: NOTIMP"},
		{"NOTIMP for A", func(z *zone) {
			z.fail(a, mdns.RcodeNotImplemented)
			z.set(aaaa, host+" 60 AAAA 2001:db8::1")
		}, nil, "dns: A users.internal.: NOTIMP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				z := &zone{}
				tt.zone(z)
				said := watch(t, dns.Hosts(host, 80, append(inMemory(t, z), tt.opts...)...))
				synctest.Wait()
				require.Equal(t, []string{tt.want}, said())
			})
		})
	}
}

func TestSRV(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(srv,
			name+" 60 SRV 1 10 8080 a.internal.",
			name+" 60 SRV 1 30 8081 b.internal.",
			name+" 60 SRV 2 0 8080 c.internal.",
			name+" 60 SRV 1 0 8080 d.internal.")
		z.set("A a.internal.", "a.internal. 60 A 10.0.0.1", "a.internal. 60 A 10.0.1.1")
		z.set("A b.internal.", "b.internal. 60 A 10.0.0.2")
		z.set("AAAA c.internal.", "c.internal. 60 AAAA 2001:db8::3")
		z.set("A d.internal.", "d.internal. 60 A 10.0.0.4")
		said := watch(t, dns.SRV(name, inMemory(t, z)...))
		synctest.Wait()
		require.Equal(t, []string{strings.Join([]string{
			"10.0.0.1:8080 1/5 a.internal.",
			"10.0.0.2:8081 1/30 b.internal.",
			"10.0.0.4:8080 1/0.01 d.internal.",
			"10.0.1.1:8080 1/5 a.internal.",
			"[2001:db8::3]:8080 2/1 c.internal.",
		}, ", ")}, said())

		z.set(srv, name+" 60 SRV 0 0 0 .")
		time.Sleep(61 * time.Second) // in the bubble
		require.Contains(t, said(), "")
	})
}

// TestAdditionalRecords: addresses that come with the service's records may be some
// of all, so each target is asked for, once.
func TestAdditionalRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{extra: []string{"a.internal. 60 A 10.0.0.1", "other.internal. 60 A 10.9.9.9"}}
		z.set(srv, name+" 60 SRV 1 30 8080 a.internal.", name+" 60 SRV 1 30 8081 A.internal.")
		z.set("A a.internal.", "a.internal. 60 A 10.0.0.1", "a.internal. 60 A 10.0.0.2")
		z.set("AAAA a.internal.", "a.internal. 60 AAAA 2001:db8::1")
		require.Equal(t, strings.Join([]string{
			"10.0.0.1:8080 1/10 a.internal.",
			"10.0.0.1:8081 1/10 a.internal.",
			"10.0.0.2:8080 1/10 a.internal.",
			"10.0.0.2:8081 1/10 a.internal.",
			"[2001:db8::1]:8080 1/10 a.internal.",
			"[2001:db8::1]:8081 1/10 a.internal.",
		}, ", "), first(t, dns.SRV(name, inMemory(t, z)...)))
		require.Equal(t, []string{"A a.internal.", "AAAA a.internal.", srv}, z.queries())
	})
}

// first returns what a source yields first.
func first(t *testing.T, s discover.Source) string {
	t.Helper()
	for set, err := range s.Watch(t.Context()) {
		return text(set, err)
	}
	return "nothing"
}

// TestTargets: one target that does not exist is left out, one that nobody knows
// about is a failure of the whole.
func TestTargets(t *testing.T) {
	t.Parallel()
	const well = "10.0.0.1:8080 1/10 a.internal."
	for _, tt := range []struct {
		name string
		zone func(z *zone) // of the target b; a is well unless it is changed too
		want string
	}{
		{"NXDOMAIN", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeNameError)
			z.fail("AAAA b.internal.", mdns.RcodeNameError)
		}, well},
		{"NXDOMAIN for one kind, no records of the other", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeNameError)
		}, well},
		{"NXDOMAIN for A, NOTIMP for AAAA", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeNameError)
			z.fail("AAAA b.internal.", mdns.RcodeNotImplemented)
		}, well},
		{"no records", func(*zone) {}, well},
		{"no records of any", func(z *zone) { z.set("A a.internal.") }, ""},
		{"NXDOMAIN for all", func(z *zone) {
			z.fail("A a.internal.", mdns.RcodeNameError)
			z.fail("A b.internal.", mdns.RcodeNameError)
			z.set(srv, srvRecord(1, 10, "a.internal."))
		}, "dns: A a.internal.: NXDOMAIN"},
		{"NXDOMAIN for one, no records of the other", func(z *zone) {
			z.set("A a.internal.")
			z.fail("A b.internal.", mdns.RcodeNameError)
		}, "dns: A b.internal.: NXDOMAIN"},
		{"NXDOMAIN of the service", func(z *zone) { z.fail(srv, mdns.RcodeNameError) }, "dns: " + srv + ": NXDOMAIN"},
		{"SERVFAIL", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeServerFailure)
		}, "dns: A b.internal.: SERVFAIL"},
		{"SERVFAIL for one kind, NXDOMAIN for the other", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeNameError)
			z.fail("AAAA b.internal.", mdns.RcodeServerFailure)
		}, "dns: A b.internal.: NXDOMAIN\ndns: AAAA b.internal.: SERVFAIL"},
		{"REFUSED", func(z *zone) {
			z.fail("AAAA b.internal.", mdns.RcodeRefused)
		}, "dns: AAAA b.internal.: REFUSED"},
		{"no records, NOTIMP for AAAA", func(z *zone) {
			z.fail("AAAA b.internal.", mdns.RcodeNotImplemented)
		}, "dns: AAAA b.internal.: NOTIMP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				z := &zone{}
				z.set(srv, srvRecord(1, 10, "a.internal."), srvRecord(1, 20, "b.internal."))
				z.set("A a.internal.", "a.internal. 60 A 10.0.0.1")
				tt.zone(z)
				require.Equal(t, tt.want, first(t, dns.SRV(name, inMemory(t, z)...)))
			})
		})
	}
}

// TestSilentTarget: a time-out is no knowledge about a target.
func TestSilentTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(srv, srvRecord(1, 10, "a.internal."), srvRecord(1, 20, "b.internal."))
		z.set("A a.internal.", "a.internal. 60 A 10.0.0.1")
		z.fail("A b.internal.", silence)
		z.fail("AAAA b.internal.", mdns.RcodeNameError)
		for set, err := range dns.SRV(name, inMemory(t, z)...).Watch(t.Context()) {
			require.ErrorContains(t, err, "dns: A b.internal.: ")
			require.Nil(t, set)
			break
		}
	})
}

// TestManyTargets: a name server that does not answer delays a lookup once, and the
// first failure ends the rest.
func TestManyTargets(t *testing.T) {
	t.Parallel()
	for _, targets := range []int{1, 16, 17} {
		t.Run(strconv.Itoa(targets), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				z := &zone{}
				var records, addrs []string
				for i := range targets {
					target := fmt.Sprintf("s%02d.internal.", i)
					records = append(records, srvRecord(1, 10, target))
					z.set("A "+target, fmt.Sprintf("%s 60 A 10.0.0.%d", target, 10+i))
					addrs = append(addrs, fmt.Sprintf("10.0.0.%d:8080 1/10 %s", 10+i, target))
				}
				z.set(srv, records...)
				l := endpointtest.NewListener()
				serve(t, &mdns.Server{Listener: l, Handler: z})
				dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
					if addr == "192.0.2.1:53" {
						near, _ := net.Pipe()
						return near, nil
					}
					return l.Dial(ctx, network, addr)
				}
				began := time.Now()
				require.Equal(t, strings.Join(addrs, ", "), first(t, dns.SRV(name,
					dns.Servers("192.0.2.1:53", "192.0.2.2:53"), dns.Dial(dial), dns.IPv4Only())))
				require.Equal(t, 2*time.Second, time.Since(began))
			})
		})
	}
	t.Run("failure", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			z := &zone{}
			var records []string
			for i := range 40 {
				target := fmt.Sprintf("s%02d.internal.", i)
				records = append(records, srvRecord(1, 10, target))
				z.fail("A "+target, silence)
			}
			z.set(srv, records...)
			z.fail("A s07.internal.", mdns.RcodeServerFailure)
			began := time.Now()
			require.Equal(t, "dns: A s07.internal.: SERVFAIL", first(t, dns.SRV(name, append(inMemory(t, z), dns.IPv4Only())...)))
			require.Zero(t, time.Since(began))
			require.LessOrEqual(t, len(z.queries()), 1+16+1)
		})
	})
}

// TestTTL: an answer is asked for again when it expires. It sleeps in a bubble.
func TestTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(a, host+" 60 A 10.0.0.1", host+" 20 A 10.0.0.2")
		z.set(aaaa, host+" 30 AAAA 2001:db8::1")
		said := watch(t, dns.Hosts(host, 80, append(inMemory(t, z), dns.TTL(5*time.Second, 40*time.Second))...))
		synctest.Wait()
		require.Len(t, said(), 1)
		time.Sleep(19 * time.Second)
		require.Empty(t, said(), "before the first record expires")
		time.Sleep(2 * time.Second)
		require.Len(t, said(), 1)

		z.set(a, host+" 0 A 10.0.0.1")
		time.Sleep(20 * time.Second)
		said()
		time.Sleep(20 * time.Second)
		require.Len(t, said(), 4, "at least 5 s apart")

		z.set(a, host+" 86400 A 10.0.0.1")
		z.set(aaaa)
		time.Sleep(10 * time.Second)
		said()
		time.Sleep(80 * time.Second)
		require.Len(t, said(), 2, "at most 40 s apart")
	})
}

// TestEmptyAnswer: what says that there is nothing expires by its SOA record. It
// sleeps in a bubble.
func TestEmptyAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{ns: []string{"internal. 3600 SOA ns.internal. hostmaster.internal. 1 7200 3600 1209600 10"}}
		said := watch(t, dns.Hosts(host, 80, inMemory(t, z)...))
		time.Sleep(35 * time.Second)
		require.Equal(t, []string{"", "", "", ""}, said())
		z.mu.Lock()
		z.ns = nil
		z.mu.Unlock()
		time.Sleep(10 * time.Second)
		said()
		time.Sleep(60 * time.Second)
		require.Len(t, said(), 2)
	})
}

// TestDenialExpires: what says that a target or an alias stands for nothing
// expires by its SOA record, and by the alias, beside records that live longer. It
// sleeps in a bubble.
func TestDenialExpires(t *testing.T) {
	t.Parallel()
	const soa = "internal. 3600 SOA ns.internal. hostmaster.internal. 1 7200 3600 1209600 "
	for _, tt := range []struct {
		name string
		soa  string
		zone func(z *zone)
	}{
		{"target", soa + "10", func(z *zone) { z.fail("A b.internal.", mdns.RcodeNameError) }},
		{"target without records", soa + "10", func(*zone) {}},
		{"alias without records", soa + "10", func(z *zone) { z.set("A b.internal.", "b.internal. 60 CNAME c.internal.") }},
		{"alias of a target", soa + "60", func(z *zone) {
			z.fail("A b.internal.", mdns.RcodeNameError, "b.internal. 10 CNAME c.internal.")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				z := &zone{ns: []string{tt.soa}}
				z.set(srv, srvRecord(1, 10, "a.internal."), srvRecord(1, 10, "b.internal."))
				z.set("A a.internal.", "a.internal. 60 A 10.0.0.1")
				tt.zone(z)
				said := watch(t, dns.SRV(name, append(inMemory(t, z), dns.IPv4Only())...))
				time.Sleep(9 * time.Second)
				require.Equal(t, []string{"10.0.0.1:8080 1/10 a.internal."}, said())
				time.Sleep(2 * time.Second)
				require.Len(t, said(), 1)
			})
		})
	}
}

// TestTargetTTL: the records of the targets expire too, those that came with the
// service's do not count. It sleeps in a bubble.
func TestTargetTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{extra: []string{"a.internal. 5 A 10.0.0.1"}}
		z.set(srv, srvRecord(1, 10, "a.internal."))
		z.set("A a.internal.", "a.internal. 60 A 10.0.0.1")
		z.set("AAAA a.internal.", "a.internal. 20 AAAA 2001:db8::1")
		said := watch(t, dns.SRV(name, inMemory(t, z)...))
		time.Sleep(19 * time.Second)
		require.Len(t, said(), 1)
		time.Sleep(2 * time.Second)
		require.Len(t, said(), 1)
	})
}

// TestErrorsKeepThePool: an error leaves the set as it is, and is asked about
// sooner than the answer would have expired. It sleeps in a bubble.
func TestErrorsKeepThePool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(a, host+" 300 A 10.0.0.1")
		pool := follow(t, dns.Hosts(host, 80, inMemory(t, z)...))
		synctest.Wait()
		for _, code := range []int{mdns.RcodeNameError, mdns.RcodeServerFailure, mdns.RcodeRefused} {
			z.fail(a, code)
			time.Sleep(10 * time.Minute)
			addr, token, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			require.Equal(t, "10.0.0.1:80", addr)
			pool.Release(token, nil)
			require.Greater(t, pool.Age(), 5*time.Minute)
		}
		require.Greater(t, len(z.queries()), 100)
		z.set(a, host+" 300 A 10.0.0.2")
		time.Sleep(30 * time.Second)
		addr, token, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, "10.0.0.2:80", addr)
		pool.Release(token, nil)
	})
}

// TestWeights: the shares of RFC 2782's weights, and no call to priority 2 while
// priority 1 is well.
func TestWeights(t *testing.T) {
	t.Parallel()
	for balancing, balancer := range map[string]discover.Balancer{"Weighted": discover.Weighted(), "Random": discover.Random()} {
		t.Run(balancing, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				z := &zone{}
				want := map[string]float64{}
				var records []string
				for i, w := range []int{60, 20, 10, 10} {
					target := fmt.Sprintf("s%d.internal.", i)
					records = append(records, srvRecord(1, w, target))
					z.set("A "+target, fmt.Sprintf("%s 60 A 10.0.0.%d", target, i))
					want[fmt.Sprintf("10.0.0.%d:8080", i)] = float64(w) / 100
				}
				z.set(srv, append(records, srvRecord(2, 1000, "spare.internal."))...)
				z.set("A spare.internal.", "spare.internal. 60 A 10.0.0.99")
				pool := follow(t, dns.SRV("_http._tcp.users.internal.", inMemory(t, z)...), discover.Balance(balancer))
				synctest.Wait()
				counts := map[string]int{}
				for range 10_000 {
					addr, token, err := pool.Acquire(t.Context())
					require.NoError(t, err)
					pool.Release(token, nil)
					counts[addr]++
				}
				for addr, share := range want {
					require.InDelta(t, share, float64(counts[addr])/10_000, 0.02, "%v", counts)
				}
				require.Zero(t, counts["10.0.0.99:8080"])
			})
		})
	}
}

func srvRecord(priority, weight int, target string) string {
	return name + " 60 SRV " + strconv.Itoa(priority) + " " + strconv.Itoa(weight) + " 8080 " + target
}

// TestSockets asks a real server over UDP, and over TCP when it truncates.
func TestSockets(t *testing.T) {
	t.Parallel()
	for _, truncates := range []bool{false, true} {
		z := &zone{tcp: truncates}
		var records []string
		for i := range 100 {
			records = append(records, fmt.Sprintf("%s 60 A 10.0.1.%d", host, i))
		}
		if !truncates {
			records = records[:3]
		}
		z.set(a, records...)
		for set, err := range dns.Hosts(host, 80, overSockets(t, z)).Watch(t.Context()) {
			require.NoError(t, err)
			require.Len(t, set, len(records))
			break
		}
	}
}

// TestSecondServer: one that does not answer is passed over.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	z := &zone{}
	z.set(a, host+" 60 A 10.0.0.1")
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	refusing := &zone{}
	refusing.fail(a, mdns.RcodeRefused)
	for _, first := range []string{silent.LocalAddr().String(), server(t, refusing)} {
		source := dns.Hosts(host, 80, dns.Servers(first, server(t, z)), dns.IPv4Only(), dns.Timeout(100*time.Millisecond))
		for set, err := range source.Watch(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, "10.0.0.1:80", text(set, nil))
			break
		}
	}
}

// TestServersWithoutAAAA: that one server knows no AAAA records says nothing while
// another might know some.
func TestServersWithoutAAAA(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		second func(z *zone)
		want   string
	}{
		{"both", func(z *zone) { z.fail(aaaa, mdns.RcodeNotImplemented) }, "10.0.0.1:80"},
		{"one", func(z *zone) { z.set(aaaa, host+" 60 AAAA 2001:db8::1") }, "10.0.0.1:80, [2001:db8::1]:80"},
		{"one, the other fails", func(z *zone) { z.fail(aaaa, mdns.RcodeServerFailure) }, "dns: AAAA users.internal.: NOTIMP\ndns: AAAA users.internal.: SERVFAIL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			old, second := &zone{}, &zone{}
			old.set(a, host+" 60 A 10.0.0.1")
			old.fail(aaaa, mdns.RcodeNotImplemented)
			second.set(a, host+" 60 A 10.0.0.1")
			tt.second(second)
			require.Equal(t, tt.want, first(t, dns.Hosts(host, 80, dns.Servers(server(t, old), server(t, second)))))
		})
	}
}

func server(t *testing.T, z *zone) string {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	serve(t, &mdns.Server{PacketConn: udp, Handler: z})
	return udp.LocalAddr().String()
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		source discover.Source
		want   string
	}{
		{"no name", dns.SRV(""), `dns: SRV: "" is not a domain name`},
		{"a URL", dns.SRV("http://users"), `dns: SRV: "http://users" is not a domain name`},
		{"an address", dns.Hosts("users:80", 80), `dns: Hosts: "users:80" is not a domain name`},
		{"a label of 64 letters", dns.SRV(strings.Repeat("a", 64)), `dns: SRV: "` + strings.Repeat("a", 64) + `" is not a domain name`},
		{"a label without letters", dns.Hosts("a..b", 1), `dns: Hosts: "a..b" is not a domain name`},
		{"the root", dns.Hosts(".", 1), `dns: Hosts: "." is not a domain name`},
		{"254 bytes", dns.Hosts(longName(254), 1), `dns: Hosts: "` + longName(254) + `" is not a domain name`},
		{"255 bytes", dns.Hosts(longName(254)+".", 1), `dns: Hosts: "` + longName(254) + `." is not a domain name`},
		{"a backslash", dns.Hosts(`a\.b`, 1), `dns: Hosts: "a\\.b" is not a domain name`},
		{"an address in brackets", dns.Hosts("[::1]", 1), `dns: Hosts: "[::1]" is not a domain name`},
		{"an IPv4 address", dns.Hosts("10.0.0.1", 1, dns.IPv6Only()), `dns: Hosts: 10.0.0.1 is an address of the kind that an option excludes`},
		{"an IPv6 address", dns.Hosts("::1", 1, dns.IPv4Only()), `dns: Hosts: ::1 is an address of the kind that an option excludes`},
		{"a nil option of Hosts", dns.Hosts("a", 1, nil), "dns: Hosts: option 1 of 1 is nil"},
		{"a nil option of SRV", dns.SRV("a", dns.IPv4Only(), nil), "dns: SRV: option 2 of 2 is nil"},
		{"all of them", dns.Hosts("a b", 0, dns.Servers(), dns.Servers("localhost:53"), dns.Dial(nil), dns.TTL(0, 1), dns.TTL(2*time.Second, time.Second), dns.Timeout(0), dns.Attempts(0), dns.Keep(0), dns.ResolvConf(""), nil), `dns: option Servers: there is none
dns: option Servers: "localhost:53" is not an IP address with a port
dns: option Dial: the func is nil
dns: option TTL: 0s to 1ns is not a range that starts at 1ms or more
dns: option TTL: 2s to 1s is not a range that starts at 1ms or more
dns: option Timeout: 0s is not positive
dns: option Attempts: 0 is not positive
dns: option Keep: 0s is not positive
dns: option ResolvConf: the path is empty
dns: Hosts: option 10 of 10 is nil
dns: Hosts: "a b" is not a domain name
dns: Hosts: the port is 0`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for _, err := range tt.source.Watch(t.Context()) {
				require.EqualError(t, err, tt.want)
				n++
			}
			require.Equal(t, 1, n)
			pool := discover.New(func(context.Context, string) (int, error) { return 0, nil })
			require.EqualError(t, pool.Run(t.Context(), tt.source), tt.want)
		})
	}
}

// longName returns a name of n bytes.
func longName(n int) string { return strings.Repeat("a2345678.", n/9) + strings.Repeat("b", n%9) }

// TestLongestName is asked for.
func TestLongestName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{longName(253), longName(253) + ".", strings.Repeat("a", 63) + ".b"} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: asked.nodata}
			require.Empty(t, first(t, dns.Hosts(name, 80, w.overServer(dns.IPv4Only())...)))
			require.Equal(t, []string{"A " + strings.TrimSuffix(name, ".") + "."}, w.keys())
		})
	}
}

// TestIPLiteral: an address stands for itself, localhost for the loopback (RFC 6761
// §6.3), and no server is asked.
func TestIPLiteral(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts []dns.Option
		want string
	}{
		{"10.0.0.1", nil, "10.0.0.1:80"},
		{"10.0.0.1", []dns.Option{dns.IPv4Only()}, "10.0.0.1:80"},
		{"2001:db8::1", nil, "[2001:db8::1]:80"},
		{"2001:db8::1", []dns.Option{dns.IPv6Only()}, "[2001:db8::1]:80"},
		{"fe80::1%eth0", nil, "[fe80::1%eth0]:80"},
		{"localhost", nil, "127.0.0.1:80, [::1]:80"},
		{"LocalHost.", []dns.Option{dns.IPv4Only()}, "127.0.0.1:80"},
		{"users.localhost", []dns.Option{dns.IPv6Only()}, "[::1]:80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: asked.nodata}
				said := watch(t, dns.Hosts(tt.name, 80, w.overServer(tt.opts...)...))
				time.Sleep(301 * time.Second)
				require.Equal(t, []string{tt.want, tt.want}, said()) // so that a pool's set is never old
				require.Empty(t, w.questions())
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: asked.nodata}
		require.Empty(t, first(t, dns.Hosts("xlocalhost", 80, w.overServer(dns.IPv4Only())...)))
		require.Len(t, w.questions(), 1)
	})
}

// TestIPLiteralNeedsNoFile: an address is a set even if the file cannot be read.
func TestIPLiteralNeedsNoFile(t *testing.T) {
	t.Parallel()
	require.Equal(t, "10.0.0.1:80", first(t, dns.Hosts("10.0.0.1", 80, dns.ResolvConf(t.TempDir()))))
}

// TestLookupTime: a lookup ends after a minute, whatever servers, attempts and names
// there are. It sleeps in a bubble.
func TestLookupTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(asked) [][]byte { return nil }}
		began := time.Now()
		for set, err := range dns.Hosts(host, 80, w.overServer(dns.Timeout(25*time.Second), dns.Attempts(9))...).Watch(t.Context()) {
			require.ErrorContains(t, err, "dns: the lookup took longer than 1m0s: dns: A users.internal.: ")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Nil(t, set)
			break
		}
		require.Equal(t, time.Minute, time.Since(began))
		require.Len(t, w.questions(), 6)
	})
	synctest.Test(t, func(t *testing.T) { // each target takes its time
		var before sync.Map
		w := &wire{answer: func(a asked) [][]byte {
			if a.key() == srv {
				return [][]byte{a.reply(0, servers(1000)...)}
			}
			if _, again := before.LoadOrStore(a.key(), true); !again {
				return nil
			}
			return [][]byte{a.reply(0, a.msg.Question[0].Name+" 60 A 10.0.0.1")}
		}}
		began := time.Now()
		said := first(t, dns.SRV(name, w.overTCP(t, dns.IPv4Only())...))
		require.Contains(t, said, "dns: the lookup took longer than 1m0s")
		require.Equal(t, time.Minute, time.Since(began))
	})
}

// TestWatchEnds: the end of the context ends a question at once.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(asked) [][]byte { return nil }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		for _, err := range dns.Hosts(host, 80, w.overServer()...).Watch(ctx) {
			t.Error("a source that was ended yields", err)
		}
		require.Equal(t, time.Second, time.Since(began))
		require.Len(t, w.questions(), 2)
	})
}

// TestPauses: after errors a source asks again after 1 s, then after up to 30 s, less up to
// a quarter, and from the start after a success.
func TestPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			if a.n == 20 {
				return [][]byte{a.reply(0, host+" 1 A 10.0.0.1")}
			}
			return [][]byte{a.reply(mdns.RcodeRefused)}
		}}
		last, n := time.Now(), 0
		var pauses []time.Duration
		for set, err := range dns.Hosts(host, 80, w.overServer(dns.IPv4Only())...).Watch(t.Context()) {
			require.Equal(t, err == nil, set != nil)
			pauses = append(pauses, time.Since(last))
			last = time.Now()
			if n++; n == 23 {
				break
			}
		}
		different := map[time.Duration]bool{}
		for i, pause := range pauses[1:] {
			most := min(time.Second<<min(i, 10), 30*time.Second)
			switch i {
			case 19:
				require.Equal(t, time.Second, pause, "the time to live")
				continue
			case 20, 21:
				most = time.Second << (i - 20)
			}
			require.LessOrEqual(t, pause, most, i)
			require.Greater(t, pause, most*3/4-1, i)
			different[pause] = true
		}
		require.Greater(t, len(different), 15)
	})
}

// TestAlternatingDenial: a server that denies every second time leaves a pool's set as it
// is. It sleeps in a bubble.
func TestAlternatingDenial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			if a.n%2 == 0 {
				return [][]byte{a.reply(mdns.RcodeNameError)}
			}
			return [][]byte{a.reply(0, host+" 1 A 10.0.0.1")}
		}}
		var events []string
		dials := 0
		pool := discover.New(func(_ context.Context, addr string) (string, error) { dials++; return addr, nil },
			discover.OnEvent(func(_ context.Context, e endpoint.Event) { events = append(events, e.Kind) }))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- pool.Run(ctx, dns.Hosts(host, 80, w.overServer(dns.IPv4Only())...)) }()
		for range 600 {
			time.Sleep(time.Second)
			_, token, err := pool.Acquire(ctx)
			require.NoError(t, err)
			pool.Release(token, nil)
		}
		synctest.Wait()
		require.NotContains(t, events, "left")
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, 1, dials)
		require.NotContains(t, events, "empty")
		require.Contains(t, events, "source_recovered")
	})
}
