package jwtx_test

import (
	"crypto/elliptic"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth/jwtx"
)

// TestFetchFaults has issuers whose answers are of no use. The calls of the service fail
// with Unavailable, and their cause says why.
func TestFetchFaults(t *testing.T) {
	t.Parallel()
	key := jwk(t, "es", newEC(t, elliptic.P256()), nil)
	elsewhere := newIssuer(t, key)
	text := func(format string, args ...any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, format, args...) }
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		direct bool // the URL of the keys is set
		want   string
	}{
		"a status":                     {down, true, "/keys answered 502"},
		"a redirect":                   {http.RedirectHandler(elsewhere.url+"/keys", http.StatusFound).ServeHTTP, true, "answered 302"},
		"no JSON":                      {text("<html>"), true, "not a JWK Set"},
		"a document without end":       {func(w http.ResponseWriter, _ *http.Request) { endless(w) }, true, "longer than 256 KiB"},
		"no keys":                      {text(`{"keys":[]}`), true, "no key that signs"},
		"something else":               {text(`{}`), true, "no key that signs"},
		"too many keys":                {text(`{"keys":[%s{}]}`, strings.Repeat("{},", 100)), true, "101 keys, more than 100"},
		"an end in the middle":         {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9") }, true, "unexpected EOF"},
		"no configuration":             {down, false, "openid-configuration answered 502"},
		"a configuration without JSON": {text("no"), false, "cannot be read"},
		"that of another issuer":       {text(`{"issuer":"https://b","jwks_uri":"https://b/keys"}`), false, "that of another issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.answer)
			t.Cleanup(server.Close)
			var opts []jwtx.Option
			if tt.direct {
				opts = append(opts, jwtx.Keys(server.URL+"/keys"))
			}
			for _, opts := range [][]jwtx.Option{opts, append(opts, jwtx.HTTPClient(new(http.Client)))} {
				i, err := jwtx.New(server.URL, "rooms", opts...)
				require.NoError(t, err)
				err = i.Ping(t.Context())
				require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
				require.ErrorContains(t, err, tt.want)
				require.Equal(t, "tokens cannot be verified at present", endpoint.ErrorOf(err).Message())
			}
		})
	}
}

// endless writes until nobody reads.
func endless(w http.ResponseWriter) {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

// TestJWKSURL has configurations name keys in places of which some are less safe than the
// issuer's own.
func TestJWKSURL(t *testing.T) {
	t.Parallel()
	key := jwk(t, "es", newEC(t, elliptic.P256()), nil)
	keys := newIssuer(t, key)
	for jwks, ok := range map[string]bool{
		keys.url + "/keys": true, "": false, "/keys": false, "file:///etc/passwd": false, "http://": false, ":": false,
	} {
		i := newIssuer(t)
		i.set(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.url, jwks)
		})
		made, err := jwtx.New(i.url, "rooms")
		require.NoError(t, err)
		err = made.Ping(t.Context())
		require.Equal(t, ok, err == nil, "%q: %v", jwks, err)
	}
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, secure.URL, keys.url+"/keys")
	})
	secure.StartTLS()
	t.Cleanup(secure.Close)
	i, err := jwtx.New(secure.URL, "rooms", jwtx.HTTPClient(secure.Client()))
	require.NoError(t, err)
	require.ErrorContains(t, i.Ping(t.Context()), "no jwks_uri of use", "keys over HTTP of an issuer over HTTPS")
	require.Zero(t, keys.fetched()-1)
}
