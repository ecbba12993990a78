package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/credential"
)

// An APIKey is a scheme of keys in a header, a parameter of the query or a cookie: exactly
// one of the three is set. P is the type of a caller. It is declared as a pointer to a
// literal and not changed afterwards.
//
// A key in a query is on every proxy's way into its logs, so a header is better. Over
// transports other than HTTP, calls have no query.
type APIKey[P Principal] struct {
	Name   string // in documents and faults; required
	Header string // the name of the header, such as "X-Api-Key"
	Query  string // the name of the parameter
	Cookie string // the name of the cookie
	Realm  string // in challenges; by default the name
	Doc    string // for documents
}

// Needs requires a key, with any scopes.
func (k *APIKey[P]) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: k}} }

// Scope requires a key that has all the scopes.
func (k *APIKey[P]) Scope(scopes ...string) endpoint.Requirement {
	return endpoint.Needs{{Scheme: k, Scopes: scopes}}
}

// Err returns what is wrong with the scheme, or nil.
func (k *APIKey[P]) Err() error {
	places := 0
	for _, name := range []string{k.Header, k.Query, k.Cookie} {
		if name != "" {
			places++
		}
	}
	var err error
	switch {
	case places != 1:
		err = fmt.Errorf("auth: APIKey %q: exactly one of Header, Query and Cookie must be set, got %d", k.Name, places)
	case k.Query == "" && !isToken(k.Header+k.Cookie):
		err = fmt.Errorf("auth: APIKey %q: %q is not the name of a header or a cookie", k.Name, k.Header+k.Cookie)
	}
	return errors.Join(err, checkName("APIKey", k.Name, k.Realm))
}

// Info describes the scheme.
func (k *APIKey[P]) Info() endpoint.SchemeInfo {
	return endpoint.SchemeInfo{Name: k.Name, Type: "apiKey", In: k.in(), Param: k.Header + k.Query + k.Cookie, Doc: k.Doc}
}

func (k *APIKey[P]) in() string {
	switch {
	case k.Header != "":
		return "header"
	case k.Query != "":
		return "query"
	}
	return "cookie"
}

// Challenge returns a challenge that names where the key belongs, because an answer with
// the status 401 must have one (RFC 9110 §15.5.2). There is none for a missing scope.
func (k *APIKey[P]) Challenge(code string, _ []string) string {
	if code == "insufficient_scope" {
		return ""
	}
	return challenge("ApiKey", cmp.Or(k.Realm, k.Name), "in", k.in(), "name", k.Header+k.Query+k.Cookie)
}

// Verify returns the layer of a server that verifies keys. verify returns whose a key is,
// and its scopes; for its errors, see [Bearer.Verify]. It compares keys with [Equal], or is
// made by [Keys].
func (k *APIKey[P]) Verify(verify func(ctx context.Context, key string) (P, []string, error), opts ...VerifyOption) endpoint.Layer {
	if k == nil || verify == nil {
		return newVerifier(k, nil, nil, opts)
	}
	return newVerifier(k, k.read(), func(ctx context.Context, key string) (*endpoint.Proof, error) {
		p, scopes, err := verify(ctx, key)
		if err != nil {
			return nil, err
		}
		return proofOf(k, p, scopes), nil
	}, opts)
}

// Send returns the layer of a client that sends keys; see [Bearer.Send].
func (k *APIKey[P]) Send(keys *Tokens) endpoint.Layer { return newSender(k, keys, k.write()) }

// Relay returns a layer for both ends of a gateway; see [Bearer.Relay].
func (k *APIKey[P]) Relay() endpoint.Layer { return newRelay(k, k.read(), k.write()) }

// From returns who calls; see [Bearer.From].
func (k *APIKey[P]) From(ctx context.Context) (p P, ok bool) { return from[P](ctx, k) }

// As returns a context in which p calls, as From sees it, for tests of handlers.
func (k *APIKey[P]) As(ctx context.Context, p P) context.Context {
	return context.WithValue(ctx, asKey{k}, p)
}

func (k *APIKey[P]) read() reader { return readKey(k.Header, k.Query, k.Cookie) }

func (k *APIKey[P]) write() writer { return writeKey(k.Header, k.Query, k.Cookie) }

func readKey(header, query, cookie string) reader {
	inHeader := keyOf(header)
	return func(ctx context.Context, call *endpoint.Call) (string, bool, error) {
		var values []string
		switch {
		case header != "":
			values = inHeader.of(call.Header())
		case query != "":
			values = credential.Query(ctx, query)
		default:
			return parseCookies(call.Header().Values("Cookie"), cookie)
		}
		return oneKey(values)
	}
}

// oneKey returns the only one of several values.
func oneKey(values []string) (key string, ok bool, err error) {
	switch {
	case len(values) == 0:
		return "", false, nil
	case len(values) > 1:
		return "", true, errDoubled
	case values[0] == "":
		return "", true, errMalformed
	case len(values[0]) > maxCredential:
		return "", true, errTooLong
	}
	return values[0], true, nil
}

// parseCookies returns the value of a cookie in lines of the header Cookie (RFC 6265 §4.2).
func parseCookies(lines []string, name string) (value string, ok bool, err error) {
	found := 0
	for _, line := range lines {
		if len(line) > maxCookies {
			return "", true, errTooLong
		}
		for pair := range strings.SplitSeq(line, ";") {
			key, v, is := strings.Cut(strings.Trim(pair, " \t"), "=")
			if is && key == name {
				value, found = strings.Trim(v, `"`), found+1
			}
		}
	}
	switch {
	case found == 0:
		return "", false, nil
	case found > 1:
		return "", true, errDoubled
	}
	return oneKey([]string{value})
}

// maxCookies is how many bytes of a line of cookies are looked at: browsers send all that
// they have for a site.
const maxCookies = 64 << 10

func writeKey(header, query, cookie string) writer {
	return func(ctx context.Context, call *endpoint.Call, key string) context.Context {
		switch {
		case header != "":
			call.Header().Set(header, key)
		case query != "":
			return credential.WithQuery(ctx, query, key)
		default:
			call.Header().Set("Cookie", withCookie(call.Header().Get("Cookie"), cookie, key))
		}
		return ctx
	}
}

// withCookie returns a line of cookies with one of them set.
func withCookie(line, name, value string) string {
	var all []string
	for pair := range strings.SplitSeq(line, ";") {
		pair = strings.Trim(pair, " \t")
		if key, _, _ := strings.Cut(pair, "="); pair != "" && key != name {
			all = append(all, pair)
		}
	}
	return strings.Join(append(all, name+"="+value), "; ")
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
