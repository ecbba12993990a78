package admin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/admin"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("own " + r.Method)) })
	h, err := admin.New(newSource(), nil, []admin.Route{{Pattern: "/debug/", Handler: own}, {Pattern: "GET /metrics", Handler: own}})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		method, path string
		status       int
		media        string
	}{
		"the page":                {"GET", "/", 200, "text/html; charset=utf-8"},
		"its style":               {"GET", "/page.css", 200, "text/css; charset=utf-8"},
		"its program":             {"GET", "/page.js", 200, "text/javascript; charset=utf-8"},
		"the list":                {"GET", "/endpoints", 200, "application/json"},
		"only the head":           {"HEAD", "/endpoints", 200, "application/json"},
		"own":                     {"GET", "/metrics", 200, "text/plain; charset=utf-8"},
		"own, any method":         {"POST", "/debug/x", 200, "text/plain; charset=utf-8"},
		"nothing":                 {"GET", "/nothing", 404, "text/plain; charset=utf-8"},
		"nothing below a file":    {"GET", "/page.js/x", 404, "text/plain; charset=utf-8"},
		"no folder":               {"GET", "/page/", 404, "text/plain; charset=utf-8"},
		"a change of the page":    {"POST", "/", 405, "text/plain; charset=utf-8"},
		"a change of the list":    {"DELETE", "/endpoints", 405, "text/plain; charset=utf-8"},
		"a change of the figures": {"PUT", "/live", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := serve(h, httptest.NewRequestWithContext(t.Context(), tt.method, "http://localhost:8080"+tt.path, nil))
			require.Equal(t, tt.status, resp.status)
			require.Equal(t, tt.media, resp.header.Get("Content-Type"))
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	h := http.NotFoundHandler()
	for name, tt := range map[string]struct {
		hosts  []string
		routes []admin.Route
		want   string
	}{
		"an empty host":       {[]string{""}, nil, `the host "" is not a host name`},
		"a URL":               {[]string{"http://x/"}, nil, `the host "http://x/" is not a host name`},
		"a pattern of hosts":  {[]string{"*.x"}, nil, `the host "*.x" is not a host name`},
		"no handler":          {nil, []admin.Route{{Pattern: "/x"}}, `the handler of "/x" is nil`},
		"no pattern":          {nil, []admin.Route{{Handler: h}}, `the pattern ""`},
		"a malformed pattern": {nil, []admin.Route{{Pattern: "/{x", Handler: h}}, `the pattern "/{x"`},
		"a page of ours":      {nil, []admin.Route{{Pattern: "GET /endpoints", Handler: h}}, "conflicts"},
		"two ports":           {[]string{"x:1:2"}, nil, `the host "x:1:2" is not a host name`},
		"two of one pattern":  {nil, []admin.Route{{Pattern: "/x", Handler: h}, {Pattern: "/x", Handler: h}}, "conflicts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := admin.New(newSource(), tt.hosts, tt.routes)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := admin.New(newSource(), []string{"", "*"}, []admin.Route{{Pattern: "/x"}})
	require.ErrorContains(t, err, `the host ""`)
	require.ErrorContains(t, err, `the host "*"`)
	require.ErrorContains(t, err, "the handler", "all faults are told at once")
}
