package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

// TestAddressesTaken has two of three addresses taken: nothing is served.
func TestAddressesTaken(t *testing.T) {
	t.Parallel()
	taken := func() string {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", free)
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		return l.Addr().String()
	}
	first, second := taken(), taken()
	var out strings.Builder
	j := newJournal()
	s := server.New("rooms", quiet(), server.Announce(&out))
	s.Add(
		server.HTTP(first, http.NotFoundHandler()),
		server.Listen("free", free, newPart(j, well), server.Register(&registrar{journal: j, after: well})),
		server.Listen("broker", second, newPart(j, well)),
		server.Go("work", noting(j, "work", well)),
		server.Close("db", func() error { j.note("close"); return nil }),
	)
	err := s.Run(t.Context())
	require.ErrorContains(t, err, `HTTP: address "`+first+`": bind: address already in use`)
	require.ErrorContains(t, err, `broker: address "`+second+`": bind: address already in use`)
	require.Empty(t, out.String())
	require.Empty(t, j.all(), "nothing was started")
	require.Equal(t, server.StateStopped, s.State())
}

// TestRunTwice has a second Run, while the first one runs and after it.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := server.New("rooms", quiet())
		stop := running(t, s)
		synctest.Wait()
		require.EqualError(t, s.Run(t.Context()), "server: Run was called before")
		require.Panics(t, func() { s.Add() })
		require.NoError(t, stop())
		require.EqualError(t, s.Run(t.Context()), "server: Run was called before")
	})
}

// TestFaults has everything wrong that can be.
func TestFaults(t *testing.T) {
	t.Parallel()
	j := newJournal()
	s := server.New("", server.Log(nil), nil, server.Grace(0), server.Propagation(-1), server.Advertise(""))
	s.Add(
		nil,
		server.HTTP(free, nil),
		server.HTTP(free, http.NotFoundHandler(), nil, server.TLS(nil)),
		server.GRPC(free, nil, nil),
		server.Listen("", free, nil),
		server.Listen("broker", free, newPart(j, well), server.TLS(nil), server.Register(nil), server.Register(discoverRegistrar(), nil)),
		server.Go("", nil), server.Go("a", well), server.Go("a", well),
		server.Close("", nil), server.Flush("", nil),
	)
	err := s.Run(t.Context())
	require.Equal(t, s.Err(), err)
	require.Equal(t, strings.Split(strings.TrimSpace(`
server: New: the name is empty
server: Log: the log is nil
server: New: option 1 is nil
server: Grace: the time is 0s, want more than 0
server: Propagation: the time is -1ns, want at least 0
server: Advertise: the host is empty
server: Add: item 0 is nil
server: HTTP: the handler is nil
server: HTTP: option 0 is nil
server: HTTP: TLS: the config is nil
server: two listeners have the name HTTP
server: gRPC: the server is nil
server: the listener on "127.0.0.1:0" has no name
server: the listener "": the part is nil
server: broker: TLS is for HTTP
server: broker: TLS: the config is nil
server: broker: Register: the registrar is nil
server: broker: Register: option 0 is nil
server: Go: the name is empty
server: Go "": the func is nil
server: Go "a": there are two of this name
server: Close: the name is empty
server: Close "": the func is nil
server: Flush: the name is empty
server: Flush "": the func is nil
`), "\n"), strings.Split(err.Error(), "\n"))
}

func discoverRegistrar() discover.Registrar { return newRegistry() }

// TestStopBeforeStart has a context that has ended before Run.
func TestStopBeforeStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := server.New("rooms", quiet())
	s.Add(server.HTTP(free, http.NotFoundHandler()))
	require.NoError(t, s.Run(ctx))
}
