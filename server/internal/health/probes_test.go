package health_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/health"
)

// probes returns the probes of a server in state, with details.
func probes(r *health.Registry, state health.State) *health.Probes {
	return &health.Probes{State: func() health.State { return state }, Report: r.Report, Asked: func() {}, Details: true}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	var (
		running  = health.State{Name: "running", Alive: true, Ready: true}
		draining = health.State{Name: "draining", Alive: true}
		stopped  = health.State{Name: "stopped"}
		a        = health.Check{Name: "a", Run: pass}
		b        = health.Check{Name: "user db", Run: fail}
		c        = health.Check{Name: "c", Warns: true, Run: fail}
	)
	for _, tt := range []struct {
		name           string
		state          health.State
		checks         []health.Check
		request        string
		status         int
		details, plain string // the answers
	}{
		{"alive", running, []health.Check{b}, "GET /livez", 200, "ok\n", "ok\n"},
		{"alive while draining", draining, []health.Check{b}, "GET /livez?verbose", 200, "ok\n", "ok\n"},
		{"dead", stopped, nil, "GET /livez", 503, "not alive\n", "not alive\n"},
		{"ready", running, []health.Check{a, c}, "GET /readyz", 200, "ok\n", "ok\n"},
		{"listed", running, []health.Check{a, c}, "GET /readyz?verbose", 200, "[+]server ok\n[+]a ok\n[!]c warns: down\nreadyz check passed\n", "ok\n"},
		{"a check fails", running, []health.Check{a, b}, "GET /readyz", 503, "[+]server ok\n[+]a ok\n[-]user db failed: down\nreadyz check failed\n", "not ready\n"},
		{"draining", draining, []health.Check{a}, "GET /readyz", 503, "[-]server failed: draining\n[+]a ok\nreadyz check failed\n", "not ready\n"},
		{"excluded", running, []health.Check{a, b}, "GET /readyz?exclude=user+db", 200, "ok\n", "ok\n"},
		{
			"excluded and listed", running,
			[]health.Check{a, b, c},
			"GET /readyz?verbose&exclude=c&exclude=user%20db", 200,
			"[+]server ok\n[+]a ok\n[+]user db excluded: ok\n[+]c excluded: ok\nreadyz check passed\n", "ok\n",
		},
		{
			"another excluded", running,
			[]health.Check{b},
			"GET /readyz?exclude=a", 503,
			"[+]server ok\n[-]user db failed: down\nwarn: some health checks cannot be excluded: no matches for \"a\"\nreadyz check failed\n", "not ready\n",
		},
		{
			"unknown excluded", running,
			[]health.Check{a},
			"GET /readyz?verbose&exclude=x%0a&exclude=y&exclude=a", 200,
			"[+]server ok\n[+]a excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\\n\", \"y\"\nreadyz check passed\n", "ok\n",
		},
		{
			"the state cannot be excluded", draining, nil, "GET /readyz?exclude=server", 503,
			"[-]server failed: draining\nwarn: some health checks cannot be excluded: no matches for \"server\"\nreadyz check failed\n", "not ready\n",
		},
		{"another path", running, nil, "GET /readyz/", 404, "404 page not found\n", "404 page not found\n"},
		{"method", running, nil, "POST /readyz", 405, "method not allowed\n", "method not allowed\n"},
		{"method of livez", running, nil, "DELETE /livez", 405, "method not allowed\n", "method not allowed\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, _ := start(t, nil, tt.checks...)
				synctest.Wait()
				for details, want := range map[bool]string{true: tt.details, false: tt.plain} {
					asked := 0
					p := probes(r, tt.state)
					p.Details, p.Asked = details, func() { asked++ }
					method, target, _ := strings.Cut(tt.request, " ")
					w := httptest.NewRecorder()
					p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody))
					require.Equal(t, tt.status, w.Code)
					require.Equal(t, want, w.Body.String())
					require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
					require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
					require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
					if tt.status == http.StatusMethodNotAllowed {
						require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
					}
					wantAsked := 0
					if strings.HasPrefix(tt.request, "GET /readyz") && tt.status != http.StatusNotFound {
						wantAsked = 1
					}
					require.Equal(t, wantAsked, asked)
				}
			})
		})
	}
}

// TestProbesHead asks a real server with HEAD.
func TestProbesHead(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(probes(health.New([]health.Check{{Name: "a", Run: pass}}, nil), health.State{Alive: true, Ready: true}))
	t.Cleanup(s.Close)
	for path, want := range map[string]int{"/livez": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.URL+path, http.NoBody)
		require.NoError(t, err)
		got, err := s.Client().Do(r)
		require.NoError(t, err)
		got.Body.Close()
		require.Equal(t, want, got.StatusCode)
	}
}

// TestProbesBounds has a query of many long names.
func TestProbesBounds(t *testing.T) {
	t.Parallel()
	query := url.Values{"verbose": {""}}
	for i := range 1000 {
		query.Add("exclude", fmt.Sprintf("%d%s", i, strings.Repeat("\x01", 1000)))
	}
	w := httptest.NewRecorder()
	p := probes(health.New(nil, nil), health.State{Alive: true, Ready: true})
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz?"+query.Encode(), http.NoBody))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 10, strings.Count(w.Body.String(), `"`)/2)
	require.Contains(t, w.Body.String(), `"9`+strings.Repeat(`\x01`, 127)+`"`)
	require.NotContains(t, w.Body.String(), `"10`)
	require.Less(t, w.Body.Len(), 10*(4*128+4)+200)
}
