package dns_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/discover/dns"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
		z := &zone{}
		return discovertest.SourceKit{
			Source: dns.Hosts(host, 80, overSockets(t, z), dns.TTL(10*time.Millisecond, 20*time.Millisecond)),
			Set: func(t *testing.T, set []discover.Instance) {
				t.Helper()
				var records []string
				for _, in := range set {
					ip, _, err := net.SplitHostPort(in.Addr)
					require.NoError(t, err)
					records = append(records, host+" 0 A "+ip)
				}
				z.set(a, records...)
			},
			Break:   func(*testing.T) { z.fail(aaaa, mdns.RcodeServerFailure) },
			Restore: func(*testing.T) { z.set(aaaa) },
		}
	})
}

// TestConformanceSRV has the records carry what they can: all but zones.
func TestConformanceSRV(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
		z := &zone{}
		var records []string
		broken := false
		answer := func() {
			if broken {
				z.fail(srv, mdns.RcodeServerFailure)
			} else {
				z.set(srv, records...)
			}
		}
		return discovertest.SourceKit{
			Source: dns.SRV(name, overSockets(t, z), dns.TTL(10*time.Millisecond, 20*time.Millisecond)),
			Set: func(t *testing.T, set []discover.Instance) {
				t.Helper()
				records = nil
				for _, in := range set {
					ip, port, err := net.SplitHostPort(in.Addr)
					require.NoError(t, err)
					target := in.Meta["target"]
					z.set("A "+target, target+" 0 A "+ip)
					records = append(records, fmt.Sprintf("%s 0 SRV %d %v %s %s", name, in.Priority, in.Weight, port, target))
				}
				answer()
			},
			Break:   func(*testing.T) { broken = true; answer() },
			Restore: func(*testing.T) { broken = false; answer() },
			Instances: []discover.Instance{
				{Addr: "192.0.2.1:8001", Weight: 10, Meta: map[string]string{"target": "a.internal."}},
				{Addr: "192.0.2.2:8002", Weight: 20, Priority: 1, Meta: map[string]string{"target": "b.internal."}},
				{Addr: "192.0.2.3:8003", Weight: 30, Priority: 2, Meta: map[string]string{"target": "c.internal."}},
			},
		}
	})
}
