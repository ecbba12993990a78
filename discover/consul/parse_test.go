package consul_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
)

func TestParse(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	registry, err := consul.Parse("consul://"+p.Addr, "rooms")
	require.NoError(t, err)
	stop := register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	eventually(t, registry, func(set []discover.Instance) bool { return len(set) == 1 })
	stop()
	eventually(t, registry, func(set []discover.Instance) bool { return len(set) == 0 })
	require.NoError(t, registry.Close())
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                       `consul: Parse(""): it must begin with consul://`,
		"127.0.0.1:8500":         `consul: Parse("127.0.0.1:8500"): first path segment in URL cannot contain colon`,
		"etcd://127.0.0.1:8500":  `consul: Parse("etcd://127.0.0.1:8500"): it must begin with consul://`,
		"consul:127.0.0.1:8500":  `consul: Parse("consul:127.0.0.1:8500"): it must begin with consul://`,
		"consul://":              `consul: Parse("consul://"): "" is not of the form host:port`,
		"consul://127.0.0.1":     `consul: Parse("consul://127.0.0.1"): "127.0.0.1" is not of the form host:port`,
		"consul://:8500":         `consul: Parse("consul://:8500"): ":8500" is not of the form host:port`,
		"consul://a:8500/dc1":    `consul: Parse("consul://a:8500/dc1"): it must not have a path, a query or a fragment`,
		"consul://a:8500?stale":  `consul: Parse("consul://a:8500?stale"): it must not have a path, a query or a fragment`,
		"consul://me:key@a:8500": `consul: Parse("consul://***@a:8500"): it must not have credentials; set CONSUL_HTTP_TOKEN, or use New`,
		"consul://me:key@a:b":    `consul: Parse("consul://***@a:b"): invalid port ":b" after host`,
		"consul://a:8500,b:8500": `consul: Parse("consul://a:8500,b:8500"): "a:8500,b:8500" is not of the form host:port`,
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			_, err := consul.Parse(url, "rooms")
			require.EqualError(t, err, want)
		})
	}
	for _, url := range []string{"consul://localhost:8500", "consul://[::1]:8500/"} {
		registry, err := consul.Parse(url, "rooms")
		require.NoError(t, err)
		require.NoError(t, registry.Close())
		_, err = consul.Parse(url, "", nil)
		require.EqualError(t, err, "consul: New: option 1 of 1 is nil\n"+`consul: New: the service "" is not a name of letters, digits, dots and dashes`)
	}
}
