package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/profilesvc"
	"github.com/typedkit/endpoint/httpx"
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
		"help":            {[]string{"-h"}, 0, "-http.addr address"},
		"unknown flag":    {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"no value":        {[]string{"-http.addr"}, 2, "flag needs an argument: -http.addr"},
		"argument":        {[]string{"x"}, 2, `profilesvc: unexpected argument "x"`},
		"no port":         {[]string{"-http.addr", "localhost"}, 2, `profilesvc: -http.addr "localhost" is not host:port`},
		"no address":      {[]string{"-http.addr", ""}, 2, `profilesvc: -http.addr "" is not host:port`},
		"no such port":    {[]string{"-http.addr", "localhost:nope"}, 2, `profilesvc: -http.addr "localhost:nope" is not host:port`},
		"address in use":  {[]string{"-http.addr", taken.Addr().String()}, 1, "address already in use"},
		"flag, then more": {[]string{"-http.addr", ":0", "x"}, 2, `profilesvc: unexpected argument "x"`},
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

// start runs the program in this process until stop, which returns what it
// logged.
func start(t *testing.T) (addr string, stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	stdout, w := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-http.addr", "127.0.0.1:0"}, w, &stderr)
		_ = w.Close()
	}()
	return address(t, stdout), func() string {
		cancel()
		require.Equal(t, 0, <-code, "exit code; log:\n%s", &stderr)
		return stderr.String()
	}
}

// address reads the address that the program prints.
func address(t *testing.T, stdout io.Reader) string {
	t.Helper()
	line := make([]byte, 256)
	n, err := stdout.Read(line)
	require.NoError(t, err)
	addr, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	require.True(t, ok, "it prints %q", line[:n])
	return addr
}

// TestServe has a line in the log for each call.
func TestServe(t *testing.T) {
	t.Parallel()
	addr, stop := start(t)
	var c profilesvc.Profiles
	require.NoError(t, httpx.Client(httpx.To("http://"+addr), &c))
	_, err := c.Post(t.Context(), profilesvc.Profile{ID: "1", Name: "Ann"})
	require.NoError(t, err)
	_, err = c.Get(t.Context(), profilesvc.ByID{ID: "2"})
	require.ErrorIs(t, err, profilesvc.ErrNotFound)
	require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))

	log := stop()
	require.Contains(t, log, "level=INFO msg=call endpoint.operation=Profiles.Post transport=http side=server ")
	require.Regexp(t, `operation=Profiles.Get .*code=NOT_FOUND duration=\S+ .*error.message="there is no profile \\"2\\""`, log)
	require.Contains(t, log, "msg=stopping")
	_, err = c.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err), "after the end")
}
