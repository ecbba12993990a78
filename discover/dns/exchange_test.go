package dns_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/dns"
)

const right = host + " 60 A 10.0.0.1"

// timed returns what a source of host yields first, and after which time.
func timed(t *testing.T, opts ...dns.Option) (string, time.Duration) {
	t.Helper()
	began := time.Now()
	return first(t, dns.Hosts(host, 80, append(opts, dns.IPv4Only())...)), time.Since(began)
}

// TestQuestion is what a name server gets.
func TestQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: asked.nodata}
		require.Empty(t, first(t, dns.Hosts("Users.internal", 80, w.overServer(dns.IPv4Only())...)))
		require.Len(t, w.questions(), 1)
		m := w.questions()[0].msg
		require.Equal(t, []mdns.Question{{Name: "Users.internal.", Qtype: mdns.TypeA, Qclass: mdns.ClassINET}}, m.Question)
		require.True(t, m.RecursionDesired)
		require.False(t, m.Response)
		require.EqualValues(t, 1232, m.IsEdns0().UDPSize())
		require.Zero(t, m.IsEdns0().Version())
	})
}

// TestIDs: questions have IDs that do not follow from those before.
func TestIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte { return [][]byte{a.reply(0, host+" 1 A 10.0.0.1")} }}
		_ = watch(t, dns.Hosts(host, 80, w.overServer(dns.IPv4Only())...))
		time.Sleep(50 * time.Second)
		ids, steps := map[uint16]bool{}, map[uint16]bool{}
		var last uint16
		for _, a := range w.questions() {
			ids[a.msg.Id] = true
			steps[a.msg.Id-last] = true
			last = a.msg.Id
		}
		require.Greater(t, len(ids), 45)
		require.Greater(t, len(steps), 45)
	})
}

// TestLostPacket: it costs one attempt.
func TestLostPacket(t *testing.T) {
	t.Parallel()
	for lost, want := range map[int]time.Duration{0: 0, 1: 2 * time.Second, 2: 4 * time.Second} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte {
					if a.n <= lost {
						return nil
					}
					return [][]byte{a.reply(0, right)}
				}}
				set, took := timed(t, w.overServer(dns.Attempts(3))...)
				require.Equal(t, "10.0.0.1:80", set)
				require.Equal(t, want, took)
				require.Len(t, w.questions(), lost+1)
			})
		})
	}
}

// TestLossyWithManyTargets: one packet of 50 is lost, and no set is.
func TestLossyWithManyTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			var records []string
			switch key := a.key(); {
			case a.n%50 == 7:
				return nil
			case key == srv:
				for i := range 60 {
					records = append(records, fmt.Sprintf("%s 1 SRV 0 1 80 t%d.internal.", name, i))
				}
				return [][]byte{pack(a.msg, 0, records, func(m *mdns.Msg) { m.Truncated = a.network == "udp" })}
			case strings.HasPrefix(key, "A "):
				records = []string{a.msg.Question[0].Name + " 1 A 10.0.0.1"}
			}
			return [][]byte{a.reply(0, records...)}
		}}
		said := watch(t, dns.SRV(name, w.overServer(dns.Attempts(4))...))
		time.Sleep(time.Minute)
		sets := said()
		require.Greater(t, len(sets), 10)
		for _, set := range sets {
			require.Equal(t, "10.0.0.1:80 0/60 t0.internal.", set)
		}
	})
}

// TestServersInTurn: which answers make a server be asked again, and which another.
func TestServersInTurn(t *testing.T) {
	t.Parallel()
	const refused = "dns: A users.internal.: REFUSED"
	for _, tt := range []struct {
		name   string
		answer func(a asked) [][]byte
		want   string
		asked  string // the servers by their last digit
	}{
		{"the first answers", func(a asked) [][]byte { return [][]byte{a.reply(0, right)} }, "10.0.0.1:80", "1"},
		{
			"a denial is an answer", func(a asked) [][]byte { return [][]byte{a.reply(mdns.RcodeNameError)} },
			"dns: A users.internal.: NXDOMAIN", "1",
		},
		{"SERVFAIL is repeated, REFUSED is not", func(a asked) [][]byte {
			if a.server == "192.0.2.1:53" {
				return [][]byte{a.reply(mdns.RcodeRefused)}
			}
			return [][]byte{a.reply(mdns.RcodeServerFailure)}
		}, refused + "\ndns: A users.internal.: SERVFAIL", "122"},
		{
			"an unassigned code", func(a asked) [][]byte { return [][]byte{a.reply(11)} },
			"dns: A users.internal.: RCODE 11\ndns: A users.internal.: RCODE 11", "12",
		},
		{"SERVFAIL once", func(a asked) [][]byte {
			if a.n < 3 {
				return [][]byte{a.reply(mdns.RcodeServerFailure)}
			}
			return [][]byte{a.reply(0, right)}
		}, "10.0.0.1:80", "121"},
		{"a referral", func(a asked) [][]byte {
			return [][]byte{pack(a.msg, 0, nil, func(m *mdns.Msg) { m.Ns = parse([]string{"internal. 60 NS ns.internal."}) })}
		}, "dns: A users.internal.: the server refers to others and does not ask them\n" +
			"dns: A users.internal.: the server refers to others and does not ask them", "12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: tt.answer}
				set, took := timed(t, w.options(dns.Servers("192.0.2.1:53", "192.0.2.2:53"))...)
				require.Equal(t, tt.want, set)
				require.Zero(t, took)
				servers := ""
				for _, a := range w.questions() {
					servers += strings.TrimSuffix(strings.TrimPrefix(a.server, "192.0.2."), ":53")
				}
				require.Equal(t, tt.asked, servers)
			})
		})
	}
}

