package dns_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

// searched answers from a table by "TYPE name": records, or the name of a code. What is
// not there does not exist.
func searched(table map[string]string) func(asked) [][]byte {
	return func(a asked) [][]byte {
		text, ok := table[a.key()]
		code, isCode := mdns.StringToRcode[text]
		switch {
		case !ok:
			return [][]byte{a.reply(mdns.RcodeNameError)}
		case isCode:
			return [][]byte{a.reply(code)}
		case text == "":
			return a.nodata()
		}
		return [][]byte{a.reply(mdns.RcodeSuccess, a.msg.Question[0].Name+" 60 "+text)}
	}
}

// TestSearch: a set is that of the first name of the search list that has something.
func TestSearch(t *testing.T) {
	t.Parallel()
	const two = "nameserver 192.0.2.1\nsearch a.test b.test\n"
	hosts := func(name string) func(opts ...dns.Option) discover.Source {
		return func(opts ...dns.Option) discover.Source { return dns.Hosts(name, 80, opts...) }
	}
	long := strings.Repeat("a2345678.", 26) + "test"
	for _, tt := range []struct {
		name   string
		file   string
		source func(opts ...dns.Option) discover.Source
		table  map[string]string
		want   string
		names  []string // each once
	}{
		{"one name for both kinds", two, hosts("db"), map[string]string{
			"A db.a.test.": "A 192.0.2.1", "AAAA db.b.test.": "AAAA 2001:db8::2",
		}, "192.0.2.1:80", []string{"db.a.test."}},
		{"AAAA alone is a set", two, hosts("db"), map[string]string{
			"AAAA db.a.test.": "AAAA 2001:db8::2", "A db.b.test.": "A 192.0.2.1",
		}, "[2001:db8::2]:80", []string{"db.a.test."}},
		{"after a name without data", two, hosts("web"), map[string]string{
			"A web.a.test.": "", "AAAA web.a.test.": "", "A web.b.test.": "A 192.0.2.9", "AAAA web.b.test.": "",
		}, "192.0.2.9:80", []string{"web.a.test.", "web.b.test."}},
		{
			"none exists", two, hosts("web"), nil,
			"dns: A web.: NXDOMAIN\ndns: AAAA web.: NXDOMAIN",
			[]string{"web.a.test.", "web.b.test.", "web."},
		},
		{
			"one exists without data", two, hosts("web"),
			map[string]string{"A web.a.test.": "", "AAAA web.a.test.": ""},
			"",
			[]string{"web.a.test.", "web.b.test.", "web."},
		},
		{"no AAAA known, and no data", two, hosts("web"), map[string]string{
			"A web.a.test.": "", "AAAA web.a.test.": "NOTIMP", "A web.b.test.": "A 192.0.2.9", "AAAA web.b.test.": "NOTIMP",
		}, "192.0.2.9:80", []string{"web.a.test.", "web.b.test."}},
		{"no AAAA known, and no data at all", two, hosts("web"), map[string]string{
			"A web.a.test.": "", "AAAA web.a.test.": "NOTIMP", "A web.b.test.": "", "AAAA web.b.test.": "",
		}, "dns: AAAA web.a.test.: NOTIMP", []string{"web.a.test.", "web.b.test.", "web."}},
		{"after a failure", two, hosts("web"), map[string]string{
			"A web.a.test.": "SERVFAIL", "AAAA web.a.test.": "SERVFAIL", "A web.b.test.": "A 192.0.2.9",
		}, "192.0.2.9:80", []string{"web.a.test.", "web.b.test."}},
		{"a failure of one kind voids the other", two, hosts("web"), map[string]string{
			"A web.a.test.": "SERVFAIL", "AAAA web.a.test.": "AAAA 2001:db8::2", "A web.b.test.": "A 192.0.2.9",
		}, "192.0.2.9:80", []string{"web.a.test.", "web.b.test."}},
		{"a failure, and nothing else", two, hosts("web"), map[string]string{
			"A web.a.test.": "SERVFAIL", "A web.b.test.": "", "AAAA web.b.test.": "", "A web.": "REFUSED",
		}, "dns: A web.a.test.: SERVFAIL\ndns: AAAA web.a.test.: NXDOMAIN", []string{"web.a.test.", "web.b.test.", "web."}},
		{
			"a dot at the end", two, hosts("web."), nil,
			"dns: A web.: NXDOMAIN\ndns: AAAA web.: NXDOMAIN",
			[]string{"web."},
		},
		{
			"enough dots", two, hosts("web.x"),
			map[string]string{"A web.x.b.test.": "A 192.0.2.9"},
			"192.0.2.9:80",
			[]string{"web.x.", "web.x.a.test.", "web.x.b.test."},
		},
		{
			"too few dots", two + "options ndots:2", hosts("web.x"),
			map[string]string{"A web.x.": "A 192.0.2.9"},
			"192.0.2.9:80",
			[]string{"web.x.a.test.", "web.x.b.test.", "web.x."},
		},
		{
			"no dots", two + "options ndots:0", hosts("web"),
			map[string]string{"A web.": "A 192.0.2.9"},
			"192.0.2.9:80",
			[]string{"web."},
		},
		{"15 dots at most", two + "options ndots:99", hosts("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16"), map[string]string{
			"A 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.": "A 192.0.2.9",
		}, "192.0.2.9:80", []string{"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16."}},
		{
			"domain", "nameserver 192.0.2.1\nsearch a.test\ndomain b.test c.test", hosts("web"), nil,
			"dns: A web.: NXDOMAIN\ndns: AAAA web.: NXDOMAIN",
			[]string{"web.b.test.", "web."},
		},
		{
			"the last search", "nameserver 192.0.2.1\ndomain a.test\nsearch b.test. . c..test", hosts("web"), nil,
			"dns: A web.: NXDOMAIN\ndns: AAAA web.: NXDOMAIN",
			[]string{"web.b.test.", "web."},
		},
		{
			"a name that would be too long", "nameserver 192.0.2.1\nsearch " + long, hosts(strings.Repeat("b", 20)), nil,
			"dns: A bbbbbbbbbbbbbbbbbbbb.: NXDOMAIN\ndns: AAAA bbbbbbbbbbbbbbbbbbbb.: NXDOMAIN",
			[]string{"bbbbbbbbbbbbbbbbbbbb."},
		},
		{"services", two, func(opts ...dns.Option) discover.Source { return dns.SRV("_x._tcp", opts...) }, map[string]string{
			"SRV _x._tcp.a.test.": "", "SRV _x._tcp.b.test.": "SRV 0 1 80 t.test.", "A t.test.": "A 192.0.2.9",
		}, "192.0.2.9:80 0/1 t.test.", []string{"_x._tcp.", "_x._tcp.a.test.", "_x._tcp.b.test.", "t.test."}},
		{
			"no services", two, func(opts ...dns.Option) discover.Source { return dns.SRV("_x._tcp", opts...) }, nil,
			"dns: SRV _x._tcp.b.test.: NXDOMAIN",
			[]string{"_x._tcp.", "_x._tcp.a.test.", "_x._tcp.b.test."},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := resolvConf(t, tt.file)
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: searched(tt.table)}
				require.Equal(t, tt.want, first(t, tt.source(w.options(file)...)))
				var names []string
				seen := map[string]bool{}
				for _, a := range w.questions() {
					if n := a.msg.Question[0].Name; !seen[n] {
						seen[n] = true
						names = append(names, n)
					}
				}
				require.Equal(t, tt.names, names)
			})
		})
	}
}

