package main

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":           {[]string{"-h"}, 0, "-listen address"},
		"unknown flag":   {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":       {[]string{"x"}, 2, `apigateway: unexpected argument "x"`},
		"no port":        {[]string{"-listen", "localhost"}, 2, `apigateway: -listen "localhost" is not host:port`},
		"no such port":   {[]string{"-listen", ":99999", "-stringsvc", "a:1", "-profilesvc", "a:1"}, 2, `apigateway: -listen ":99999" is not host:port`},
		"no instance":    {[]string{"-profilesvc", "a:1"}, 2, `apigateway: -stringsvc "" is not host:port`},
		"all at once":    {[]string{"-stringsvc", "a:1,b"}, 2, "-stringsvc \"b\" is not host:port\n-profilesvc \"\" is not host:port"},
		"address in use": {[]string{"-listen", taken.Addr().String(), "-stringsvc", "a:1", "-profilesvc", "a:1"}, 1, "address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // if it serves after all
			defer cancel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, tt.code, run(ctx, tt.args, &stdout, &stderr))
			require.Contains(t, stderr.String(), tt.says)
			require.Empty(t, stdout.String())
		})
	}
}
