package dns_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
	"github.com/typedkit/endpoint/endpointtest"
)

// TestAnswersToOtherQuestions are not believed.
func TestAnswersToOtherQuestions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		question func(q []mdns.Question) []mdns.Question
		isAnswer bool
	}{
		{"the same", func(q []mdns.Question) []mdns.Question { return q }, true},
		{"in capitals", func(q []mdns.Question) []mdns.Question { q[0].Name = "USERS.INTERNAL."; return q }, true},
		{"none", func([]mdns.Question) []mdns.Question { return nil }, false},
		{"two", func(q []mdns.Question) []mdns.Question { return append(q, q...) }, false},
		{"another name", func(q []mdns.Question) []mdns.Question { q[0].Name = "others.internal."; return q }, false},
		{"another class", func(q []mdns.Question) []mdns.Question { q[0].Qclass = mdns.ClassCHAOS; return q }, false},
		{"another kind", func(q []mdns.Question) []mdns.Question { q[0].Qtype = mdns.TypeAAAA; return q }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := endpointtest.NewListener()
				serve(t, &mdns.Server{Listener: l, Handler: mdns.HandlerFunc(func(w mdns.ResponseWriter, m *mdns.Msg) {
					answer := new(mdns.Msg).SetReply(m)
					answer.Answer = parse([]string{host + " 60 A 10.0.0.1"})
					answer.Question = tt.question(answer.Question)
					_ = w.WriteMsg(answer)
				})})
				source := dns.Hosts(host, 80, dns.IPv4Only(), dns.Servers("192.0.2.1:53"), dns.Dial(l.Dial))
				for set, err := range source.Watch(t.Context()) {
					if tt.isAnswer {
						require.Equal(t, "10.0.0.1:80", text(set, err))
					} else {
						require.ErrorContains(t, err, "the answer is one to another question")
					}
					break
				}
			})
		})
	}
}

