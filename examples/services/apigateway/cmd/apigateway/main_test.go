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
		"help":           {[]string{"-h"}, 0, "-http.addr address\n    \taddress to serve HTTP on, host:port (default :8000)\n"},
		"the other name": {[]string{"-h"}, 0, "-listen"},
		"go-kit's retry": {[]string{"-h"}, 0, "different instances (default 3)\n  -retry.timeout duration\n    \thow long a call may take, with all its attempts (default 500ms)\n"},
		"unknown flag":   {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":       {[]string{"x"}, 2, `apigateway: unexpected argument "x"`},
		"no port":        {[]string{"-listen", "localhost"}, 2, `invalid value "localhost" for flag -listen: `},
		"no such port":   {[]string{"-listen", ":99999", "-stringsvc", "a:1", "-profilesvc", "a:1"}, 2, `invalid value ":99999" for flag -listen: `},
		"no instance":    {[]string{"-profilesvc", "a:1"}, 2, "apigateway: -registry, or -stringsvc and -profilesvc with an instance each, are needed\n"},
		"all at once":    {nil, 2, "apigateway: -registry, or -stringsvc and -profilesvc with an instance each, are needed\n"},
		"not host:port":  {[]string{"-stringsvc", "a:1,b"}, 2, `invalid value "a:1,b" for flag -stringsvc: "b" is not host:port`},
		"not a port":     {[]string{"-profilesvc", "a:99999"}, 2, `invalid value "a:99999" for flag -profilesvc: "a:99999" is not host:port`},
		"no instances":   {[]string{"-stringsvc", "", "-registry", "zk://a:1"}, 2, "are needed\n"},
		"no registry":    {[]string{"-registry", "a:1"}, 2, `invalid value "a:1" for flag -registry: "a:1" begins with none of etcd://, consul:// and zk://`},
		"no Consul":      {[]string{"-consul.addr", "a"}, 2, `for flag -consul.addr: consul: Parse("consul://a"): "a" is not of the form host:port`},
		"two registries": {[]string{"-registry", "zk://a:1", "-consul.addr", "b:1"}, 2, `for flag -consul.addr: there is a registry already: zk://a:1`},
		"no attempt":     {[]string{"-registry", "zk://a:1", "-retry.max", "0"}, 2, "apigateway: -retry.max must be at least 1, got 0; -retry.timeout at least 1ms, got 500ms\n"},
		"no time":        {[]string{"-registry", "zk://a:1", "-retry.timeout", "0"}, 2, "-retry.timeout at least 1ms, got 0s\n"},
		"no admin port":  {[]string{"-debug.addr", "localhost"}, 2, `invalid value "localhost" for flag -debug.addr: `},
		"address in use": {[]string{"-listen", busy, "-stringsvc", "a:1", "-profilesvc", "a:1"}, 1, `apigateway: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
		"admin in use":   {[]string{"-listen", "127.0.0.1:0", "-debug.addr", busy, "-stringsvc", "a:1", "-profilesvc", "a:1"}, 1, `apigateway: admin: address "` + busy + `": bind: address already in use` + "\n"},
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

// TestAdmin has the pools and breakers of all services on the admin address, and one document of
// all of them.
func TestAdmin(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-listen", "127.0.0.1:0", "-debug.addr", "127.0.0.1:0",
		"-stringsvc", "127.0.0.1:1", "-profilesvc", "127.0.0.1:1", "-addsvc", "127.0.0.1:1")
	addrs := p.Addresses(t, "HTTP", "admin")
	_, health := programtest.Ask(t, addrs["admin"]+"/health") // its checks may not have run
	for _, check := range []string{"pool/strings", "pool/directory", "pool/addsvc", "breaker/strings", "breaker/directory", "breaker/addsvc"} {
		require.Contains(t, health, check)
	}
	programtest.Document(t, addrs["HTTP"], "apigateway", "/strings/uppercase", "/strings/count", "/stringsvc/uppercase", "/stringsvc/count", "/addsvc/sum", "/addsvc/concat",
		"/directory/profiles/", "/directory/profiles/{id}", "/directory/profiles/{id}/addresses/", "/directory/profiles/{id}/addresses/{addressID}")
	p.Stop(t)
}
