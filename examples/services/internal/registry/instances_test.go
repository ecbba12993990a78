package registry_test

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/server"
)

func TestInstances(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"": nil, ":8080": {":8080"}, "localhost:0,no.such.host:http": {"localhost:0", "no.such.host:http"},
		"a:1, [::1]:65535": {"[::1]:65535", "a:1"}, "registry": nil,
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		in, reg := registry.InstancesVar(flags, "to", "", ""), registry.Var(flags)
		require.NoError(t, flags.Parse([]string{"-to", "other:1", "-to", value}), value)
		require.Equal(t, want != nil, in.Known(reg), value)
		require.Equal(t, want, addrs(t, in.Source(reg, server.New("x"), "svc")), value)
	}
}

// addrs returns the addresses of a source that never changes.
func addrs(t *testing.T, source discover.Source) []string {
	t.Helper()
	if source == nil {
		return nil
	}
	var all []string
	for set, err := range source.Watch(t.Context()) {
		require.NoError(t, err)
		for _, in := range set {
			all = append(all, in.Addr)
		}
		break
	}
	return all
}

func TestInstancesInRegistry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value string
		args  []string
		known bool
		text  string
	}{
		"by default":          {"registry", []string{"-registry", "zk://a:1"}, true, "registry"},
		"by the flag":         {"", []string{"-registry", "zk://a:1", "-to", "registry"}, true, "registry"},
		"without a registry":  {"registry", nil, false, "registry"},
		"an address is named": {"registry", []string{"-registry", "zk://a:1", "-to", "b:1"}, true, "b:1"},
		"neither":             {"registry", []string{"-registry", "zk://a:1", "-to", ""}, false, ""},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		in, reg := registry.InstancesVar(flags, "to", tt.value, ""), registry.Var(flags)
		require.NoError(t, flags.Parse(tt.args), name)
		require.Equal(t, tt.known, in.Known(reg), name)
		require.Equal(t, tt.text, in.String(), name)
		require.Equal(t, tt.known, in.Source(reg, server.New("x"), "svc") != nil, name)
	}
}

func TestInstancesFaults(t *testing.T) {
	t.Parallel()
	for value, addr := range map[string]string{
		"8080": "8080", "::1:80": "::1:80", "a:1,:99999": ":99999", "host:words": "host:words", ":-1": ":-1",
		"host:": "host:", "a:1,": "", ",a:1": "", "a:1,b": "b", "a:1,registry": "registry",
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		registry.InstancesVar(flags, "to", "", "")
		require.EqualError(t, flags.Parse([]string{"-to", value}), `invalid value "`+value+`" for flag -to: "`+addr+`" is not host:port`)
	}
}