// TestDeadServer: of two servers, one does not answer. A pool has its set after one
// time-out, and each lookup is delayed by one.
func TestDeadServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			if a.server == "192.0.2.1:53" {
				return nil
			}
			return [][]byte{a.reply(0, host+" 10 A 10.0.0.1")}
		}}
		pool := follow(t, dns.Hosts(host, 80, w.options(dns.Servers("192.0.2.1:53", "192.0.2.2:53"), dns.IPv4Only())...))
		began := time.Now()
		addr, token, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, "10.0.0.1:80", addr)
		require.Equal(t, 2*time.Second, time.Since(began))
		pool.Release(token, nil)
		for range 60 {
			time.Sleep(time.Second)
			require.LessOrEqual(t, pool.Age(), 12*time.Second)
		}
	})
}

// forgeries are packets that do not answer a question.
func forgeries(a asked) [][]byte {
	const wrong = host + " 60 A 10.6.6.6"
	change := func(change func(*mdns.Msg)) []byte { return pack(a.msg, 0, []string{wrong}, change) }
	whole := a.reply(0, wrong, wrong)
	return [][]byte{
		{0},
		whole[:11],
		whole[:20],
		whole[:len(whole)-20], // fewer records than are announced
		change(func(m *mdns.Msg) { m.Id++ }),
		change(func(m *mdns.Msg) { m.Response = false }),
		change(func(m *mdns.Msg) { m.Opcode = mdns.OpcodeNotify }),
		change(func(m *mdns.Msg) { m.Question = nil }),
		change(func(m *mdns.Msg) { m.Question[0].Name = "others.internal." }),
		change(func(m *mdns.Msg) { m.Question[0].Qtype = mdns.TypeAAAA }),
		change(func(m *mdns.Msg) { m.Question[0].Qclass = mdns.ClassCHAOS }),
		change(func(m *mdns.Msg) { m.Question = append(m.Question, m.Question...) }),
		change(func(m *mdns.Msg) { m.Truncated, m.Id = true, m.Id+1 }),
		pack(a.msg, mdns.RcodeNameError, nil, func(m *mdns.Msg) { m.Id++ }),
		pack(a.msg, mdns.RcodeServerFailure, nil, func(m *mdns.Msg) { m.Question = nil }),
		append(pack(a.msg, 0, nil, func(m *mdns.Msg) { m.Id++ }), make([]byte, 1300)...),
	}
}

// TestForgeries sends packets that do not answer the question. They must not end the wait
// for the answer (RFC 5452 §9.1).
func TestForgeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			answers := forgeries(a)
			for i, data := range answers {
				if len(data) > 1233 { // a pipe hands on the rest of a packet, a socket does not
					answers[i] = data[:1233]
				}
			}
			return append(answers, a.reply(0, right))
		}}
		set, took := timed(t, w.overServer()...)
		require.Equal(t, "10.0.0.1:80", set)
		require.Zero(t, took)
		require.Len(t, w.questions(), 1)
	})
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte { return forgeries(a)[:8] }}
		set, took := timed(t, w.overServer()...)
		require.Equal(t, "dns: A users.internal.: 192.0.2.1:53: no answer in 2s: context deadline exceeded\n"+
			"ignored a packet: the answer is one to another question", set)
		require.Equal(t, 4*time.Second, took)
	})
}

// TestForgeriesOverTCP sends them over TCP, where they can only come from the server, so
// each is an error.
func TestForgeriesOverTCP(t *testing.T) {
	t.Parallel()
	for i := range 14 {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: func(a asked) [][]byte {
				if a.network == "udp" {
					return [][]byte{pack(a.msg, 0, nil, func(m *mdns.Msg) { m.Truncated = true })}
				}
				return [][]byte{forgeries(a)[i]}
			}}
			set, took := timed(t, w.overServer()...)
			require.True(t, strings.HasPrefix(set, "dns: A users.internal.: "), "%d: %s", i, set)
			require.Zero(t, took)
			require.Len(t, w.questions(), 4)
		})
	}
}

