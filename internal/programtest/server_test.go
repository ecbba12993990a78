package programtest_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

func TestRunServer(t *testing.T) {
	t.Parallel()
	lines := programtest.NewAnnouncements()
	s := server.New("x", server.Log(slog.New(slog.DiscardHandler)), server.Announce(lines))
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	s.Add(server.HTTP("127.0.0.1:0", h), server.HTTP("127.0.0.1:0", h, server.Named("other")))
	stop := programtest.RunServer(t, s)
	require.Equal(t, "hello", programtest.Get(t, lines.Addr(t, "HTTP")))
	require.Equal(t, "hello", programtest.Get(t, lines.Addr(t, "other")))
	stop()
	require.Equal(t, server.StateStopped, s.State())
}
