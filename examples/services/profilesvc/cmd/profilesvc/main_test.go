package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
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
		"help":            {[]string{"-h"}, 0, "-http.addr address"},
		"unknown flag":    {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"no value":        {[]string{"-http.addr"}, 2, "flag needs an argument: -http.addr"},
		"argument":        {[]string{"x"}, 2, `profilesvc: unexpected argument "x"`},
		"no port":         {[]string{"-http.addr", "localhost"}, 2, `invalid value "localhost" for flag -http.addr: `},
		"no address":      {[]string{"-http.addr", ""}, 2, `invalid value "" for flag -http.addr: `},
		"no such port":    {[]string{"-http.addr", "localhost:nope"}, 2, `invalid value "localhost:nope" for flag -http.addr: `},
		"address in use":  {[]string{"-http.addr", busy}, 1, `profilesvc: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
		"admin in use":    {[]string{"-http.addr", "127.0.0.1:0", "-debug.addr", busy}, 1, `profilesvc: admin: address "` + busy + `": bind: address already in use` + "\n"},
		"no registry":     {[]string{"-registry", "zk://a"}, 2, `for flag -registry: zookeeper: Parse("zk://a"): "a" is not of the form host:port`},
		"no issuer":       {[]string{"-http.addr", "127.0.0.1:0", "-auth", "x"}, 1, "profilesvc: jwtx: New: the issuer, without the option Keys, must be an http or https URL"},
		"no admin port":   {[]string{"-debug.addr", "localhost"}, 2, `invalid value "localhost" for flag -debug.addr: `},
		"flag, then more": {[]string{"-http.addr", ":0", "x"}, 2, `profilesvc: unexpected argument "x"`},
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

// start runs the program with an admin address until stop, which returns what it logged.
func start(t *testing.T) (addrs map[string]string, stop func() string) {
	t.Helper()
	p := programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0", "-debug.addr", "127.0.0.1:0")
	return p.Addresses(t, "HTTP", "admin"), func() string {
		p.Stop(t)
		return p.Log()
	}
}

// TestServe has a line in the log, and metrics, for each call.
func TestServe(t *testing.T) {
	t.Parallel()
	addrs, stop := start(t)
	var c profilesvc.Profiles
	require.NoError(t, httpx.Client(httpx.To("http://"+addrs["HTTP"]), &c))
	_, err := c.Post(t.Context(), profilesvc.Profile{ID: "1", Name: "Ann"})
	require.NoError(t, err)
	_, err = c.Get(t.Context(), profilesvc.ByID{ID: "2"})
	require.ErrorIs(t, err, profilesvc.ErrNotFound)
	require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))

	require.Contains(t, programtest.Get(t, addrs["admin"]+"/metrics"),
		`endpoint_calls_total{code="NOT_FOUND",operation="Get",service="Profiles",side="server",transport="http"} 1`)
	programtest.Document(t, addrs["HTTP"], "profilesvc", "/profiles/", "/profiles/{id}", "/profiles/{id}/addresses/", "/profiles/{id}/addresses/{addressID}")
	log := stop()
	require.Contains(t, log, "level=INFO msg=call endpoint.operation=Profiles.Post transport=http side=server ")
	require.Regexp(t, `operation=Profiles.Get .*code=NOT_FOUND duration=\S+ .*error.message="there is no profile \\"2\\""`, log)
	require.Contains(t, log, programtest.Draining)
	_, err = c.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "after the end")
}
