package dns_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/dns"
)

// TestServersAreCopied: a change of the slice that Servers got changes nothing.
func TestServersAreCopied(t *testing.T) {
	t.Parallel()
	var asked []string
	servers := []string{"192.0.2.1:53"}
	source := dns.Hosts(host, 80, dns.IPv4Only(), dns.Attempts(1), dns.Servers(servers...),
		dns.Dial(func(_ context.Context, _, addr string) (net.Conn, error) {
			asked = append(asked, addr)
			return nil, net.ErrClosed
		}))
	servers[0] = "192.0.2.2:53"
	for _, err := range source.Watch(t.Context()) {
		require.ErrorIs(t, err, net.ErrClosed)
		break
	}
	require.Equal(t, []string{"192.0.2.1:53"}, asked)
}
