package edge_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/edge"
)

// TestServerLog has lines of each level, and floods of them.
func TestServerLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, got := newLog()
		to := edge.NewHTTPServer(nil, edge.DefaultLimits(), log).ErrorLog
		to.Printf("http: TLS handshake error from %s: EOF", "192.0.2.1:5")
		to.Print("http2: received GOAWAY")
		to.Print("timeout waiting for SETTINGS frames from 192.0.2.1:5")
		to.Print("http: URL query contains semicolon, which is no longer a supported separator")
		to.Print("http: superfluous response.WriteHeader call from main.main")
		to.Print("http: panic serving 192.0.2.1:5: boom")
		to.Print("http2: panic serving 192.0.2.1:5: boom")
		require.Equal(t, []string{
			"INFO http: TLS handshake error from 192.0.2.1:5: EOF",
			"INFO http2: received GOAWAY",
			"INFO timeout waiting for SETTINGS frames from 192.0.2.1:5",
			"INFO http: URL query contains semicolon, which is no longer a supported separator",
			"WARN http: superfluous response.WriteHeader call from main.main",
			"ERROR http: panic serving 192.0.2.1:5: boom",
			"ERROR http2: panic serving 192.0.2.1:5: boom",
		}, got.lines())
		for range 1000 {
			to.Print("http2: noise")
		}
		require.Len(t, got.lines(), 7+6)
		to.Print("http: panic serving again")
		require.Len(t, got.lines(), 7+6+1)
		pause(time.Minute - 1)
		to.Print("http2: noise")
		require.Len(t, got.lines(), 7+6+1)
		pause(1)
		for range 11 {
			to.Print("http2: noise")
		}
		lines := got.lines()[7+6+1:]
		require.Len(t, lines, 10)
		require.Equal(t, "INFO http2: noise suppressed=995", lines[0])
		require.Equal(t, "INFO http2: noise", lines[1])
		to.Print(strings.Repeat("x", 20<<10))
		lines = got.lines()
		require.Len(t, lines[len(lines)-1], len("WARN ")+16<<10)
	})
}
