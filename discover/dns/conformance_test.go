package dns_test

import (
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
