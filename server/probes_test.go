package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// TestProbesPropagation asks probes: only /readyz makes a stop wait.
func TestProbesPropagation(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]time.Duration{"/livez": 0, "/readyz": server.DefaultPropagation} {
		synctest.Test(t, func(t *testing.T) {
			s := server.New("rooms", quiet())
			ask := func() int {
				w := httptest.NewRecorder()
				s.Probes().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
				return w.Code
			}
			stop := running(t, s)
			synctest.Wait()
			require.Equal(t, http.StatusOK, ask())
			begin := time.Now()
			require.NoError(t, stop())
			require.Equal(t, want, time.Since(begin))
			require.Equal(t, http.StatusServiceUnavailable, ask(), "the server is dead")
		})
	}
}

// TestProbesWhileDraining asks a listener of probes until the end of the stop.
func TestProbesWhileDraining(t *testing.T) {
	t.Parallel()
	announced, draining, release := newAnnouncements(), make(chan struct{}), make(chan struct{})
	s := server.New("rooms", quiet(), server.Announce(announced), server.Propagation(0))
	s.Add(
		server.Listen("broker", free, newPart(newJournal(), func(context.Context) error {
			close(draining)
			<-release
			return nil
		})),
		server.Probes(free),
		server.Check("secret", down, server.Warn()))
	stop := running(t, s)
	announced.addr(t, "broker")
	addr := announced.addr(t, "probes")
	get := func(path string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, http.NoBody)
		require.NoError(t, err)
		got, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer got.Body.Close()
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		return got.StatusCode, string(body)
	}
	require.Eventually(t, func() bool { code, _ := get("/readyz"); return code == http.StatusOK }, 10*time.Second, time.Millisecond)
	code, body := get("/readyz?verbose&exclude=x")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok\n", body, "no details")
	code, _ = get("/health")
	require.Equal(t, http.StatusNotFound, code)
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	<-draining
	code, body = get("/readyz?verbose")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "not ready\n", body)
	code, _ = get("/livez")
	require.Equal(t, http.StatusOK, code)
	close(release)
	require.NoError(t, <-ended)
	http.DefaultClient.CloseIdleConnections()
}
