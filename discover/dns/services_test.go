package dns_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/dns"
)

// TestSRVSameAddress: of two records of one address and port the lowest priority counts,
// with the weights of that priority, in whatever order they come.
func TestSRVSameAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		records []string
		want    string
	}{
		{
			"priorities",
			[]string{"0 10 80 a.s.", "5 90 80 b.s.", "0 10 80 c.s."},
			"10.0.0.1:80 0/10 a.s., 10.0.0.2:80 0/10 c.s.",
		},
		{"weights of one priority", []string{"1 10 80 a.s.", "1 30 80 b.s.", "2 50 80 a.s."}, "10.0.0.1:80 1/40 a.s."},
		{"weights of one target", []string{"1 10 80 a.s.", "1 30 80 a.s."}, "10.0.0.1:80 1/40 a.s."},
		{"one record twice", []string{"1 10 80 a.s.", "1 10 80 a.s.", "1 10 80 A.S."}, "10.0.0.1:80 1/10 a.s."},
		{"other ports", []string{"1 10 80 a.s.", "2 30 81 b.s."}, "10.0.0.1:80 1/10 a.s., 10.0.0.1:81 2/30 b.s."},
		{"a port 0", []string{"1 90 0 a.s.", "1 10 80 c.s.", "0 10 0 c.s."}, "10.0.0.2:80 1/10 c.s."},
		{"no port", []string{"1 10 0 a.s.", "0 0 0 ."}, "dns: SRV _http._tcp.users.internal.: the port of each record is 0"},
		{"no weights", []string{"1 0 80 a.s.", "1 0 80 c.s."}, "10.0.0.1:80 1/1 a.s., 10.0.0.2:80 1/1 c.s."},
		{"a weight of another priority", []string{"1 0 80 a.s.", "2 9 80 c.s."}, "10.0.0.1:80 1/1 a.s., 10.0.0.2:80 2/9 c.s."},
		{"no weight beside one", []string{"1 0 80 a.s.", "1 9 80 c.s."}, "10.0.0.1:80 1/0.01 a.s., 10.0.0.2:80 1/9 c.s."},
		{"an address twice", []string{"1 10 80 d.s.", "1 8 80 c.s."}, "10.0.0.2:80 1/8 c.s., 10.0.0.3:80 1/5 d.s., 10.0.0.4:80 1/5 d.s."},
		{"not available, beside others", []string{"0 0 0 .", "1 10 80 a.s."}, "10.0.0.1:80 1/10 a.s."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				synctest.Test(t, func(t *testing.T) {
					z := &zone{}
					var records []string
					for _, r := range tt.records {
						records = append(records, name+" 60 SRV "+r)
					}
					z.set(srv, records...)
					for target, addrs := range map[string][]string{"a": {"1"}, "b": {"1"}, "c": {"2"}, "d": {"3", "4", "3"}} {
						var records []string
						for _, addr := range addrs {
							records = append(records, target+".s. 60 A 10.0.0."+addr)
						}
						z.set("A "+target+".s.", records...)
					}
					require.Equal(t, tt.want, first(t, dns.SRV(name, append(inMemory(t, z), dns.IPv4Only())...)))
				})
				reverse(tt.records)
			}
		})
	}
}

func reverse(s []string) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// TestOddTargets: the bytes of a name are escaped so that they can be printed.
func TestOddTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := ""
		w := &wire{answer: func(a asked) [][]byte {
			if a.key() == srv {
				return [][]byte{a.reply(0, name+` 60 SRV 1 1 80 a\032\"\010\\\200.internal.`)}
			}
			got = a.msg.Question[0].Name
			return [][]byte{a.reply(0, got+" 60 A 10.0.0.1")}
		}}
		require.Equal(t, `10.0.0.1:80 1/1 a\032\034\010\092\200.internal.`, first(t, dns.SRV(name, w.overServer(dns.IPv4Only())...)))
		require.Equal(t, `a\ \"\010\\\200.internal.`, got)

		w.answer = func(a asked) [][]byte {
			if a.key() == srv {
				return [][]byte{a.reply(0, name+` 60 SRV 1 1 80 a\010.internal.`)}
			}
			return [][]byte{a.reply(mdns.RcodeNameError)}
		}
		require.Equal(t, `dns: A a\010.internal.: NXDOMAIN`, first(t, dns.SRV(name, w.overServer(dns.IPv4Only())...)))
	})
}

