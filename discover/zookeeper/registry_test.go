package zookeeper_test

import (
	"encoding/json/v2"
	"fmt"
	"testing"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/discover/zookeeper"
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
		client := newClient(t, p.Addr)
		return discovertest.SourceKit{
			Source: newRegistry(t, p.Addr, "rooms"),
			Set: func(t *testing.T, set []discover.Instance) {
				t.Helper()
				hold(t, client, set)
			},
			Break:     func(*testing.T) { p.Kill() },
			Restore:   func(*testing.T) { p.Start() },
			Instances: instances(),
		}
	})
}

// hold makes ZooKeeper hold these instances and no others, as another program may write them.
func hold(t *testing.T, client *zk.Conn, set []discover.Instance) {
	t.Helper()
	const parent = "/services/rooms"
	put(t, client, parent, "")
	var ops []any
	for _, name := range names(t, client, parent) {
		ops = append(ops, &zk.DeleteRequest{Path: parent + "/" + name, Version: -1})
	}
	for i, in := range set {
		text, err := json.Marshal(map[string]any{
			"address": in.Addr, "weight": in.Weight, "zone": in.Zone, "priority": in.Priority, "metadata": in.Meta, "since": 2026,
		})
		require.NoError(t, err)
		ops = append(ops, &zk.CreateRequest{Path: fmt.Sprintf("%s/%d", parent, i), Data: text, Acl: zk.WorldACL(zk.PermAll)})
	}
	if len(ops) > 0 {
		_, err := client.Multi(ops...)
		require.NoError(t, err)
	}
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
				clearChildren(t, newClient(t, p.Addr), "/services/rooms")
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
		registry *zookeeper.Registry
		want     string
	}{
		"all": {
			zookeeper.New(nil, "/", zookeeper.TTL(0), nil, zookeeper.ACL(nil), zookeeper.Auth("", nil), zookeeper.Dial(nil)),
			"zookeeper: option TTL: 0s is not between 1s and 1h\n" +
				"zookeeper: New: option 2 of 5 is nil\n" +
				"zookeeper: option ACL: the list is empty\n" +
				"zookeeper: option Auth: the scheme is empty\n" +
				"zookeeper: option Dial: the func is nil\n" +
				"zookeeper: New: there are no servers\n" +
				"zookeeper: New: the path \"/\" is not of the form /node/node",
		},
		"servers": {
			zookeeper.New([]string{"a:1", "b", ":1"}, "/services"),
			"zookeeper: New: the server \"b\" is not of the form host:port\n" +
				"zookeeper: New: the server \":1\" is not of the form host:port",
		},
		"a path without a slash": {zookeeper.New([]string{"a:1"}, "rooms"), "zookeeper: New: the path \"rooms\" is not of the form /node/node"},
		"an empty node":          {zookeeper.New([]string{"a:1"}, "/a//b"), "zookeeper: New: the path \"/a//b\" is not of the form /node/node"},
		"a relative path":        {zookeeper.New([]string{"a:1"}, "/a/../b"), "zookeeper: New: the path \"/a/../b\" is not of the form /node/node"},
		"a control character":    {zookeeper.New([]string{"a:1"}, "/a\n"), "zookeeper: New: the path \"/a\\n\" is not of the form /node/node"},
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
		})
	}
}
