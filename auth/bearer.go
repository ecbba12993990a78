package auth

import (
	"cmp"
	"context"
	"strings"

	"github.com/typedkit/endpoint"
)

// A Bearer is a scheme of bearer tokens (RFC 6750): Authorization: Bearer <token>. P is the
// type of a caller. It is declared as a pointer to a literal and not changed afterwards.
type Bearer[P Principal] struct {
	Name   string // in documents and faults; required
	Realm  string // in challenges; by default the name
	Format string // of the tokens, for documents: "JWT"
	Doc    string // for documents
}

// Needs requires a token, with any scopes.
func (b *Bearer[P]) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: b}} }

// Scope requires a token that has all the scopes.
func (b *Bearer[P]) Scope(scopes ...string) endpoint.Requirement {
	return endpoint.Needs{{Scheme: b, Scopes: scopes}}
}

// Err returns what is wrong with the scheme, or nil.
func (b *Bearer[P]) Err() error { return checkName("Bearer", b.Name, b.Realm) }

// Info describes the scheme.
func (b *Bearer[P]) Info() endpoint.SchemeInfo {
	return endpoint.SchemeInfo{Name: b.Name, Type: "http", Scheme: "bearer", Format: b.Format, Doc: b.Doc}
}

// Challenge returns a challenge of RFC 6750 §3.
func (b *Bearer[P]) Challenge(code string, scopes []string) string {
	return challenge("Bearer", cmp.Or(b.Realm, b.Name), "error", code, "scope", strings.Join(scopes, " "))
}

// Verify returns the layer of a server that verifies tokens. verify returns whose a token
// is, and its scopes. These are the errors of verify:
//
//   - [ErrOther]: the token is not one of this scheme, and the call passes without a proof;
//   - an *endpoint.Error of another code than Unauthenticated, or that of a context that
//     has ended: the call fails with it, because whether the token is valid is not known;
//   - any other: the token is not valid. The call fails with endpoint.ErrUnauthenticated,
//     or with an *endpoint.Error of that code as it is.
//
// verify must be safe for concurrent use. It is not called for a token that is malformed,
// longer than 8 KiB, or one of several in a request: none of these is valid.
func (b *Bearer[P]) Verify(verify func(ctx context.Context, token string) (P, []string, error), opts ...VerifyOption) endpoint.Layer {
	if b == nil || verify == nil {
		return newVerifier(b, readBearer, nil, opts)
	}
	return newVerifier(b, readBearer, func(ctx context.Context, token string) (*endpoint.Proof, error) {
		p, scopes, err := verify(ctx, token)
		if err != nil {
			return nil, err
		}
		return proofOf(b, p, scopes), nil
	}, opts)
}

// Send returns the layer of a client that sends tokens. A token that the server refuses is
// dropped, and the error of the call says that it may be repeated, so that a
// resilience.Retry repeats it with the next token.
func (b *Bearer[P]) Send(tokens *Tokens) endpoint.Layer { return newSender(b, tokens, writeBearer) }

// Relay returns a layer for both ends of a gateway: its server takes any token, without
// verifying it, and its client sends the token on. The server further in verifies it, and
// if it refuses the token or misses a scope, so does the gateway.
func (b *Bearer[P]) Relay() endpoint.Layer { return newRelay(b, readBearer, writeBearer) }

// From returns who calls: in a handler, in the layers of its server inside Verify, and in
// those of the clients that it uses. ok is false if no token was verified.
func (b *Bearer[P]) From(ctx context.Context) (p P, ok bool) { return from[P](ctx, b) }

// As returns a context in which p calls, as From sees it, for tests of handlers.
func (b *Bearer[P]) As(ctx context.Context, p P) context.Context {
	return context.WithValue(ctx, asKey{b}, p)
}

func readBearer(_ context.Context, call *endpoint.Call) (string, bool, error) {
	return readAuthorization(call, parseBearer)
}

func writeBearer(ctx context.Context, call *endpoint.Call, token string) context.Context {
	call.Header().Set("Authorization", "Bearer "+token)
	return ctx
}

// parseBearer returns the token of a value of Authorization. ok is false for another
// scheme.
func parseBearer(value string) (token string, ok bool, err error) {
	token, ok = cutScheme(value, "Bearer")
	if ok && !isToken68(token) {
		return "", true, errMalformed
	}
	return token, ok, nil
}

// isToken68 reports whether s has the form of a bearer token: the token68 of RFC 9110
// §11.2.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return true
}
