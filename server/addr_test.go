package server_test

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

func TestAddrVar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		args  []string
		want  string
		fault string // of Parse
	}{
		{":8080", nil, ":8080", ""},
		{":8080", []string{"-http.addr", "localhost:0"}, "localhost:0", ""},
		{":8080", []string{"-http.addr=unix:/run/x"}, "unix:/run/x", ""},
		{":8080", []string{"-http.addr=systemd:web"}, "systemd:web", ""},
		{"", nil, "", ""},
		{"", []string{"-http.addr=:1"}, ":1", ""},
		{"", []string{"-http.addr=:1", "-http.addr="}, "", ""},
		{":8080", []string{"-http.addr="}, ":8080", `invalid value "" for flag -http.addr: address "": must be host:port, unix:PATH or systemd:NAME`},
		{":8080", []string{"-http.addr=8081"}, ":8080", `invalid value "8081" for flag -http.addr: address "8081": must be host:port, unix:PATH or systemd:NAME`},
		{"", []string{"-http.addr=:99999"}, "", `"99999" is not a port`},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		addr := server.AddrVar(flags, "http.addr", tt.value, "`address` of HTTP")
		require.Equal(t, tt.value, *addr)
		err := flags.Parse(tt.args)
		if tt.fault == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, tt.fault)
		}
		require.Equal(t, tt.want, *addr)
	}
}

func TestOptionalAddrVar(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{"-a=": "", "-a=:1": ":1", "-a=8081": "localhost:8080"} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		addr := server.OptionalAddrVar(flags, "a", "localhost:8080", "`address` of the admin page")
		require.Equal(t, "localhost:8080", *addr)
		require.Equal(t, arg == "-a=8081", flags.Parse([]string{arg}) != nil, arg)
		require.Equal(t, want, *addr, arg)
	}
}

func TestAddrVarUsage(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	flags := flag.NewFlagSet("x", flag.ContinueOnError)
	flags.SetOutput(&out)
	server.AddrVar(flags, "a", ":8080", "`address` of HTTP")
	server.AddrVar(flags, "b", "", "`address` of gRPC")
	err := flags.Parse([]string{"-h"})
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Equal(t, "Usage of x:\n  -a address\n    \taddress of HTTP (default :8080)\n  -b address\n    \taddress of gRPC\n", out.String())
}
