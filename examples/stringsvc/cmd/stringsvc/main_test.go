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
		"help":            {[]string{"-h"}, 0, "-listen address"},
		"unknown flag":    {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":        {[]string{"x"}, 2, `stringsvc: unexpected argument "x"`},
		"no port":         {[]string{"-listen", "localhost"}, 2, `stringsvc: -listen "localhost" is not host:port`},
		"no address":      {[]string{"-listen", ""}, 2, `stringsvc: -listen "" is not host:port`},
		"no such port":    {[]string{"-listen", ":99999"}, 2, `stringsvc: -listen ":99999" is not host:port`},
		"a port in words": {[]string{"-listen", "localhost:nope"}, 2, `stringsvc: -listen "localhost:nope" is not host:port`},
		"a wrong proxy":   {[]string{"-proxy", "a:1,b"}, 2, `stringsvc: -proxy "b" is not host:port`},
		"an empty proxy":  {[]string{"-proxy", "a:1,"}, 2, `stringsvc: -proxy "" is not host:port`},
		"address in use":  {[]string{"-listen", taken.Addr().String()}, 1, "address already in use"},
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
