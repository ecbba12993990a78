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
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":           {[]string{"-h"}, 0, "usage: addcli -http-addr|-grpc-addr|-thrift-addr|-jsonrpc-addr|-netrpc-addr|-nats.url address"},
		"unknown flag":   {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"no address":     {[]string{"1", "2"}, 2, "addcli: exactly one of -http-addr, -grpc-addr, -thrift-addr, -jsonrpc-addr, -netrpc-addr, -nats.url is needed, got 0\n"},
		"both addresses": {[]string{"-http-addr", "x:1", "-grpc-addr", "x:1", "1", "2"}, 2, "addcli: exactly one of -http-addr, -grpc-addr, -thrift-addr, -jsonrpc-addr, -netrpc-addr, -nats.url is needed, got 2\n"},
		"no arguments":   {[]string{"-http-addr", "x:1"}, 2, "addcli: 0 arguments, want two\n"},
		"one argument":   {[]string{"-http-addr", "x:1", "1"}, 2, "addcli: 1 arguments, want two\n"},
		"no numbers":     {[]string{"-http-addr", "x:1", "1", "b"}, 2, "addcli: \"1\" and \"b\" are not both integers of 64 bits\n"},
		"too large":      {[]string{"-http-addr", "x:1", "1", "9223372036854775808"}, 2, "are not both integers"},
		"wrong method":   {[]string{"-http-addr", "x:1", "-method", "mul", "1", "2"}, 2, "addcli: -method \"mul\" is neither sum nor concat\n"},
		"wrong time":     {[]string{"-timeout", "soon"}, 2, `invalid value "soon" for flag -timeout`},
		"wrong URL":      {[]string{"-http-addr", "http://", "1", "2"}, 1, "error: "},
		"simple JSON":    {[]string{"-thrift-protocol", "simplejson"}, 2, "nothing can read what simplejson writes"},
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

// TestNobodyThere calls an address that nobody listens on.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	for _, transport := range []string{"-http-addr", "-grpc-addr", "-thrift-addr", "-jsonrpc-addr", "-netrpc-addr", "-nats.url"} {
		got := programtest.Run(t, programtest.Self(t), transport, addr, "1", "2")
		require.Equal(t, 1, got.Code)
		require.Regexp(t, `^error: .*(connection refused|no servers available)`, got.Stderr, transport)
		require.Empty(t, got.Stdout)
	}
}
