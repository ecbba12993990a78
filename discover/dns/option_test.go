package dns_test

import (
	"context"
	"net"
	"testing"
	"time"

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

// TestLimitsOfOptions: the least that each option takes.
func TestLimitsOfOptions(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	for _, err := range dns.Hosts(host, 1, dns.TTL(time.Millisecond, time.Millisecond), dns.Timeout(1), dns.Attempts(1),
		dns.Keep(1), dns.Servers("192.0.2.1:53"), dns.Dial(dial)).Watch(t.Context()) {
		require.ErrorIs(t, err, net.ErrClosed)
		break
	}
}
