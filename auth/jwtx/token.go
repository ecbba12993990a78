package jwtx

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/internal/bounds"
)

// maxKid is how many bytes of a token's kid are compared and quoted.
const maxKid = 256

// A refusal is why a token is not valid, where the library has no error for it.
type refusal string

func (r refusal) Error() string { return "jwtx: " + string(r) }

// errInvalid is the error of a token for all other reasons.
const errInvalid refusal = "the token is not valid"

// An unknownKey is the error of a token that names a key which is not in the set.
type unknownKey struct{ kid string }

func (e *unknownKey) Error() string { return fmt.Sprintf("jwtx: the issuer has no key %q", e.kid) }

// payload is the claims of a token: those that are verified here, and all as they came. A
// member that stands twice is an error, so that no two readers see different claims.
type payload struct {
	jwt.RegisteredClaims

	raw []byte
}

// UnmarshalJSON reads the claims that are verified.
func (p *payload) UnmarshalJSON(data []byte) error {
	p.raw = bytes.Clone(data)
	return json.Unmarshal(data, &p.RegisteredClaims)
}

// verified returns the claims of a token, as decode makes them of the raw ones: those that
// are remembered, if any.
func (i *Issuer) verified(ctx context.Context, known *memo, token string, decode func(raw []byte) (any, error)) (any, error) {
	set, err := i.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	key := digest(token)
	if v, ok := known.get(key, set); ok {
		return v, nil
	}
	p, set, err := i.check(ctx, set, token)
	if err != nil {
		return nil, err
	}
	v, err := decode(p.raw)
	if err != nil {
		return nil, err
	}
	known.put(key, entry{set, p.ExpiresAt.Add(i.leeway), v})
	return v, nil
}

// check verifies a token by the keys of a set, or of a newer one if the token names a key
// that is not in it. It returns the set as well.
func (i *Issuer) check(ctx context.Context, set *keySet, token string) (*payload, *keySet, error) {
	p, err := i.checkBy(set, token)
	if _, unknown := errors.AsType[*unknownKey](err); !unknown {
		return p, set, err
	}
	set, err = i.keys.newest(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err = i.checkBy(set, token)
	return p, set, err
}

// maxHeader bounds the header of a token, which is parsed before its signature is verified.
const maxHeader = 1 << 10

func (i *Issuer) checkBy(set *keySet, token string) (*payload, error) {
	if strings.IndexByte(token, '.') > maxHeader {
		return nil, errInvalid
	}
	var p payload
	_, err := i.parser.ParseWithClaims(token, &p, func(t *jwt.Token) (any, error) { return i.keyOf(set, &p, t.Header) })
	switch {
	// Even if the parser knows nothing of its algorithm.
	case err != nil && i.pass && p.raw != nil && p.Issuer != i.name:
		return nil, auth.ErrOther
	case err != nil:
		return nil, reason(err)
	}
	if p.ExpiresAt == nil || !time.Now().Before(p.ExpiresAt.Add(i.leeway)) {
		return nil, errInvalid
	}
	return &p, nil
}

// keyOf returns the key that a token names. The parser has checked that the algorithm is
// one of those that are allowed, and nothing else.
func (i *Issuer) keyOf(set *keySet, p *payload, header map[string]any) (any, error) {
	if p.Issuer != i.name { // its keys are elsewhere
		return nil, jwt.ErrTokenInvalidIssuer
	}
	// RFC 7515 §4.1.11: "If any of the listed extension Header Parameters are not
	// understood and supported by the recipient, then the JWS is invalid."
	if _, critical := header["crit"]; critical {
		return nil, refusal("the token has critical headers")
	}
	if typ, _ := header["typ"].(string); i.typ != "" && mediaType(typ) != i.typ {
		return nil, refusal("the token is not of the type " + i.typ)
	}
	alg, _ := header["alg"].(string)
	kid, named := header["kid"].(string)
	if _, there := header["kid"]; there != named {
		return nil, jwt.ErrTokenMalformed
	}
	return set.find(alg, bounds.Cut(kid, maxKid), named)
}

// reason returns the part of the library's error that does not quote the token.
func reason(err error) error {
	if e, ok := errors.AsType[*unknownKey](err); ok {
		return e
	}
	if r, ok := errors.AsType[refusal](err); ok {
		return r
	}
	for _, known := range []error{
		jwt.ErrTokenInvalidIssuer, jwt.ErrTokenMalformed, jwt.ErrTokenSignatureInvalid,
		jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenInvalidAudience, jwt.ErrTokenRequiredClaimMissing,
	} {
		if errors.Is(err, known) {
			return fmt.Errorf("jwtx: %w", known)
		}
	}
	return errInvalid
}
