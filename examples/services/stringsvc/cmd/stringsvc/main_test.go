package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestArguments(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	busy := taken.Addr().String()
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":            {[]string{"-h"}, 0, "-listen address"},
		"unknown flag":    {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":        {[]string{"x"}, 2, `stringsvc: unexpected argument "x"`},
		"no port":         {[]string{"-listen", "localhost"}, 2, `invalid value "localhost" for flag -listen: `},
		"no address":      {[]string{"-listen", ""}, 2, `invalid value "" for flag -listen: `},
		"no such port":    {[]string{"-listen", ":99999"}, 2, `invalid value ":99999" for flag -listen: `},
		"a port in words": {[]string{"-listen", "localhost:nope"}, 2, `invalid value "localhost:nope" for flag -listen: `},
		"a wrong proxy":   {[]string{"-proxy", "a:1,b"}, 2, `invalid value "a:1,b" for flag -proxy: "b" is not host:port`},
		"an empty proxy":  {[]string{"-proxy", "a:1,"}, 2, `invalid value "a:1," for flag -proxy: "" is not host:port`},
		"no registry":     {[]string{"-registry", "etcd://a"}, 2, `for flag -registry: etcd: Parse("etcd://a"): "a" is not of the form host:port`},
		"a proxy of none": {[]string{"-proxy", "registry"}, 2, "stringsvc: -proxy=registry needs -registry\n"},
		"no admin port":   {[]string{"-debug.addr", "localhost"}, 2, `invalid value "localhost" for flag -debug.addr: `},
		"address in use":  {[]string{"-listen", busy}, 1, `stringsvc: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
		"admin in use":    {[]string{"-listen", "127.0.0.1:0", "-debug.addr", busy}, 1, `stringsvc: admin: address "` + busy + `": bind: address already in use` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

// TestAdmin looks at the pool of a proxy without an instance, and stops it.
func TestAdmin(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-listen", "127.0.0.1:0", "-debug.addr", "127.0.0.1:0", "-proxy", "127.0.0.1:1")
	addrs := p.Addresses(t, "HTTP", "admin")
	endpoints := programtest.Get(t, addrs["admin"]+"/endpoints")
	for _, side := range []string{"server", "client"} {
		require.Contains(t, endpoints, `"name":"Uppercase","side":"`+side+`"`)
	}
	_, health := programtest.Ask(t, addrs["admin"]+"/health") // its checks may not have run
	for _, check := range []string{"pool/strings", "breaker/strings"} {
		require.Contains(t, health, check)
	}
	require.Contains(t, programtest.Get(t, addrs["admin"]+"/metrics"), "my_group_string_service_count_result_count 0\n")
	programtest.Document(t, addrs["HTTP"], "stringsvc", "/uppercase", "/count")
	p.Stop(t)
}
