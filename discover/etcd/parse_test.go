package etcd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// TestParse registers by a URL, and looks at the key.
func TestParse(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	for name, tt := range map[string]struct{ url, prefix string }{
		"no prefix":   {"etcd://" + p.Addr, "/services/rooms/"},
		"a prefix":    {"etcd://" + p.Addr + "/a/b/", "/a/b/rooms/"},
		"two members": {"etcd://" + p.Addr + "," + p.Addr + "/c", "/c/rooms/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := etcd.Parse(tt.url, "rooms")
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Close()) }()
			done := make(chan error, 1)
			ctx, cancel := withCancel(t)
			go func() { done <- r.Register(ctx, discover.Instance{Addr: "192.0.2.1:80"}) }()
			for set, err := range r.Watch(t.Context()) {
				require.NoError(t, err)
				if len(set) == 1 {
					break
				}
			}
			resp, err := newClient(t, p.Addr).Get(t.Context(), tt.prefix+"192.0.2.1:80/", clientv3.WithPrefix())
			require.NoError(t, err)
			require.EqualValues(t, 1, resp.Count)
			cancel()
			require.NoError(t, <-done)
		})
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ url, service, err string }{
		"scheme":      {"http://a:1", "rooms", `etcd: Parse("http://a:1"): it must begin with etcd://`},
		"no host":     {"etcd://", "rooms", `etcd: Parse("etcd://"): "" is not of the form host:port`},
		"no port":     {"etcd://a/p", "rooms", `etcd: Parse("etcd://a/p"): "a" is not of the form host:port`},
		"second host": {"etcd://a:1,b/p", "rooms", `etcd: Parse("etcd://a:1,b/p"): "b" is not of the form host:port`},
		"query":       {"etcd://a:1/p?q", "rooms", `etcd: Parse("etcd://a:1/p?q"): it must not have a query or a fragment`},
		"credentials": {"etcd://u:p@a:1", "rooms", `etcd: Parse("etcd://xxxxx@a:1"): it must not have credentials; use New`},
		"service":     {"etcd://a:1", "", `etcd: Parse: the service "" is not a name without slashes`},
		"slash":       {"etcd://a:1", "a/b", `etcd: Parse: the service "a/b" is not a name without slashes`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := etcd.Parse(tt.url, tt.service)
			require.EqualError(t, err, tt.err)
		})
	}
	_, err := etcd.Parse("etcd://a:1", "rooms", etcd.TTL(0))
	require.EqualError(t, err, "etcd: option TTL: 0s is not a number of seconds from 1s to 1h")
}
