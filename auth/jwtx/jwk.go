package jwtx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxKeys is how many keys a set may have.
	maxKeys = 100
	// Bits of RSA keys. RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used". The
	// time of a verification grows with the square of it.
	minRSA, maxRSA = 2048, 8192
)

// A keySet has the keys of an issuer that can verify tokens. It does not change.
type keySet struct{ keys []key }

// equal reports whether two sets have the same keys, in the same order.
func (s *keySet) equal(other *keySet) bool {
	return slices.EqualFunc(s.keys, other.keys, func(a, b key) bool {
		return a.id == b.id && a.named == b.named && a.alg == b.alg && a.public.Equal(b.public)
	})
}

// key is one public key.
type key struct {
	id     string
	named  bool   // has an id
	alg    string // "" if any that fits
	public public
}

// public is *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
type public interface{ Equal(x crypto.PublicKey) bool }

// find returns the key that a token names, or the only one that its algorithm fits. A key
// is found only by an algorithm that fits it.
func (s *keySet) find(alg, kid string, named bool) (any, error) {
	var found []key
	for _, k := range s.keys {
		if (!named || k.named && k.id == kid) && k.fits(alg) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 1 || named && len(found) > 1:
		return found[0].public, nil
	case named && !slices.ContainsFunc(s.keys, func(k key) bool { return k.named && k.id == kid }):
		return nil, &unknownKey{kid}
	case named:
		return nil, jwt.ErrTokenSignatureInvalid // the key is not for that algorithm
	}
	return nil, refusal("the token does not name its key")
}

// fits reports whether the key may be used with an algorithm.
func (k *key) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		return alg == map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[public.Curve.Params().Name]
	default:
		return alg == "EdDSA"
	}
}

// parseKeys reads a JWK Set. RFC 7517 §5: "Implementations SHOULD ignore JWKs within a JWK
// Set that use "kty" (key type) values that are not understood by them, that are missing
// required members, or for which values are out of the supported ranges." A set without a
// key of use is an error.
func parseKeys(data []byte) (*keySet, error) {
	var doc struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, errors.New("jwtx: the keys are not a JWK Set")
	}
	if len(doc.Keys) > maxKeys {
		return nil, fmt.Errorf("jwtx: the JWK Set has %d keys, more than %d", len(doc.Keys), maxKeys)
	}
	set := new(keySet)
	for _, raw := range doc.Keys {
		if k, ok := parseKey(raw); ok {
			set.keys = append(set.keys, k)
		}
	}
	if len(set.keys) == 0 {
		return nil, errors.New("jwtx: the JWK Set has no key that signs tokens")
	}
	return set, nil
}

// jwk is a JSON Web Key (RFC 7517), with the parameters of RFC 7518 and RFC 8037.
type jwk struct {
	Type       string   `json:"kty"`
	ID         *string  `json:"kid"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	N          octets   `json:"n"`
	E          octets   `json:"e"`
	Curve      string   `json:"crv"`
	X          octets   `json:"x"`
	Y          octets   `json:"y"`
}

// octets is base64url without padding.
type octets []byte

// UnmarshalText decodes them.
func (b *octets) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	return err
}

// parseKey reads one key. ok is false if it is of no use.
func parseKey(raw []byte) (k key, ok bool) {
	var j jwk
	if json.Unmarshal(raw, &j) != nil ||
		j.Use != "" && j.Use != "sig" ||
		j.Operations != nil && !slices.Contains(j.Operations, "verify") ||
		j.Algorithm != "" && !isAlgorithm(j.Algorithm) {
		return key{}, false
	}
	if k.alg = j.Algorithm; j.ID != nil {
		k.id, k.named = *j.ID, true
	}
	switch j.Type {
	case "RSA":
		k.public, ok = j.rsa()
	case "EC":
		k.public, ok = j.ec()
	case "OKP":
		k.public, ok = ed25519.PublicKey(j.X), j.Curve == "Ed25519" && len(j.X) == ed25519.PublicKeySize
	}
	return k, ok && (k.alg == "" || k.fits(k.alg))
}

func (j *jwk) rsa() (*rsa.PublicKey, bool) {
	n, e := new(big.Int).SetBytes(j.N), new(big.Int).SetBytes(j.E)
	if n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 {
		return nil, false
	}
	// The largest exponent that crypto/rsa takes.
	if e.BitLen() > 31 || e.Cmp(big.NewInt(3)) < 0 || e.Bit(0) == 0 {
		return nil, false
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, true
}

func (j *jwk) ec() (*ecdsa.PublicKey, bool) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	curve := curves[j.Curve]
	if curve == nil {
		return nil, false
	}
	// RFC 7518 §6.2.1.2: "The length of this octet string MUST be the full size of a
	// coordinate".
	size := (curve.Params().BitSize + 7) / 8
	if len(j.X) != size || len(j.Y) != size {
		return nil, false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, j.X, j.Y))
	return public, err == nil // the point is on the curve
}