// TestAnswers: which records of an answer count.
func TestAnswers(t *testing.T) {
	t.Parallel()
	chain := func(n int) []string {
		records := []string{fmt.Sprintf("c%d.internal. 60 A 10.0.0.1", n)}
		for i := range n - 1 {
			records = append(records, fmt.Sprintf("c%d.internal. 60 CNAME c%d.internal.", i+1, i+2))
		}
		return append(records, host+" 60 CNAME c1.internal.")
	}
	const aliases = "dns: A users.internal.: the aliases are a loop, or more than 16"
	for _, tt := range []struct {
		name    string
		code    int
		records []string
		change  func(m *mdns.Msg)
		want    string
	}{
		{"in any order", 0, []string{"x.internal. 60 A 10.0.0.1", host + " 60 CNAME x.internal."}, nil, "10.0.0.1:80"},
		{"in any case", 0, []string{"X.INTERNAL. 60 A 10.0.0.1", "USERS.internal. 60 CNAME x.internal."}, nil, "10.0.0.1:80"},
		{"16 aliases", 0, chain(16), nil, "10.0.0.1:80"},
		{"17 aliases", 0, chain(17), nil, aliases},
		{"a loop", 0, []string{host + " 60 CNAME x.internal.", "x.internal. 60 CNAME " + host}, nil, aliases},
		{"an alias of itself", 0, []string{host + " 60 CNAME " + host}, nil, aliases},
		{"two aliases of one name", 0, []string{host + " 60 CNAME x.internal.", host + " 60 CNAME y.internal.", "x.internal. 60 A 10.0.0.1", "y.internal. 60 A 10.0.0.2"}, nil, "10.0.0.1:80"},
		{"an alias to nothing", 0, []string{host + " 60 CNAME x.internal."}, nil, ""},
		{"an alias to what does not exist", mdns.RcodeNameError, []string{host + " 60 CNAME x.internal."}, nil, "dns: A users.internal.: NXDOMAIN"},
		{"records of another name", 0, []string{"x.internal. 60 A 10.6.6.6", right}, nil, "10.0.0.1:80"},
		{"records of the alias itself", 0, []string{host + " 60 CNAME x.internal.", host + " 60 A 10.6.6.6"}, nil, ""},
		{"records of another kind", 0, []string{host + " 60 AAAA 2001:db8::1", host + " 60 TXT x", right}, nil, "10.0.0.1:80"},
		{"records of another class", 0, []string{host + " 60 CH A 10.6.6.6", host + " 60 CH CNAME x.internal.", right}, nil, "10.0.0.1:80"},
		{"records that do not exist", mdns.RcodeNameError, []string{right}, nil, "dns: A users.internal.: NXDOMAIN"},
		{"NS records of the one who knows", 0, nil, func(m *mdns.Msg) {
			m.Authoritative = true
			m.Ns = parse([]string{"internal. 60 NS ns.internal."})
		}, ""},
		{"NS records of one that asks others", 0, nil, func(m *mdns.Msg) {
			m.RecursionAvailable = true
			m.Ns = parse([]string{"internal. 60 NS ns.internal."})
		}, ""},
		{"NS records beside a denial", 0, nil, func(m *mdns.Msg) {
			m.Ns = parse([]string{"internal. 60 NS ns.internal.", "internal. 60 SOA ns. h. 1 2 3 4 60"})
		}, ""},
		{"NS records beside NXDOMAIN", mdns.RcodeNameError, nil, func(m *mdns.Msg) {
			m.Ns = parse([]string{"internal. 60 NS ns.internal."})
		}, "dns: A users.internal.: NXDOMAIN"},
		{"NS records beside an answer", 0, []string{right}, func(m *mdns.Msg) {
			m.Ns = parse([]string{"internal. 60 NS ns.internal."})
		}, "10.0.0.1:80"},
		{"a code in the OPT record", 0, []string{right}, func(m *mdns.Msg) {
			m.SetEdns0(1232, false)
			m.Extra = append(parse([]string{"x. 60 A 10.6.6.6"}), m.Extra...)
			m.Rcode = 23
		}, "dns: A users.internal.: RCODE 23"},
		{"an OPT record", 0, []string{right}, func(m *mdns.Msg) { m.SetEdns0(1232, false) }, "10.0.0.1:80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte { return [][]byte{pack(a.msg, tt.code, tt.records, tt.change)} }}
				set, took := timed(t, w.overServer()...)
				require.Equal(t, tt.want, set)
				require.Zero(t, took)
			})
		})
	}
}

// TestMalformedAnswers: what cannot be read whole is not read in part.
func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	raw := func(kind uint16, data string) func(m *mdns.Msg) {
		return func(m *mdns.Msg) {
			h := mdns.RR_Header{Name: host, Rrtype: kind, Class: mdns.ClassINET, Ttl: 60}
			m.Answer = append(m.Answer, &mdns.RFC3597{Hdr: h, Rdata: data})
		}
	}
	for _, tt := range []struct {
		name   string
		source func(opts ...dns.Option) discover.Source
		bytes  func(a asked) []byte
	}{
		{"a counted record is missing", hostsSource, func(a asked) []byte {
			data := a.reply(0, right)
			data[7]++
			return data
		}},
		{"a record is cut", hostsSource, func(a asked) []byte {
			data := a.reply(0, right, right)
			return data[:len(data)-1]
		}},
		{"an A record of 3 bytes", hostsSource, func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeA, "0a0000")) }},
		{"an A record of 5 bytes", hostsSource, func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeA, "0a00000101")) }},
		{
			"an AAAA record of 4 bytes", func(opts ...dns.Option) discover.Source { return dns.Hosts(host, 80, append(opts, dns.IPv6Only())...) },
			func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeAAAA, "0a000001")) },
		},
		{
			"an AAAA record of 17 bytes", func(opts ...dns.Option) discover.Source { return dns.Hosts(host, 80, append(opts, dns.IPv6Only())...) },
			func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeAAAA, strings.Repeat("0a", 17))) },
		},
		{
			"an SRV record of 3 bytes", func(opts ...dns.Option) discover.Source { return dns.SRV(host, opts...) },
			func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeSRV, "0a0000")) },
		},
		{"a CNAME record without a name", hostsSource, func(a asked) []byte { return pack(a.msg, 0, nil, raw(mdns.TypeCNAME, "")) }},
		{"an SOA record of one byte", hostsSource, func(a asked) []byte {
			return pack(a.msg, 0, nil, func(m *mdns.Msg) {
				m.Ns = []mdns.RR{&mdns.RFC3597{Hdr: mdns.RR_Header{Name: host, Rrtype: mdns.TypeSOA, Class: mdns.ClassINET}, Rdata: "00"}}
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte { return [][]byte{tt.bytes(a)} }}
				for set, err := range tt.source(w.overServer()...).Watch(t.Context()) {
					require.ErrorContains(t, err, "ignored a packet: ")
					require.NotContains(t, err.Error(), "another question")
					require.Nil(t, set)
					break
				}
			})
		})
	}
}

