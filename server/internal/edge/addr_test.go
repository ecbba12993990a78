package edge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

func TestIsUnix(t *testing.T) {
	t.Parallel()
	require.True(t, edge.IsUnix("unix:x"))
	require.False(t, edge.IsUnix("unix.example:80"))
}

func TestCheckAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8080": "", "localhost:0": "", "no.such.host:http": "", "[::1]:65535": "", "[fe80::1%eth0]:80": "",
		"unix:/run/x.sock": "", "unix:x": "", "unix:@x": "", "systemd:": "", "systemd:web": "",
		"unix:/" + strings.Repeat("x", 106): "",

		"":                                  "must be host:port, unix:PATH or systemd:NAME",
		"8080":                              "must be host:port, unix:PATH or systemd:NAME",
		"localhost":                         "must be host:port, unix:PATH or systemd:NAME",
		"::1:80":                            "must be host:port, unix:PATH or systemd:NAME",
		"http://x:80":                       "must be host:port, unix:PATH or systemd:NAME",
		"x/y:80":                            `"x/y" is not a host`,
		" x:80":                             `" x" is not a host`,
		"host:":                             "the port is missing; 0 takes any free one",
		":99999":                            `"99999" is not a port`,
		":-1":                               `"-1" is not a port`,
		"host:words":                        `"words" is not a port`,
		"unix:":                             "unix: needs the path of a socket",
		"unix:/" + strings.Repeat("x", 107): "the path of a unix socket has at most 107 bytes, got 108",
	} {
		err := edge.CheckAddr(addr)
		if want == "" {
			require.NoError(t, err, addr)
			continue
		}
		of, ok := errors.AsType[*edge.AddrError](err)
		require.True(t, ok, "%q: %v", addr, err)
		require.Equal(t, addr, of.Addr)
		require.EqualError(t, of.Err, want)
		require.ErrorContains(t, err, addr)
	}
}
