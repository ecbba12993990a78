package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

// TestProbe against servers that answer in each way.
func TestProbe(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/healthz":
			_, _ = w.Write(make([]byte, 100_000))
		case "/api/moved":
			http.Redirect(w, r, "/api/healthz", http.StatusFound)
		case "/api/ill":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer s.Close()
	for path, want := range map[string]string{
		"/healthz": "", "healthz": "", "/healthz?full=1": "", "/moved": "",
		"/ill": "httpx: Probe: the status is 503", "/none": "httpx: Probe: the status is 404",
		"/\x7f": "httpx: Probe: parse",
	} {
		err := httpx.Probe(path)(t.Context(), httpx.To(s.URL+"/api/"))
		if want == "" {
			require.NoError(t, err, path)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, httpx.Probe("/healthz")(ctx, httpx.To(s.URL)), context.Canceled)
	for _, c := range []*httpx.Conn{nil, {}, httpx.To("ftp://x")} {
		require.EqualError(t, httpx.Probe("/")(t.Context(), c), "httpx: Probe: the connection was not made by To or a Dialer")
	}
}
