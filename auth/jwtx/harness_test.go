package jwtx_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json/v2"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/auth/jwtx"
	"github.com/typedkit/endpoint/endpointtest"
)

type user struct{ name string }

func (u user) Principal() string { return u.name }

// claims are those that the tests read.
type claims struct {
	Subject string      `json:"sub"`
	ID      string      `json:"jti"`
	Scope   jwtx.Scopes `json:"scope"`
}

// subjectOf refuses one token, by its id.
func subjectOf(_ context.Context, c claims) (user, []string, error) {
	if c.ID == "revoked" {
		return user{}, nil, errors.New("the token is revoked")
	}
	return user{c.Subject}, c.Scope, nil
}

// verifier is what Verify returns.
type verifier = func(ctx context.Context, token string) (user, []string, error)

// An issuer serves its keys over HTTP.
type issuer struct {
	url    string
	client *http.Client

	mu     sync.Mutex // guards the fields below
	keys   []map[string]any
	answer http.HandlerFunc // instead of the keys, if not nil
	asked  int
}

// newIssuer serves on a socket until the test ends.
func newIssuer(tb testing.TB, keys ...map[string]any) *issuer {
	tb.Helper()
	i := &issuer{keys: keys}
	server := httptest.NewServer(i)
	tb.Cleanup(server.Close)
	i.url, i.client = server.URL, server.Client()
	return i
}

// inBubble serves in memory until the test ends, for a synctest bubble.
func inBubble(t *testing.T, keys ...map[string]any) *issuer {
	t.Helper()
	i := &issuer{url: "http://issuer.test", keys: keys}
	listener := endpointtest.NewListener()
	server := &http.Server{Handler: i, ReadHeaderTimeout: time.Hour}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.Dial, DisableKeepAlives: true}
	i.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	answer, keys := i.answer, i.keys
	if r.URL.Path == "/keys" {
		i.asked++
	}
	i.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case r.URL.Path == "/keys":
		_ = json.MarshalWrite(w, map[string]any{"keys": keys})
	case r.URL.Path == "/.well-known/openid-configuration":
		_ = json.MarshalWrite(w, map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys", "other": 1})
	default:
		http.NotFound(w, r)
	}
}

// set replaces the keys, and what is answered instead of them.
func (i *issuer) set(answer http.HandlerFunc, keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer, i.keys = answer, keys
}

// fetched returns how often the keys were asked for.
func (i *issuer) fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// make returns an Issuer for the audience "rooms".
func (i *issuer) make(tb testing.TB, opts ...jwtx.Option) *jwtx.Issuer {
	tb.Helper()
	made, err := jwtx.New(i.url, "rooms", append([]jwtx.Option{jwtx.HTTPClient(i.client)}, opts...)...)
	require.NoError(tb, err)
	return made
}

// verifier returns a Verify of it.
func (i *issuer) verifier(tb testing.TB, opts ...jwtx.Option) verifier {
	tb.Helper()
	return i.make(tb, opts...).Verify(subjectOf)
}

// claimsOf returns valid claims, with changes. A nil removes a claim.
func (i *issuer) claimsOf(changes map[string]any) jwt.MapClaims {
	all := jwt.MapClaims{
		"iss": i.url, "aud": []string{"rooms", "other"}, "sub": "ann", "scope": "rooms:read rooms:write",
		"exp": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Unix(),
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// token returns a valid token.
func (i *issuer) token(tb testing.TB, kid string, key crypto.Signer, changes map[string]any) string {
	tb.Helper()
	return sign(tb, methodOf(key), map[string]any{"kid": kid}, i.claimsOf(changes), key)
}

// sign returns a token with headers and claims.
func sign(tb testing.TB, method jwt.SigningMethod, header map[string]any, claims jwt.Claims, key any) string {
	tb.Helper()
	token := jwt.NewWithClaims(method, claims)
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	require.NoError(tb, err)
	return text
}

func methodOf(key crypto.Signer) jwt.SigningMethod {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return jwt.SigningMethodRS256
	case *ecdsa.PrivateKey:
		return map[string]jwt.SigningMethod{
			"P-256": jwt.SigningMethodES256, "P-384": jwt.SigningMethodES384, "P-521": jwt.SigningMethodES512,
		}[k.Params().Name]
	default:
		return jwt.SigningMethodEdDSA
	}
}

func newEC(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(tb, err)
	return key
}

func newRSA(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(tb, err)
	return key
}

func newEd(tb testing.TB) ed25519.PrivateKey {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(tb, err)
	return key
}

// jwk returns the public part of a key, with more members.
func jwk(tb testing.TB, kid string, key crypto.Signer, more map[string]any) map[string]any {
	tb.Helper()
	text := base64.RawURLEncoding.EncodeToString
	all := map[string]any{"kid": kid, "use": "sig"}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		maps.Copy(all, map[string]any{"kty": "RSA", "n": text(public.N.Bytes()), "e": text(big.NewInt(int64(public.E)).Bytes())})
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		require.NoError(tb, err)
		half := len(point) / 2
		maps.Copy(all, map[string]any{"kty": "EC", "crv": public.Params().Name, "x": text(point[1 : half+1]), "y": text(point[half+1:])})
	case ed25519.PublicKey:
		maps.Copy(all, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": text(public)})
	}
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}
