package consul_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestFaults names all that is wrong with a registry.
func TestFaults(t *testing.T) {
	t.Parallel()
	client := newClient(t, "127.0.0.1:1")
	for name, tt := range map[string]struct {
		registry *consul.Registry
		want     string
	}{
		"all": {
			consul.New(nil, "", nil, consul.TTL(time.Second), consul.Tags("a", ""), consul.Datacenter(""), consul.Stale(), consul.Consistent()),
			"consul: New: option 1 of 6 is nil\n" +
				"consul: option TTL: 1s is not between 2s and 1h0m0s\n" +
				"consul: option Tags: tag 2 of 2 is empty\n" +
				"consul: option Datacenter: the name is empty\n" +
				"consul: New: the options Stale and Consistent exclude each other\n" +
				"consul: New: the client is nil\n" +
				`consul: New: the service "" is not a name of letters, digits, dots and dashes`,
		},
		"long TTL": {consul.New(client, "rooms", consul.TTL(2*time.Hour)), "consul: option TTL: 2h0m0s is not between 2s and 1h0m0s"},
		"path":     {consul.New(client, "a/b"), `consul: New: the service "a/b" is not a name of letters, digits, dots and dashes`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for set, err := range tt.registry.Watch(t.Context()) {
				n++
				require.Nil(t, set)
				require.EqualError(t, err, tt.want)
			}
			require.Equal(t, 1, n)
			require.EqualError(t, tt.registry.Register(t.Context(), discover.Instance{Addr: "192.0.2.1:80"}), tt.want)
			require.NoError(t, tt.registry.Close())
		})
	}
}

// TestTagsAreCopied: a later change of the slice changes nothing.
func TestTagsAreCopied(t *testing.T) {
	t.Parallel()
	tags := []string{"v2"}
	option := consul.Tags(tags...)
	tags[0] = ""
	for _, err := range consul.New(newClient(t, "127.0.0.1:1"), "rooms", option).Watch(t.Context()) {
		require.NotContains(t, err.Error(), "option Tags")
		break
	}
}

// TestDatacenter asks in another datacenter.
func TestDatacenter(t *testing.T) {
	t.Parallel()
	wan := registrytest.Addr(t)
	here := startDev(t, "-datacenter=dc1", "-serf-wan-port="+port(wan))
	there := startDev(t, "-datacenter=dc2", "-serf-wan-port="+port(registrytest.Addr(t)), "-retry-join-wan="+wan)
	set(t, newClient(t, here.Addr), []discover.Instance{{Addr: "192.0.2.1:80"}})
	set(t, newClient(t, there.Addr), []discover.Instance{{Addr: "192.0.2.2:80"}})
	client := newClient(t, here.Addr)
	for opt, want := range map[string]string{"": "192.0.2.1:80", "dc1": "192.0.2.1:80", "dc2": "192.0.2.2:80"} {
		var opts []consul.Option
		if opt != "" {
			opts = append(opts, consul.Datacenter(opt))
		}
		eventually(t, consul.New(client, "rooms", opts...), func(set []discover.Instance) bool {
			return slices.Equal(addrs(set), []string{want})
		})
	}
	_, err := next(t, consul.New(client, "rooms", consul.Datacenter("dc3")), 20*time.Second)
	require.ErrorContains(t, err, "No path to datacenter")
}
