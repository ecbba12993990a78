package auth

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
)

// A Basic is a scheme of names and passwords (RFC 7617): Authorization: Basic <base64>. The
// texts are UTF-8. P is the type of a caller. It is declared as a pointer to a literal and
// not changed afterwards.
type Basic[P Principal] struct {
	Name  string // in documents and faults; required
	Realm string // in challenges; by default the name
	Doc   string // for documents
}

// Needs requires a name and a password, with any scopes.
func (b *Basic[P]) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: b}} }

// Scope requires a caller who has all the scopes.
func (b *Basic[P]) Scope(scopes ...string) endpoint.Requirement {
	return endpoint.Needs{{Scheme: b, Scopes: scopes}}
}

// Err returns what is wrong with the scheme, or nil.
func (b *Basic[P]) Err() error { return checkName("Basic", b.Name, b.Realm) }

// Info describes the scheme.
func (b *Basic[P]) Info() endpoint.SchemeInfo {
	return endpoint.SchemeInfo{Name: b.Name, Type: "http", Scheme: "basic", Doc: b.Doc}
}

// Challenge returns a challenge of RFC 7617 §2. There is none for a missing scope.
func (b *Basic[P]) Challenge(code string, _ []string) string {
	if code == "insufficient_scope" {
		return ""
	}
	return challenge("Basic", cmp.Or(b.Realm, b.Name), "charset", "UTF-8")
}

// Verify returns the layer of a server that verifies names and passwords. verify returns who
// has them, and with which scopes; for its errors, see [Bearer.Verify]. It compares secrets
// with [Equal]. A name has no colon, a password may have some.
func (b *Basic[P]) Verify(verify func(ctx context.Context, name, password string) (P, []string, error), opts ...VerifyOption) endpoint.Layer {
	if b == nil || verify == nil {
		return newVerifier(b, readBasic, nil, opts)
	}
	return newVerifier(b, readBasic, func(ctx context.Context, credential string) (*endpoint.Proof, error) {
		name, password, _ := strings.Cut(credential, ":")
		p, scopes, err := verify(ctx, name, password)
		if err != nil {
			return nil, err
		}
		return proofOf(b, p, scopes), nil
	}, opts)
}

// Send returns the layer of a client that sends a name and a password. A name with a colon,
// and control characters in either, are construction errors.
func (b *Basic[P]) Send(name, password string) endpoint.Layer {
	if strings.Contains(name, ":") || !isText(name) || !isText(password) {
		return newSender(b, &Tokens{failed: errors.New("auth: Basic: Send: the name has a colon, or the name or the password is not text")}, writeBasic)
	}
	return newSender(b, Static(name+":"+password), writeBasic)
}

// Relay returns a layer for both ends of a gateway; see [Bearer.Relay].
func (b *Basic[P]) Relay() endpoint.Layer { return newRelay(b, readBasic, writeBasic) }

// From returns who calls; see [Bearer.From].
func (b *Basic[P]) From(ctx context.Context) (p P, ok bool) { return from[P](ctx, b) }

// As returns a context in which p calls, as From sees it, for tests of handlers.
func (b *Basic[P]) As(ctx context.Context, p P) context.Context {
	return context.WithValue(ctx, asKey{b}, p)
}

func readBasic(_ context.Context, call *endpoint.Call) (string, bool, error) {
	return readAuthorization(call, parseBasic)
}

func writeBasic(ctx context.Context, call *endpoint.Call, credential string) context.Context {
	call.Header().Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credential)))
	return ctx
}

// parseBasic returns the name and the password of a value of Authorization, joined by a
// colon. ok is false for another scheme.
func parseBasic(value string) (credential string, ok bool, err error) {
	encoded, ok := cutScheme(value, "Basic")
	if !ok {
		return "", false, nil
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !isText(string(raw)) || !strings.Contains(string(raw), ":") {
		return "", true, errMalformed
	}
	return string(raw), true, nil
}

// isText reports whether s is UTF-8 without control characters (RFC 7617 §2).
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
