package addrlist_test

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/internal/addrlist"
)

func TestVar(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"": nil, ":8080": {":8080"}, "localhost:0,no.such.host:http": {"localhost:0", "no.such.host:http"},
		"a:1, [::1]:65535": {"a:1", "[::1]:65535"},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		got := addrlist.Var(flags, "to", "")
		require.NoError(t, flags.Parse([]string{"-to", "other:1", "-to", value}), value)
		require.Equal(t, want, *got, value)
	}
}

func TestVarFaults(t *testing.T) {
	t.Parallel()
	for value, addr := range map[string]string{
		"8080": "8080", "::1:80": "::1:80", "a:1,:99999": ":99999", "host:words": "host:words", ":-1": ":-1",
		"host:": "host:", "a:1,": "", ",a:1": "", "a:1,b": "b",
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		addrlist.Var(flags, "to", "")
		require.EqualError(t, flags.Parse([]string{"-to", value}), `invalid value "`+value+`" for flag -to: "`+addr+`" is not host:port`)
	}
}
