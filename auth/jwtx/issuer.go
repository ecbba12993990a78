package jwtx

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/typedkit/endpoint/auth"
)

// An Issuer verifies the tokens of one issuer that are meant for one service. A token must
// have
//
//   - a signature by a key of the issuer, with an algorithm that fits the key: RS256, PS256,
//     ES256, their variants with 384 and 512, and EdDSA, or those of them that [Algorithms]
//     names. There is no algorithm with a shared secret, and none without a key;
//   - the issuer as its claim iss, and the audience as one of its claim aud;
//   - an expiry (exp) in the future, and if it has the claim nbf, one in the past. The clocks
//     may differ by 30 s ([Leeway]).
//
// The keys are fetched when a call needs them. After 5 min ([Refresh]) the next call fetches
// them again, in the background. A token that names an unknown key fetches them earlier, but at
// most every 10 s, because anybody can send such a token. While the issuer does not answer,
// the known keys stay in use for 24 h ([Keep]). A set of keys has at most 256 KiB and
// 100 keys, and a fetch ends after 5 s. Redirects are errors.
//
// Verified tokens are remembered by their digests, up to 10,000 for each func that Verify
// returns, until they expire or the keys of the issuer change.
//
// Make one with [New]. It is safe for concurrent use. It has a goroutine only during a fetch.
// See decision 205.
type Issuer struct {
	name   string // read-only after New, as all fields
	parser *jwt.Parser
	leeway time.Duration
	typ    string // of tokens; "" if any
	pass   bool   // tokens of other issuers
	keys   *keys
}

// New returns the Issuer of the tokens whose claim iss is issuer, and whose claim aud has
// audience. The URL of its keys is in issuer's OpenID configuration, at
// issuer/.well-known/openid-configuration, unless [Keys] sets it. The error joins all that
// is wrong with the arguments. New does not connect to the issuer.
func New(issuer, audience string, opts ...Option) (*Issuer, error) {
	s := newSettings(issuer, audience)
	for i, o := range opts {
		if o == nil {
			s.fault("option %d is nil", i)
			continue
		}
		o.apply(s)
	}
	s.finish()
	if err := errors.Join(s.faults...); err != nil {
		return nil, err
	}
	return &Issuer{
		name: issuer, leeway: s.leeway, typ: s.typ, pass: s.pass,
		parser: jwt.NewParser(
			jwt.WithValidMethods(s.algorithms), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithLeeway(s.leeway), jwt.WithStrictDecoding(),
		),
		keys: &keys{fetch: s.source().fetch, refresh: s.refresh, keep: s.keep},
	}, nil
}

// Verify returns a function for the method Verify of an [auth.Bearer]. It verifies a token,
// reads its claims into a C by the rules of encoding/json/v2, and calls user for each call
// of the service. C is a struct of the program's own. Calls share it, so user must not change
// the values that its pointers, slices and maps refer to. P is the type of a caller.
//
// user returns whose the token is and its scopes. It is the place to refuse tokens that are
// revoked. Its errors mean what they mean for auth.Bearer. A token that is not valid is an
// error without a code; if the keys of the issuer cannot be fetched, the error has the code
// Unavailable. Verify returns nil if i or user is nil.
//
// auth.Cached is not needed around it, and would keep a token that has expired.
func (i *Issuer) Verify[C any, P auth.Principal](user func(ctx context.Context, claims C) (P, []string, error)) func(ctx context.Context, token string) (P, []string, error) {
	if i == nil || user == nil {
		return nil
	}
	known := newMemo()
	return func(ctx context.Context, token string) (P, []string, error) {
		v, err := i.verified(ctx, known, token, func(raw []byte) (any, error) {
			c := new(C)
			return c, decode(raw, c)
		})
		if err != nil {
			return *new(P), nil, err
		}
		return user(ctx, *v.(*C))
	}
}

// decode reads claims. Its error does not quote them, because it goes into logs.
func decode(raw []byte, to any) error {
	err := json.Unmarshal(raw, to)
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("jwtx: the claims do not fit %T: at %q", to, s.JSONPointer)
	}
	if err != nil {
		return fmt.Errorf("jwtx: the claims do not fit %T", to)
	}
	return nil
}

// Ping returns nil if keys of the issuer are known. It waits for a fetch if there was none.
// It is for server.Check.
func (i *Issuer) Ping(ctx context.Context) error {
	_, err := i.keys.get(ctx)
	return err
}

// algorithms returns all algorithms that tokens may have.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// isAlgorithm reports whether it is one of them.
func isAlgorithm(name string) bool { return slices.Contains(algorithms(), name) }
