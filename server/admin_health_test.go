package server_test

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// TestAdminHealth asks the admin address about a check that fails and one that warns.
func TestAdminHealth(t *testing.T) {
	t.Parallel()
	lines, announce := io.Pipe()
	s := server.New("rooms", quiet(), server.Announce(announce), server.Propagation(0))
	s.Add(server.Admin(free), server.Check("database", down), server.Check("cache", down, server.Warn()))
	require.NoError(t, s.Err())
	stop := running(t, s)
	url := "http://" + announced(t, lines, "admin")["admin"]
	require.Eventually(t, func() bool {
		for _, c := range s.Health().Checks {
			if c.Start.IsZero() {
				return false
			}
		}
		return len(s.Health().Checks) == 3
	}, 10*time.Second, time.Millisecond)
	for _, tt := range []struct {
		path   string
		status int
		text   string
	}{
		{"/livez", 200, "ok\n"},
		{"/readyz", 503, "[-]database failed: down\n[!]cache warns: down\n[+]listener/admin ok\n"},
		{"/readyz?exclude=database", 200, "ok\n"},
		{"/readyz?exclude=database&verbose", 200, "[+]database excluded: ok\n"},
		{"/health", 503, `"output":"down"`},
		{"/health?x", 503, `{"status":"fail","releaseId":"`},
	} {
		status, body := ask(t, url+tt.path, "")
		require.Equal(t, tt.status, status, tt.path)
		require.Contains(t, body, tt.text)
	}
	status, _ := ask(t, url+"/health", "evil.example")
	require.Equal(t, 421, status)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/live", http.NoBody)
	require.NoError(t, err)
	live, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = live.Body.Close() }()
	page, err := bufio.NewReader(live.Body).ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `"checks":\[\{"name":"database","status":"fail","error":"down","critical":true,"since":"[^"]*","tookSeconds":[^}]*\},\{"name":"cache","status":"warn"`, page)
	require.NoError(t, stop())
}
