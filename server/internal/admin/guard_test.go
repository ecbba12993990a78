package admin_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHosts has requests that name the server in many ways, as a page whose name resolves
// to the server does.
func TestHosts(t *testing.T) {
	t.Parallel()
	h := handler(t, newSource(), "Admin.Example.COM:9000", "10.1.1.1")
	for host, want := range map[string]int{
		"localhost":              200,
		"localhost:8080":         200,
		"LOCALHOST:1":            200,
		"localhost.":             200,
		"127.0.0.1:8080":         200,
		"127.9.9.9":              200,
		"[::1]:8080":             200,
		"[::1]":                  200,
		"[::ffff:127.0.0.1]":     200,
		"192.0.2.7:8080":         200, // of the connection
		"[::ffff:192.0.2.7]":     200,
		"admin.example.com":      200,
		"ADMIN.example.com:80":   200,
		"10.1.1.1:8080":          200,
		"192.0.2.8:8080":         421,
		"10.1.1.2":               421,
		"":                       421,
		":8080":                  421,
		"evil.example":           421,
		"evil.example:8080":      421,
		"localhost.evil.example": 421,
		"evil.example.com":       421,
		"x.localhost":            421,
		"127.0.0.1.evil.example": 421,
		"0.0.0.0:8080":           421,
		"[::]:8080":              421,
	} {
		for _, path := range []string{"/", "/endpoints", "/nothing"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Host = host
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 8080}))
			resp := serve(h, r)
			if want == 200 && path == "/nothing" {
				require.Equal(t, 404, resp.status, "%q %s", host, path)
				continue
			}
			require.Equal(t, want, resp.status, "%q %s", host, path)
			if want == 421 {
				require.NotContains(t, resp.body, "profilesvc", "%q %s", host, path)
			}
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Host = "192.0.2.7" // over a connection without addresses
	resp := serve(h, r)
	require.Equal(t, 421, resp.status)
}

// TestOtherSites has requests that pages of other sites make in a browser.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	h := handler(t, newSource())
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"no browser":                    {nil, 200},
		"the page itself":               {[]string{"Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-origin"}, 200},
		"typed by the user":             {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200},
		"a link of another site":        {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		"another port":                  {[]string{"Origin", "http://localhost:3000"}, 403},
		"another site":                  {[]string{"Origin", "https://evil.example"}, 403},
		"a page without an origin":      {[]string{"Origin", "null"}, 403},
		"a malformed origin":            {[]string{"Origin", "http://[localhost:8080"}, 403},
		"a script of another site":      {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403},
		"a script of a related site":    {[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, 403},
		"a frame of another site":       {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		"a value that nobody knows yet": {[]string{"Sec-Fetch-Site", "other"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := get(t, h, "/endpoints", tt.header...)
			require.Equal(t, tt.status, resp.status)
		})
	}
	form := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:8080/endpoints", nil)
	form.Header.Set("Sec-Fetch-Site", "cross-site")
	form.Header.Set("Sec-Fetch-Mode", "navigate")
	form.Header.Set("Sec-Fetch-Dest", "document")
	resp := serve(h, form)
	require.Equal(t, 403, resp.status, "a form of another site")
}

// TestHeaders is the same for every answer, a refusal too.
func TestHeaders(t *testing.T) {
	t.Parallel()
	h := handler(t, newSource())
	for _, path := range []string{"/", "/endpoints", "/nothing"} {
		for _, origin := range []string{"http://localhost:8080", "http://evil.example"} {
			resp := get(t, h, path, "Origin", origin)
			require.Equal(t, "no-store", resp.header.Get("Cache-Control"))
			require.Equal(t, "no-referrer", resp.header.Get("Referrer-Policy"))
			require.Equal(t, "nosniff", resp.header.Get("X-Content-Type-Options"))
			require.Equal(t, "same-origin", resp.header.Get("Cross-Origin-Opener-Policy"))
			require.Equal(t, "same-origin", resp.header.Get("Cross-Origin-Resource-Policy"))
			require.Empty(t, resp.header.Get("Access-Control-Allow-Origin"))
		}
	}
}