func hostsSource(opts ...dns.Option) discover.Source {
	return dns.Hosts(host, 80, append(opts, dns.IPv4Only())...)
}

// TestMappedAddresses: an IPv4 address in an AAAA record is that address.
func TestMappedAddresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			if a.key() == aaaa {
				return [][]byte{pack(a.msg, 0, nil, func(m *mdns.Msg) {
					m.Answer = []mdns.RR{&mdns.RFC3597{
						Hdr:   mdns.RR_Header{Name: host, Rrtype: mdns.TypeAAAA, Class: mdns.ClassINET, Ttl: 60},
						Rdata: "00000000000000000000ffff0a000001",
					}}
				})}
			}
			return [][]byte{a.reply(0, right, right)}
		}}
		require.Equal(t, "10.0.0.1:80", first(t, dns.Hosts(host, 80, w.overServer()...)))
	})
}

// TestLifetimes: after which time an answer is asked for again, without the bounds of
// TTL. It sleeps in a bubble.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	soa := func(ttl, minimum int) func(m *mdns.Msg) {
		return func(m *mdns.Msg) {
			m.Ns = parse([]string{
				"internal. 1 NS ns.internal.",
				fmt.Sprintf("internal. %d SOA ns.internal. hostmaster.internal. 1 2 3 4 %d", ttl, minimum),
			})
		}
	}
	for _, tt := range []struct {
		name    string
		records []string
		change  func(m *mdns.Msg)
		want    time.Duration
	}{
		{"0", []string{host + " 0 A 10.0.0.1"}, nil, time.Second},
		{"the first of a set", []string{host + " 30 A 10.0.0.1", host + " 20 A 10.0.0.2"}, nil, 20 * time.Second},
		{"an alias", []string{host + " 10 CNAME x.internal.", "x.internal. 20 A 10.0.0.1"}, nil, 10 * time.Second},
		{"the end of an alias", []string{host + " 20 CNAME x.internal.", "x.internal. 10 A 10.0.0.1"}, nil, 10 * time.Second},
		{"another name", []string{"x.internal. 1 A 10.0.0.1", "y.internal. 1 CNAME z.internal.", host + " 10 A 10.0.0.1"}, nil, 10 * time.Second},
		{"a denial beside an answer", []string{host + " 20 A 10.0.0.1"}, soa(1, 1), 20 * time.Second},
		{"a denial", nil, soa(10, 20), 10 * time.Second},
		{"a denial's minimum", nil, soa(20, 10), 10 * time.Second},
		{"a denial without a time", nil, nil, 30 * time.Second},
		{"the highest", []string{host + " 4294967295 A 10.0.0.1"}, nil, 5 * time.Minute},
		{"the highest with a sign", []string{host + " 2147483648 A 10.0.0.1"}, nil, 5 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte { return [][]byte{pack(a.msg, 0, tt.records, tt.change)} }}
				said := watch(t, dns.Hosts(host, 80, w.overServer(dns.IPv4Only())...))
				time.Sleep(tt.want - time.Millisecond)
				require.Len(t, said(), 1)
				time.Sleep(2 * time.Millisecond)
				require.Len(t, said(), 1)
			})
		})
	}
}