// TestLocalDomain: a file without a search list has that of the machine's name.
func TestLocalDomain(t *testing.T) {
	t.Parallel()
	machine, err := os.Hostname()
	require.NoError(t, err)
	want := []string{"A web."}
	if _, domain, ok := strings.Cut(machine, "."); ok {
		want = []string{"A web." + domain + ".", "A web."}
	}
	file := resolvConf(t, "nameserver 192.0.2.1")
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: asked.nodata}
		require.Empty(t, first(t, dns.Hosts("web", 80, w.options(file, dns.IPv4Only())...)))
		require.Equal(t, want, w.keys())
	})
}

// TestSearchStays: the failure of the name that had the set leaves the set as it is, that
// of another name does not matter. It sleeps in a bubble.
func TestSearchStays(t *testing.T) {
	t.Parallel()
	file := resolvConf(t, "nameserver 192.0.2.1\nsearch a.test b.test\noptions attempts:1")
	const inA, inB, outage = "192.0.2.1:80", "192.0.2.9:80", "dns: A web.a.test.: SERVFAIL"
	synctest.Test(t, func(t *testing.T) {
		table := map[string]string{"A web.a.test.": "A 192.0.2.1", "A web.b.test.": "A 192.0.2.9"}
		var mu sync.Mutex
		set := func(key, value string) { mu.Lock(); defer mu.Unlock(); table[key] = value }
		w := &wire{answer: func(a asked) [][]byte { mu.Lock(); defer mu.Unlock(); return searched(table)(a) }}
		said := watch(t, dns.Hosts("web", 80, w.options(file, dns.IPv4Only(), dns.TTL(time.Second, time.Second))...))
		next := func() string {
			time.Sleep(40 * time.Second)
			all := said()
			return all[len(all)-1]
		}
		require.Equal(t, inA, next())
		set("A web.a.test.", "SERVFAIL")
		require.Equal(t, outage, next(), "the set came from there")
		set("A web.a.test.", "")
		require.Equal(t, inB, next(), "it is gone")
		set("A web.a.test.", "SERVFAIL")
		require.Equal(t, inB, next(), "the set came from elsewhere")
		set("A web.b.test.", "")
		require.Equal(t, outage, next())
		set("A web.b.test.", "REFUSED")
		require.Equal(t, "dns: A web.b.test.: REFUSED", next(), "the set came from there")
		set("A web.a.test.", "A 192.0.2.1")
		require.Equal(t, inA, next())
	})
	synctest.Test(t, func(t *testing.T) { // and of services
		table := map[string]string{
			"SRV x.a.test.": "SRV 0 1 80 t.test.", "SRV x.b.test.": "SRV 0 1 80 u.test.",
			"A t.test.": "A 192.0.2.1", "A u.test.": "A 192.0.2.9",
		}
		var mu sync.Mutex
		w := &wire{answer: func(a asked) [][]byte { mu.Lock(); defer mu.Unlock(); return searched(table)(a) }}
		said := watch(t, dns.SRV("x", w.options(file, dns.IPv4Only(), dns.TTL(time.Second, time.Second))...))
		time.Sleep(time.Second)
		mu.Lock()
		table["SRV x.a.test."] = "SERVFAIL"
		mu.Unlock()
		time.Sleep(40 * time.Second)
		all := said()
		require.Equal(t, "192.0.2.1:80 0/1 t.test.", all[0])
		require.Equal(t, "dns: SRV x.a.test.: SERVFAIL", all[len(all)-1])
	})
}

