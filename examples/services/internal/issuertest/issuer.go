// Package issuertest has an issuer of tokens, for tests of programs with the flag -auth.
package issuertest

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// An Issuer signs tokens, and publishes its key.
type Issuer struct {
	URL string
	key ed25519.PrivateKey
}

// New returns an Issuer that serves until the test ends.
func New(t *testing.T) *Issuer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, server.URL+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	})
	return &Issuer{server.URL, key}
}

// Token returns a token of the user "ann" for an audience, with scopes that have spaces
// between them.
func (i *Issuer) Token(t *testing.T, audience, scopes string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": i.URL, "aud": audience, "sub": "ann", "scope": scopes, "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "1"
	text, err := token.SignedString(i.key)
	require.NoError(t, err)
	return text
}