// A flood is a conn that has a packet each millisecond, whatever ended.
type flood struct{ packets }

// Read runs in a bubble.
func (flood) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return copy(p, "0123456789abcdef"), nil
}
func (flood) Close() error                    { return nil }
func (flood) SetReadDeadline(time.Time) error { return nil }

// TestFlood: it lasts as long as an attempt has.
func TestFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set, took := timed(t, dns.Servers("192.0.2.1:53"), dns.Dial(func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() { _, _ = far.Read(make([]byte, 512)) }()
			return flood{packets{near}}, nil
		}))
		require.Contains(t, set, "no answer in 2s")
		require.InDelta(t, 4*time.Second, took, float64(10*time.Millisecond))
	})
}

// TestSpoofedSource: a real socket passes over what comes from another address.
func TestSpoofedSource(t *testing.T) {
	t.Parallel()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = server.Close() }()
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 1500)
		n, from, err := server.ReadFrom(packet)
		if err != nil {
			return
		}
		q := new(mdns.Msg)
		if q.Unpack(packet[:n]) != nil {
			return
		}
		_, _ = other.WriteTo(pack(q, 0, []string{host + " 60 A 10.6.6.6"}, nil), from)
		_, _ = server.WriteTo(pack(q, 0, []string{right}, nil), from)
	}()
	require.Equal(t, "10.0.0.1:80", first(t, dns.Hosts(host, 80, dns.Servers(server.LocalAddr().String()), dns.IPv4Only())))
	<-ended
}

// TestTruncated: an answer that does not fit is asked for over TCP.
func TestTruncated(t *testing.T) {
	t.Parallel()
	tc := func(a asked) []byte { return pack(a.msg, 0, nil, func(m *mdns.Msg) { m.Truncated = true }) }
	cut := func(a asked) []byte { // within a record
		data := pack(a.msg, 0, []string{right, right}, func(m *mdns.Msg) { m.Truncated = true })
		return data[:len(data)-2]
	}
	large := func(a asked) []byte { // more than was asked for, as a socket of 1233 bytes reads it
		var records []string
		for i := range 100 {
			records = append(records, fmt.Sprintf("%s 60 A 10.0.1.%d", host, i))
		}
		return a.reply(0, records...)[:1233]
	}
	for _, tt := range []struct {
		name   string
		udp    func(a asked) []byte
		tcp    func(a asked) []byte
		want   string
		took   time.Duration
		nTotal int
	}{
		{"TC", tc, func(a asked) []byte { return a.reply(0, right) }, "10.0.0.1:80", 0, 2},
		{"TC, cut", cut, func(a asked) []byte { return a.reply(0, right) }, "10.0.0.1:80", 0, 2},
		{"too large", large, func(a asked) []byte { return a.reply(0, right) }, "10.0.0.1:80", 0, 2},
		{"TC over TCP", tc, func(a asked) []byte {
			return pack(a.msg, 0, []string{right}, func(m *mdns.Msg) { m.Truncated = true })
		}, "10.0.0.1:80", 0, 2},
		{"no answer over TCP once", tc, func(a asked) []byte {
			if a.n == 2 {
				return nil
			}
			return a.reply(0, right)
		}, "10.0.0.1:80", 2 * time.Second, 4},
		{
			"no answer over TCP", tc, func(asked) []byte { return nil },
			"dns: A users.internal.: 192.0.2.1:53: no answer in 2s: context deadline exceeded", 4 * time.Second, 4,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte {
					answer := tt.udp
					if a.network == "tcp" {
						answer = tt.tcp
					}
					if data := answer(a); data != nil {
						return [][]byte{data}
					}
					return nil
				}}
				set, took := timed(t, w.overServer()...)
				require.Equal(t, tt.want, set)
				require.Equal(t, tt.took, took)
				require.Len(t, w.questions(), tt.nTotal)
			})
		})
	}
}

// TestTruncationOfOneTarget: it costs no set.
func TestTruncationOfOneTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		w := &wire{answer: func(a asked) [][]byte {
			switch a.key() {
			case srv:
				return [][]byte{a.reply(0, srvRecord(1, 10, "a.internal."), srvRecord(1, 10, "b.internal."))}
			case "A b.internal.":
				return [][]byte{pack(a.msg, 0, []string{"b.internal. 60 A 10.0.0.2"}, func(m *mdns.Msg) { m.Truncated = a.network == "udp" })}
			}
			return [][]byte{a.reply(0, "a.internal. 60 A 10.0.0.1")}
		}}
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			if network == "tcp" && refused == 0 {
				refused++
				return nil, net.ErrClosed
			}
			return w.dial(ctx, network, addr)
		}
		require.Equal(t, "10.0.0.1:8080 1/10 a.internal., 10.0.0.2:8080 1/10 b.internal.",
			first(t, dns.SRV(name, dns.Servers("192.0.2.1:53"), dns.Dial(dial), dns.IPv4Only())))
		require.Equal(t, 1, refused)
	})
}

