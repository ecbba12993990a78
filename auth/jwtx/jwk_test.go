package jwtx_test

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth/jwtx"
)

// TestKeySets verifies a token by a set whose key differs a little. Beside it is another
// key, so that the set is of use.
func TestKeySets(t *testing.T) {
	t.Parallel()
	rs, es, ed := newRSA(t, 2048), newEC(t, elliptic.P256()), newEd(t)
	small := newRSA(t, 1024)
	other := jwk(t, "other", newEd(t), nil)
	zeros := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, tt := range map[string]struct {
		key    crypto.Signer
		change map[string]any
		ok     bool
	}{
		"RSA":                   {rs, nil, true},
		"EC":                    {es, nil, true},
		"OKP":                   {ed, nil, true},
		"no use":                {es, map[string]any{"use": nil}, true},
		"for encryption":        {es, map[string]any{"use": "enc"}, false},
		"verify":                {es, map[string]any{"key_ops": []string{"verify", "x"}}, true},
		"to sign":               {es, map[string]any{"key_ops": []string{"sign"}}, false},
		"its algorithm":         {rs, map[string]any{"alg": "RS256"}, true},
		"another algorithm":     {rs, map[string]any{"alg": "RS512"}, false},
		"an impossible one":     {rs, map[string]any{"alg": "ES256"}, false},
		"an unknown one":        {rs, map[string]any{"alg": "RSA-OAEP"}, false},
		"a shared secret's":     {rs, map[string]any{"alg": "HS256"}, false},
		"an unknown member":     {es, map[string]any{"x5t": "a"}, true},
		"another type":          {es, map[string]any{"kty": "oct", "k": "AAAA"}, false},
		"no type":               {es, map[string]any{"kty": nil}, false},
		"a kid of another kind": {es, map[string]any{"kid": 1}, false},
		"a very long kid":       {es, map[string]any{"kid": strings.Repeat("k", 257)}, false},
		"a small modulus":       {small, nil, false},
		"a large modulus":       {rs, map[string]any{"n": strings.Repeat("_", 1400)}, false},
		"an even modulus":       {rs, map[string]any{"n": strings.Repeat("_", 341) + "8"}, false},
		"no modulus":            {rs, map[string]any{"n": nil}, false},
		"an exponent of 1":      {rs, map[string]any{"e": "AQ"}, false},
		"an even exponent":      {rs, map[string]any{"e": "BA"}, false},
		"a large exponent":      {rs, map[string]any{"e": "_____w"}, false},
		"another exponent":      {rs, map[string]any{"e": "Aw"}, false},
		"padded":                {rs, map[string]any{"e": "AQAB=="}, false},
		"an unknown curve":      {es, map[string]any{"crv": "secp256k1"}, false},
		"a larger curve":        {es, map[string]any{"crv": "P-384"}, false},
		"a point not on it":     {es, map[string]any{"x": zeros}, false},
		"the point at infinity": {es, map[string]any{"x": zeros, "y": zeros}, false},
		"a short coordinate":    {es, map[string]any{"x": "AAAA"}, false},
		"a key exchange":        {ed, map[string]any{"crv": "X25519"}, false},
		"a short key":           {ed, map[string]any{"x": "AAAA"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, other, jwk(t, "1", tt.key, tt.change))
			_, _, err := i.verifier(t)(t.Context(), i.token(t, "1", tt.key, nil))
			require.Equal(t, tt.ok, err == nil, "%v", err)
			require.NotEqual(t, endpoint.Unavailable, endpoint.CodeOf(err))
		})
	}
}

// TestKidTwice has two keys of one kid, which their types tell apart.
func TestKidTwice(t *testing.T) {
	t.Parallel()
	es, ed := newEC(t, elliptic.P256()), newEd(t)
	i := newIssuer(t, jwk(t, "1", es, nil), jwk(t, "1", ed, nil))
	verify := i.verifier(t)
	for _, key := range []crypto.Signer{es, ed} {
		_, _, err := verify(t.Context(), i.token(t, "1", key, nil))
		require.NoError(t, err)
	}
}

// TestNoKid has tokens without a kid, which a key verifies only if no other could.
func TestNoKid(t *testing.T) {
	t.Parallel()
	es, ed, more := newEC(t, elliptic.P256()), newEd(t), newEd(t)
	i := newIssuer(t, jwk(t, "", es, map[string]any{"kid": nil}), jwk(t, "2", ed, nil), jwk(t, "3", more, nil))
	verify := i.verifier(t, jwtx.Keys(i.url+"/keys"))
	_, _, err := verify(t.Context(), sign(t, jwt.SigningMethodES256, nil, i.claimsOf(nil), es))
	require.NoError(t, err)
	_, _, err = verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, nil, i.claimsOf(nil), ed))
	require.ErrorContains(t, err, "does not name its key")
	_, _, err = verify(t.Context(), i.token(t, "", es, nil))
	require.ErrorContains(t, err, `no key ""`)
	require.Equal(t, 1, i.fetched())
}