// TestSearchExpires: the answer that an earlier name has nothing also expires. It sleeps
// in a bubble.
func TestSearchExpires(t *testing.T) {
	t.Parallel()
	file := resolvConf(t, "nameserver 192.0.2.1\nsearch a.test b.test")
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte {
			if a.key() == "A web.b.test." {
				return [][]byte{a.reply(0, "web.b.test. 60 A 192.0.2.9")}
			}
			return [][]byte{pack(a.msg, mdns.RcodeNameError, nil, func(m *mdns.Msg) {
				m.Ns = parse([]string{"test. 10 SOA ns.test. hostmaster.test. 1 7200 3600 1209600 3600"})
			})}
		}}
		said := watch(t, dns.Hosts("web", 80, w.options(file, dns.IPv4Only())...))
		time.Sleep(11 * time.Second)
		require.Equal(t, []string{"192.0.2.9:80", "192.0.2.9:80"}, said())
	})
}

// dialled returns which servers a source dials for its first lookups when none answers.
func dialled(t *testing.T, lookups int, opts ...dns.Option) (where []string, last error) {
	t.Helper()
	var mu sync.Mutex
	source := dns.Hosts("web.", 80, append(opts, dns.Dial(func(_ context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		where = append(where, network+" "+addr)
		return nil, net.ErrClosed
	}))...)
	for _, err := range source.Watch(t.Context()) {
		if lookups--; lookups == 0 {
			return where, err
		}
	}
	return where, nil
}