// TestSlowTCP: an answer that comes byte by byte has no more time than any other.
func TestSlowTCP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer func() { _ = far.Close() }()
				msg, err := (&mdns.Conn{Conn: far}).ReadMsg()
				if err != nil {
					return
				}
				for _, b := range framed(pack(msg, 0, []string{right}, nil)) {
					time.Sleep(time.Second)
					if _, err := far.Write([]byte{b}); err != nil {
						return
					}
				}
			}()
			return near, nil
		}
		set, took := timed(t, dns.Servers("192.0.2.1:53"), dns.Dial(dial), dns.Timeout(5*time.Second))
		require.Equal(t, "dns: A users.internal.: 192.0.2.1:53: no answer in 5s: context deadline exceeded", set)
		require.Equal(t, 10*time.Second, took)
		time.Sleep(2 * time.Second) // the server notices
	})
}

// TestNoEDNS: a server that answers without EDNS only is asked so, for the rest of the
// lookup at once. (RFC 6891 §7)
func TestNoEDNS(t *testing.T) {
	t.Parallel()
	for kind, refuse := range map[string]func(a asked) []byte{
		"FORMERR": func(a asked) []byte { return a.reply(mdns.RcodeFormatError) },
		"FORMERR, header": func(a asked) []byte {
			return pack(a.msg, mdns.RcodeFormatError, nil, func(m *mdns.Msg) { m.Question = nil })
		},
		"NOTIMP": func(a asked) []byte { return a.reply(mdns.RcodeNotImplemented) },
		"BADVERS": func(a asked) []byte {
			return pack(a.msg, mdns.RcodeBadVers, nil, func(m *mdns.Msg) { m.SetEdns0(1232, false) })
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte {
					switch {
					case a.msg.IsEdns0() != nil:
						return [][]byte{refuse(a)}
					case a.key() == srv:
						return [][]byte{a.reply(0, srvRecord(1, 10, "a.internal."))}
					}
					return [][]byte{a.reply(0, "a.internal. 60 A 10.0.0.1")}
				}}
				require.Equal(t, "10.0.0.1:8080 1/10 a.internal.", first(t, dns.SRV(name, w.overServer(dns.IPv4Only())...)))
				require.Equal(t, []string{srv, srv, "A a.internal."}, w.keys())
			})
			synctest.Test(t, func(t *testing.T) { // a code that has other reasons, then
				w := &wire{answer: func(a asked) [][]byte {
					switch {
					case a.msg.IsEdns0() != nil || a.key() == "AAAA a.internal.":
						return [][]byte{refuse(asked{msg: a.msg})}
					case a.key() == srv:
						return [][]byte{a.reply(0, srvRecord(1, 10, "a.internal."))}
					}
					return [][]byte{a.reply(0, "a.internal. 60 A 10.0.0.1")}
				}}
				_ = first(t, dns.SRV(name, w.overServer()...))
				keys := w.keys()
				slices.Sort(keys)
				require.Equal(t, []string{"A a.internal.", "AAAA a.internal.", srv, srv}, keys)
			})
			synctest.Test(t, func(t *testing.T) { // EDNS is not to blame
				w := &wire{answer: func(a asked) [][]byte { return [][]byte{refuse(a)} }}
				set, _ := timed(t, w.overServer()...)
				require.Equal(t, "dns: A users.internal.: "+strings.TrimSuffix(kind, ", header"), set)
				require.Len(t, w.questions(), 2)
			})
		})
	}
}

// TestDialWithoutConn: a dial func that returns nothing is an error.
func TestDialWithoutConn(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, nil } //nolint:nilnil // what it must not
	require.Equal(t, "dns: A users.internal.: the func of option Dial returned neither a conn nor an error",
		first(t, hostsSource(dns.Servers("192.0.2.1:53"), dns.Dial(dial))))
}

// TestUnixSockets: a stream of a net.UnixConn is read as a stream.
func TestUnixSockets(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	z := &zone{}
	z.set(a, right)
	serve(t, &mdns.Server{Listener: l, Handler: z})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	require.Equal(t, "10.0.0.1:80", first(t, dns.Hosts(host, 80, dns.Servers("192.0.2.1:53"), dns.Dial(dial), dns.IPv4Only())))
}
