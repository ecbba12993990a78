package zookeeper_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
)

// TestParse registers by a URL, and looks at the node.
func TestParse(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	for name, tt := range map[string]struct{ url, path string }{
		"no path":     {"zk://" + p.Addr, "/services/rooms"},
		"a path":      {"zk://" + p.Addr + "/a/b/", "/a/b/rooms"},
		"two servers": {"zk://" + p.Addr + "," + p.Addr + "/c", "/c/rooms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := zookeeper.Parse(tt.url, "rooms")
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- r.Register(ctx, discover.Instance{Addr: "192.0.2.1:80"}) }()
			for set, err := range r.Watch(t.Context()) {
				require.NoError(t, err)
				if len(set) == 1 {
					break
				}
			}
			require.Len(t, names(t, newClient(t, p.Addr), tt.path), 1)
			cancel()
			require.NoError(t, <-done)
		})
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ url, service, err string }{
		"scheme":      {"http://a:1", "rooms", `zookeeper: Parse("http://a:1"): it must begin with zk://`},
		"no host":     {"zk://", "rooms", `zookeeper: Parse("zk://"): "" is not of the form host:port`},
		"no port":     {"zk://a/p", "rooms", `zookeeper: Parse("zk://a/p"): "a" is not of the form host:port`},
		"second host": {"zk://a:1,b/p", "rooms", `zookeeper: Parse("zk://a:1,b/p"): "b" is not of the form host:port`},
		"query":       {"zk://a:1/p?q", "rooms", `zookeeper: Parse("zk://a:1/p?q"): it must not have a query or a fragment`},
		"credentials": {"zk://u:p@a:1", "rooms", `zookeeper: Parse("zk://xxxxx@a:1"): it must not have credentials; use Auth`},
		"service":     {"zk://a:1", "", `zookeeper: Parse: the service "" is not a name without slashes`},
		"slash":       {"zk://a:1", "a/b", `zookeeper: Parse: the service "a/b" is not a name without slashes`},
		"path":        {"zk://a:1/a//b", "rooms", `zookeeper: New: the path "/a//b/rooms" is not of the form /node/node`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := zookeeper.Parse(tt.url, tt.service)
			require.EqualError(t, err, tt.err)
		})
	}
	_, err := zookeeper.Parse("zk://a:1", "rooms", zookeeper.TTL(0))
	require.EqualError(t, err, "zookeeper: option TTL: 0s is not between 1s and 1h")
}