// TestResolvConf: which servers are asked, in which order, how often.
func TestResolvConf(t *testing.T) {
	t.Parallel()
	const one = "nameserver 192.0.2.1\n"
	times := func(n int, where ...string) string { return strings.Repeat(strings.Join(where, ", ")+", ", n) }
	for _, tt := range []struct {
		name string
		file string
		want string
		opts []dns.Option
	}{
		{"two attempts", one, times(2, "udp 192.0.2.1:53"), nil},
		{"no server", "search a.test", times(2, "udp 127.0.0.1:53"), nil},
		{"nothing", "", times(2, "udp 127.0.0.1:53"), nil},
		{
			"all servers, then all again", one + "nameserver 2001:db8::1\nnameserver fe80::1%eth0",
			times(2, "udp 192.0.2.1:53", "udp [2001:db8::1]:53", "udp [fe80::1%eth0]:53"), nil,
		},
		{
			"three servers at most", one + "nameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
			times(2, "udp 192.0.2.1:53", "udp 192.0.2.2:53", "udp 192.0.2.3:53"), nil,
		},
		{
			"comments, and what is not known", "# nameserver 192.0.2.7\n;nameserver 192.0.2.8\nnameserver\nnameserver ns.test\nsortlist x\n\noptions debug\n  nameserver\t192.0.2.1  # x",
			times(2, "udp 192.0.2.1:53"), nil,
		},
		{"one attempt", one + "options attempts:1", times(1, "udp 192.0.2.1:53"), nil},
		{"no attempts", one + "options attempts:0", times(1, "udp 192.0.2.1:53"), nil},
		{"three attempts beside others", one + "options debug attempts:3 timeout:1", times(3, "udp 192.0.2.1:53"), nil},
		{"five attempts at most", one + "options attempts:99", times(5, "udp 192.0.2.1:53"), nil},
		{"attempts without a number", one + "options attempts:x", times(1, "udp 192.0.2.1:53"), nil},
		{"the option counts", one + "options attempts:3", times(4, "udp 192.0.2.1:53"), []dns.Option{dns.Attempts(4)}},
		{"TCP", one + "options use-vc", times(2, "tcp 192.0.2.1:53"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			where, err := dialled(t, 1, append(tt.opts, resolvConf(t, tt.file), dns.IPv4Only())...)
			require.ErrorIs(t, err, net.ErrClosed)
			require.Equal(t, tt.want, strings.Join(where, ", ")+", ")
		})
	}
	t.Run("no file", func(t *testing.T) {
		t.Parallel()
		where, _ := dialled(t, 1, dns.ResolvConf(filepath.Join(t.TempDir(), "none")), dns.IPv4Only())
		require.Equal(t, []string{"udp 127.0.0.1:53", "udp 127.0.0.1:53"}, where)
	})
	t.Run("unreadable", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		where, err := dialled(t, 1, dns.ResolvConf(dir))
		require.ErrorContains(t, err, "dns: "+dir+": ")
		require.Empty(t, where)
		file := filepath.Join(dir, "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		_, err = dialled(t, 1, dns.ResolvConf(filepath.Join(file, "none")))
		require.ErrorContains(t, err, "dns: open "+file)
	})
	t.Run("a line too long", func(t *testing.T) {
		t.Parallel()
		where, err := dialled(t, 1, resolvConf(t, strings.Repeat("x", 1<<20)))
		require.ErrorContains(t, err, "too long")
		require.Empty(t, where)
	})
	t.Run("read for each lookup", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			where, _ := dialled(t, 2, resolvConf(t, one+"options attempts:1"), dns.IPv4Only())
			require.Equal(t, []string{"udp 192.0.2.1:53", "udp 192.0.2.1:53"}, where)
		})
	})
}

// TestRotate: each question starts with the next server.
func TestRotate(t *testing.T) {
	t.Parallel()
	file := resolvConf(t, "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\noptions rotate attempts:1")
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(a asked) [][]byte { return [][]byte{a.reply(0, "web. 1 A 192.0.2.9")} }}
		said := watch(t, dns.Hosts("web.", 80, w.options(file, dns.IPv4Only())...))
		time.Sleep(6500 * time.Millisecond)
		require.Len(t, said(), 7)
		var servers []string
		for _, a := range w.questions() {
			servers = append(servers, a.server)
		}
		want := []string{"192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"}
		require.Equal(t, append(append(want, want...), want[0]), servers)
	})
	synctest.Test(t, func(t *testing.T) {
		where, _ := dialled(t, 2, file, dns.IPv4Only())
		require.Equal(t, []string{
			"udp 192.0.2.1:53", "udp 192.0.2.2:53", "udp 192.0.2.3:53",
			"udp 192.0.2.2:53", "udp 192.0.2.3:53", "udp 192.0.2.1:53",
		}, where)
	})
}

// TestNoAAAA: the option counts unless only AAAA records are asked for.
func TestNoAAAA(t *testing.T) {
	t.Parallel()
	file := resolvConf(t, "nameserver 192.0.2.1\noptions no-aaaa")
	for want, opts := range map[string][]dns.Option{"A web.": nil, "AAAA web.": {dns.IPv6Only()}} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: asked.nodata}
			require.Empty(t, first(t, dns.Hosts("web.", 80, w.options(append(opts, file)...)...)))
			require.Equal(t, []string{want}, w.keys())
		})
	}
}

// TestTimeouts: how long a server that is silent delays an answer.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		options    string
		opts       []dns.Option
		each, want time.Duration
	}{
		{"", nil, 2 * time.Second, 4 * time.Second},
		{"timeout:3", nil, 3 * time.Second, 6 * time.Second},
		{"timeout:0", nil, time.Second, 2 * time.Second},
		{"timeout:99 attempts:1", nil, 30 * time.Second, 30 * time.Second},
		{"timeout:3", []dns.Option{dns.Timeout(time.Second)}, time.Second, 2 * time.Second},
	} {
		t.Run(fmt.Sprint(tt.options, len(tt.opts)), func(t *testing.T) {
			t.Parallel()
			file := resolvConf(t, "nameserver 192.0.2.1\noptions "+tt.options)
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(asked) [][]byte { return nil }}
				began := time.Now()
				require.Equal(t, fmt.Sprintf("dns: A web.: 192.0.2.1:53: no answer in %v: context deadline exceeded", tt.each),
					first(t, dns.Hosts("web.", 80, w.options(append(tt.opts, file, dns.IPv4Only())...)...)))
				require.Equal(t, tt.want, time.Since(began))
			})
		})
	}
}
