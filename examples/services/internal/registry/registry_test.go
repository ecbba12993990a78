package registry_test

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/server"
)

func TestVar(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "etcd://a:2379", "etcd://a:2379,[::1]:2379/prefix", "consul://localhost:8500", "zk://a:2181", "zk://a:2181,b:2181/path",
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		reg := registry.Var(flags)
		require.NoError(t, flags.Parse([]string{"-registry", url}))
		require.Equal(t, url, reg.String())
		s := server.New("x")
		require.Len(t, reg.Register(s, "svc"), min(len(url), 1), url)
		require.NoError(t, s.Err())
	}
}

func TestVarFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		urls []string
		says string
	}{
		"no scheme":        {[]string{"localhost:2379"}, `"localhost:2379" begins with none of etcd://, consul:// and zk://`},
		"unknown scheme":   {[]string{"eureka://a:1"}, `"eureka://a:1" begins with none of `},
		"no port, etcd":    {[]string{"etcd://a"}, `"a" is not of the form host:port`},
		"no port, Consul":  {[]string{"consul://a"}, `"a" is not of the form host:port`},
		"a path of Consul": {[]string{"consul://a:1/b"}, "it must not have a path"},
		"no port, zk":      {[]string{"zk://a:1,b"}, `"b" is not of the form host:port`},
		"two":              {[]string{"zk://a:1", "etcd://a:1"}, "there is a registry already: zk://a:1"},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		registry.Var(flags)
		var args []string
		for _, url := range tt.urls {
			args = append(args, "-registry", url)
		}
		err := flags.Parse(args)
		require.ErrorContains(t, err, "for flag -registry: ", name)
		require.ErrorContains(t, err, tt.says, name)
	}
}