// servers returns n records of a service, each of a target of its own.
func servers(n int) []string {
	var records []string
	for i := range n {
		records = append(records, fmt.Sprintf("%s 60 SRV 1 1 80 t%d.", name, i))
	}
	return records
}

// addresses returns n records of a host.
func addresses(of string, n int) []string {
	var records []string
	for i := range n {
		records = append(records, fmt.Sprintf("%s 60 A 10.%d.%d.%d", of, i>>16, i>>8&0xff, i&0xff))
	}
	return records
}

// TestLimitsOfServices: an answer of 64 KiB makes neither many questions nor a set of
// millions.
func TestLimitsOfServices(t *testing.T) {
	t.Parallel()
	ports := func(n int) []string {
		var records []string
		for i := range n {
			records = append(records, fmt.Sprintf("%s 60 SRV 1 1 %d t.", name, 1+i))
		}
		return records
	}
	for _, tt := range []struct {
		name     string
		services []string
		each     int    // addresses of a target
		want     string // of the error
		size     int
		asked    int
	}{
		{"1024 targets", servers(1024), 1, "", 1, 1025},
		{"1025 targets", servers(1025), 1, "dns: the service has 1025 targets, want at most 1024", 0, 1},
		{"10000 instances", ports(2500), 4, "", 10000, 2},
		{"10004 instances", ports(2501), 4, "dns: SRV " + name + ": the service has more than 10000 instances", 0, 2},
		{"10000 addresses", servers(4), 2500, "", 2500, 5},
		{"10004 addresses", servers(4), 2501, "dns: the targets of the service have more than 10000 addresses", 0, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(a asked) [][]byte {
					if a.key() == srv {
						return [][]byte{pack(a.msg, 0, tt.services, func(m *mdns.Msg) { m.Compress = true })}
					}
					return [][]byte{pack(a.msg, 0, addresses(a.msg.Question[0].Name, tt.each), func(m *mdns.Msg) { m.Compress = true })}
				}}
				for set, err := range dns.SRV(name, w.overTCP(t, dns.IPv4Only())...).Watch(t.Context()) {
					if tt.want != "" {
						require.EqualError(t, err, tt.want)
					} else {
						require.NoError(t, err)
					}
					require.Len(t, set, tt.size)
					break
				}
				require.Len(t, w.questions(), tt.asked)
			})
		})
	}
}

// TestManyMissingTargets: the error about them is short.
func TestManyMissingTargets(t *testing.T) {
	t.Parallel()
	for n, lines := range map[int]int{8: 8, 9: 9, 500: 9} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: func(a asked) [][]byte {
				if a.key() == srv {
					return [][]byte{a.reply(0, servers(n)...)}
				}
				return [][]byte{a.reply(mdns.RcodeNameError)}
			}}
			said := first(t, dns.SRV(name, w.overTCP(t, dns.IPv4Only())...))
			require.Len(t, strings.Split(said, "\n"), lines)
			if n > 8 {
				require.True(t, strings.HasSuffix(said, fmt.Sprintf("\ndns: and %d more", n-8)), said)
			}
		})
	}
}

// TestFailureEndsTheRest: no target is asked for after one has failed.
func TestFailureEndsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			switch {
			case a.key() == srv:
				return [][]byte{a.reply(0, servers(500)...)}
			case a.n < 10:
				return nil
			}
			return [][]byte{a.reply(mdns.RcodeRefused)}
		}}
		began := time.Now()
		said := first(t, dns.SRV(name, w.overTCP(t, dns.IPv4Only())...))
		require.Contains(t, said, ": REFUSED")
		require.Zero(t, time.Since(began))
		require.LessOrEqual(t, len(w.questions()), 17)
	})
}
