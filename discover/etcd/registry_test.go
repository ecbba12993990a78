package etcd_test

import (
	"encoding/json/v2"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/internal/registrytest"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// instances differ in all that there is.
func instances() []discover.Instance {
	return []discover.Instance{
		{Addr: "192.0.2.1:80", Weight: 2, Zone: "a", Meta: map[string]string{"version": "1"}},
		{Addr: "[2001:db8::1]:80", Weight: 3.5, Zone: "b", Priority: 1, Meta: map[string]string{"version": "2", "": "\""}},
		{Addr: "unix:/run/c.sock", Priority: -2},
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
		p := startServer(t)
		return discovertest.SourceKit{
			Source: newRegistry(t, p.Addr, "rooms"),
			Set: func(t *testing.T, set []discover.Instance) {
				t.Helper()
				hold(t, newClient(t, p.Addr), set)
			},
			Break:     func(*testing.T) { p.Kill() },
			Restore:   func(*testing.T) { p.Start() },
			Instances: instances(),
		}
	})
}

// hold makes etcd hold these instances and no others, as another program may write them.
func hold(t *testing.T, client *clientv3.Client, set []discover.Instance) {
	t.Helper()
	rest := fmt.Sprintf("/services/rooms/%d", len(set))
	ops := []clientv3.Op{clientv3.OpDelete(rest, clientv3.WithRange("/services/rooms/:"))} // a colon follows the digits
	for i, in := range set {
		text, err := json.Marshal(map[string]any{
			"address": in.Addr, "weight": in.Weight, "zone": in.Zone, "priority": in.Priority, "metadata": in.Meta, "since": 2026,
		})
		require.NoError(t, err)
		ops = append(ops, clientv3.OpPut(fmt.Sprintf("/services/rooms/%d", i), string(text)))
	}
	_, err := client.Txn(t.Context()).Then(ops...).Commit()
	require.NoError(t, err)
}

func TestRegistrar(t *testing.T) {
	t.Parallel()
	discovertest.Registrar(t, func(t *testing.T) discovertest.RegistrarKit {
		p := startServer(t)
		r := newRegistry(t, p.Addr, "rooms")
		return discovertest.RegistrarKit{
			Registrar: r, Source: r,
			Forget: func(t *testing.T) {
				t.Helper()
				_, err := newClient(t, p.Addr).Delete(t.Context(), "/services/", clientv3.WithPrefix())
				require.NoError(t, err)
			},
			Break:     func(*testing.T) { p.Kill() },
			Restore:   func(*testing.T) { p.Start() },
			Instances: instances(),
			Patience:  3 * lease,
		}
	})
}

// TestNewFaults has all faults at once, from both methods.
func TestNewFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		registry *etcd.Registry
		want     string
	}{
		"all": {
			etcd.New(nil, "/", etcd.TTL(0), nil, etcd.TTL(1500*time.Millisecond), etcd.TTL(2*time.Hour)),
			"etcd: option TTL: 0s is not a number of seconds from 1s to 1h\n" +
				"etcd: New: option 2 of 4 is nil\n" +
				"etcd: option TTL: 1.5s is not a number of seconds from 1s to 1h\n" +
				"etcd: option TTL: 2h0m0s is not a number of seconds from 1s to 1h\n" +
				"etcd: New: the prefix \"/\" names no service\n" +
				"etcd: New: the client is nil",
		},
		"a client without a connection": {
			etcd.New(clientv3.NewCtxClient(t.Context()), "rooms"),
			"etcd: New: the client has no connection; it must come from clientv3.New",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.registry.Register(t.Context(), discover.Instance{Addr: "a:1"}), tt.want)
			n := 0
			for set, err := range tt.registry.Watch(t.Context()) {
				require.EqualError(t, err, tt.want)
				require.Nil(t, set)
				n++
			}
			require.Equal(t, 1, n)
			require.NoError(t, tt.registry.Close())
		})
	}
}

// TestClosedClient has a client that the program closes too early: Watch and Register end
// with an error in place of trying for ever.
func TestClosedClient(t *testing.T) {
	t.Parallel()
	client := dial(t, clientv3.Config{Endpoints: []string{registrytest.Addr(t)}})
	require.NoError(t, client.Close())
	r := etcd.New(client, "rooms")
	require.EqualError(t, r.Register(t.Context(), discover.Instance{Addr: "a:1"}), "etcd: the client is closed")
	n := 0
	for _, err := range r.Watch(t.Context()) {
		require.EqualError(t, err, "etcd: the client is closed")
		n++
	}
	require.Equal(t, 1, n)
}
