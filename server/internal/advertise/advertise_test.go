package advertise_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/advertise"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	// A machine with routes has these source addresses; one without has none.
	dual := map[string]string{"udp4": "192.0.2.7:1", "udp6": "[2001:db8::7]:1"}
	only4 := map[string]string{"udp4": "192.0.2.7:1"}
	only6 := map[string]string{"udp6": "[2001:db8::7]:1"}
	for _, tt := range []struct {
		name, host, listener string
		routes               map[string]string
		want                 string
	}{
		{"the option", "a.example", "0.0.0.0:80", nil, "a.example:80"},
		{"the option before a single address", "a.example", "192.0.2.1:80", dual, "a.example:80"},
		{"the option with IPv4", "192.0.2.9", "[::]:80", dual, "192.0.2.9:80"},
		{"the option with IPv6", "2001:db8::9", "[::]:80", dual, "[2001:db8::9]:80"},
		{"the option with brackets", "[2001:db8::9]", "[::]:80", dual, "[2001:db8::9]:80"},
		{"a single address", "", "192.0.2.1:81", dual, "192.0.2.1:81"},
		{"a single address of IPv6", "", "[2001:db8::1]:81", dual, "[2001:db8::1]:81"},
		{"a loopback address", "", "127.0.0.1:81", dual, "127.0.0.1:81"},
		{"IPv4 in IPv6", "", "[::ffff:192.0.2.1]:81", dual, "192.0.2.1:81"},
		{"all addresses", "", "[::]:81", dual, "192.0.2.7:81"},
		{"all addresses of IPv4", "", "0.0.0.0:81", dual, "192.0.2.7:81"},
		{"all addresses, without IPv4", "", "[::]:81", only6, "[2001:db8::7]:81"},
		{"all addresses, without IPv6", "", "[::]:81", only4, "192.0.2.7:81"},
		{"no address", "", "", only4, "192.0.2.7:0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := advertise.Find(t.Context(), tt.host, tcp(tt.listener), routes(tt.routes))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestAddressFails(t *testing.T) {
	t.Parallel()
	only6 := map[string]string{"udp6": "[2001:db8::7]:1"}
	for _, tt := range []struct {
		name, host string
		listener   net.Addr
		routes     map[string]string
		want       []string
	}{
		{"a unix socket", "", &net.UnixAddr{Name: "/run/x", Net: "unix"}, nil, []string{"a listener on unix /run/x cannot be registered"}},
		{"a unix socket with the option", "a.example", &net.UnixAddr{Name: "/run/x", Net: "unix"}, nil, []string{"cannot be registered"}},
		{"the option with a port", "a.example:80", tcp("0.0.0.0:80"), nil, []string{`Advertise("a.example:80"): must be a host without a port`}},
		{"the option with a path", "a/b", tcp("0.0.0.0:80"), nil, []string{`Advertise("a/b"): must be a host`}},
		{"the option with all addresses", "0.0.0.0", tcp("0.0.0.0:80"), nil, []string{`Advertise("0.0.0.0"): not the address of a single host`}},
		{"the option with all addresses of IPv6", "[::]", tcp("0.0.0.0:80"), nil, []string{`Advertise("[::]"): not the address`}},
		{"an address of one network", "", tcp("[fe80::1%lo]:80"), nil, []string{"fe80::1%lo holds on one network only", "Advertise"}},
		{"no routes", "", tcp("[::]:80"), nil, []string{"name the host with Advertise", "no route to 192.0.2.1:9", "no route to [2001:db8::1]:9"}},
		{"no route of IPv4", "", tcp("0.0.0.0:80"), only6, []string{"no route to 192.0.2.1:9"}},
		{"a route to itself", "", tcp("0.0.0.0:80"), map[string]string{"udp4": "127.0.0.1:1"}, []string{"packets to 192.0.2.1:9 leave from 127.0.0.1, which other hosts cannot reach"}},
		{"a route to one network", "", tcp("[::]:80"), map[string]string{"udp6": "[fe80::1]:1"}, []string{"leave from fe80::1"}},
		{"another kind of address", "", tcp("0.0.0.0:80"), map[string]string{"udp4": "unix"}, []string{"is not one of UDP"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := advertise.Find(t.Context(), tt.host, tt.listener, routes(tt.routes))
			require.Empty(t, got)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestAddressHere asks this machine, which may have no route.
func TestAddressHere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	got, err := advertise.Address(t.Context(), "", l.Addr())
	if err != nil {
		require.ErrorContains(t, err, "Advertise")
	} else {
		addr, err := netip.ParseAddrPort(got)
		require.NoError(t, err)
		require.True(t, addr.Addr().IsGlobalUnicast(), got)
		require.True(t, strings.HasSuffix(l.Addr().String(), got[strings.LastIndexByte(got, ':'):]))
	}
	require.NoError(t, l.Close())
}

func tcp(addr string) net.Addr {
	if addr == "" {
		return &net.TCPAddr{}
	}
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))
}

// routes dials from the source address of each network.
func routes(sources map[string]string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(_ context.Context, network, addr string) (net.Conn, error) {
		source, ok := sources[network]
		if !ok {
			return nil, errors.New("no route to " + addr)
		}
		near, far := net.Pipe()
		_ = far.Close()
		if source == "unix" {
			return near, nil
		}
		return from{near, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(source))}, nil
	}
}

type from struct {
	net.Conn
	addr net.Addr
}

func (f from) LocalAddr() net.Addr { return f.addr }
