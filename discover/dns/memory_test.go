package dns_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/dns"
)

// rotating answers each question for A records with the next 3 of n addresses.
func rotating(n int) func(asked) [][]byte {
	k := 0
	return func(a asked) [][]byte {
		var records []string
		for range 3 {
			records = append(records, fmt.Sprintf("%s 1 A 10.0.0.%d", host, k%n+1))
			k++
		}
		return [][]byte{a.reply(0, records...)}
	}
}

// TestRotatingSubset: a pool that keeps what answers no longer name dials each instance
// once. It sleeps in a bubble.
func TestRotatingSubset(t *testing.T) {
	t.Parallel()
	for want, opts := range map[int][]dns.Option{12: {dns.Keep(10 * time.Second)}, 90: nil} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: rotating(12)}
			dials := 0
			pool := discover.New(func(_ context.Context, addr string) (string, error) { dials++; return addr, nil }, discover.Dials(1))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			source := dns.Hosts(host, 80, w.overServer(append(opts, dns.IPv4Only())...)...)
			go func() { ended <- pool.Run(ctx, source) }()
			time.Sleep(29500 * time.Millisecond)
			cancel()
			require.NoError(t, <-ended)
			require.Equal(t, want, dials)
		})
	}
}

// TestKeep: for how long which instance is kept. It sleeps in a bubble.
func TestKeep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(srv, name+" 1 SRV 1 1 80 a.s.", name+" 1 SRV 1 1 80 b.s.")
		z.set("A a.s.", "a.s. 1 A 10.0.0.1")
		z.set("A b.s.", "b.s. 1 A 10.0.0.2")
		const a, b = "10.0.0.1:80 1/1 a.s.", "10.0.0.2:80 1/1 b.s."
		said := watch(t, dns.SRV(name, append(inMemory(t, z), dns.IPv4Only(), dns.Keep(3*time.Second))...))
		time.Sleep(500 * time.Millisecond)
		require.Equal(t, []string{a + ", " + b}, said())

		z.set(srv, name+" 1 SRV 2 7 80 a.s.") // b was named last at 0 s; the next answer is at 1 s
		const changed = "10.0.0.1:80 2/7 a.s."
		time.Sleep(4 * time.Second)
		require.Equal(t, []string{changed + ", " + b, changed + ", " + b, changed, changed}, said())

		z.fail(srv, mdns.RcodeServerFailure)
		time.Sleep(time.Second)
		require.Equal(t, []string{"dns: SRV " + name + ": SERVFAIL"}, said())

		z.set(srv, name+" 1 SRV 1 1 80 b.s.")
		time.Sleep(time.Second)
		require.Equal(t, []string{changed + ", " + b}, said())

		z.set(srv) // an empty answer is not a subset
		time.Sleep(time.Second)
		require.Equal(t, []string{""}, said())
		z.set(srv, name+" 1 SRV 1 1 80 a.s.")
		time.Sleep(30 * time.Second)
		for _, set := range said()[1:] {
			require.Equal(t, a, set)
		}
	})
}

// TestKeepIsBounded: a server that names others each time is remembered in part.
func TestKeepIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const each = 2500
		k := 0
		w := &wire{answer: func(a asked) [][]byte {
			var records []string
			for range each {
				k++
				records = append(records, fmt.Sprintf("%s 1 A 10.%d.%d.%d", host, k>>16, k>>8&0xff, k&0xff))
			}
			return [][]byte{pack(a.msg, 0, records, func(m *mdns.Msg) { m.Compress = true })}
		}}
		n := 0
		opts := w.overTCP(t, dns.IPv4Only(), dns.Keep(time.Hour))
		for set, err := range dns.Hosts(host, 80, opts...).Watch(t.Context()) {
			require.NoError(t, err)
			n++
			require.Len(t, set, min(n*each, 10_000))
			if n == 6 {
				kept := map[string]bool{}
				for _, in := range set {
					kept[in.Addr] = true
				}
				for i := 2*each + 1; i <= 6*each; i++ { // the latest
					require.True(t, kept[fmt.Sprintf("10.%d.%d.%d:80", i>>16, i>>8&0xff, i&0xff)], i)
				}
				break
			}
		}
	})
}
