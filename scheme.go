package endpoint

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Errors of calls whose caller is not known, or may not do what it asks for.
var (
	// ErrUnauthenticated is the error of a call without valid credentials of a scheme that
	// the operation requires.
	ErrUnauthenticated = Define(Unauthenticated, "endpoint", "UNAUTHENTICATED", "valid credentials are required")
	// ErrScopeMissing is the error of a call whose caller is known and lacks a scope that
	// the operation requires. Its message and the key "scope" of its Meta name the scopes
	// that are missing, separated by spaces.
	ErrScopeMissing = Define(PermissionDenied, "endpoint", "SCOPE_MISSING", "a scope is missing")
)

// A Scheme is a way to prove who calls, such as the bearer tokens of one issuer. It is
// declared once and compared by ==, so it is a pointer. Package auth has the usual ones.
// It is safe for concurrent use.
//
// A Scheme may have a method Err() error with what is wrong with it, which every operation
// that requires it reports.
type Scheme interface {
	// Needs is the requirement of a caller that is proven by the scheme, with any scopes.
	Requirement
	// Info describes the scheme for documents.
	Info() SchemeInfo
	// Challenge returns the value of the header WWW-Authenticate that asks for credentials,
	// or "" if there is none. code is an error code of RFC 6750: "invalid_token" for
	// credentials that were refused, "insufficient_scope" if scopes are missing, and "" if
	// no credentials came.
	Challenge(code string, scopes []string) string
}

// A SchemeInfo describes a [Scheme], with the words of OpenAPI.
type SchemeInfo struct {
	Name   string // of the scheme; two schemes of one service have different names
	Type   string // "http", "apiKey", "mutualTLS" and so on
	Scheme string // of type http: "bearer", "basic"
	In     string // of type apiKey: "header", "query", "cookie"
	Param  string // of type apiKey: the name of the header, the parameter or the cookie
	Format string // of bearer tokens: "JWT"
	Doc    string
}

// A Requirement is what a caller must prove: a [Scheme], a Scheme with scopes, or several
// of these together.
type Requirement interface {
	Needs() Needs
}

// Needs are schemes that a caller must all prove. It is a [Requirement].
type Needs []Need

// A Need is a scheme that a caller must prove, with scopes that it must have.
type Need struct {
	Scheme Scheme
	Scopes []string
}

// Needs returns n.
func (n Needs) Needs() Needs { return n }

// A Verifier is a [Layer] of a server that proves callers by [Call.Prove]. An operation
// that requires a scheme which no Verifier of its stack verifies is a construction error.
type Verifier interface {
	Layer
	Verifies(s Scheme) bool
}

// A Sender is a [Layer] of a client that sends credentials of schemes. A client must have
// the Senders for one of the alternatives that an operation requires. [Stack.Bind] moves
// Senders to the end of the stack, so that each attempt sends fresh credentials, and leaves
// out those of schemes that the operation does not require. An operation that requires
// nothing has the stack as it is.
type Sender interface {
	Layer
	Sends(s Scheme) bool
}

// Require adds a requirement to an operation that is being constructed: the caller must
// meet one of anyOf, in addition to what was required before. It returns what is wrong
// with anyOf. For authors of transports. See decision 203.
func (o *Operation) Require(anyOf ...Requirement) error {
	var faults []error
	if len(anyOf) == 0 {
		faults = append(faults, errors.New("nothing is required"))
	}
	alternatives := make([]Needs, 0, len(anyOf))
	for _, r := range anyOf {
		needs, err := needsOf(r)
		faults = append(faults, err)
		alternatives = append(alternatives, needs)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if len(o.Requires) == 0 {
		o.Requires = alternatives
		return nil
	}
	var both []Needs
	for _, outer := range o.Requires {
		for _, inner := range alternatives {
			both = append(both, merge(outer, inner))
		}
	}
	o.Requires = shortest(both)
	return nil
}

// shortest returns the alternatives without those that need all of another one.
func shortest(all []Needs) []Needs {
	var kept []Needs
	for i, needs := range all {
		redundant := false
		for j, other := range all {
			if i != j && needs.include(other) && (j < i || !other.include(needs)) {
				redundant = true
			}
		}
		if !redundant {
			kept = append(kept, needs)
		}
	}
	return kept
}

// include reports whether whoever meets n meets other as well.
func (n Needs) include(other Needs) bool {
	return !slices.ContainsFunc(other, func(need Need) bool {
		return !slices.ContainsFunc(n, func(mine Need) bool {
			return mine.Scheme == need.Scheme && !slices.ContainsFunc(need.Scopes, func(s string) bool { return !slices.Contains(mine.Scopes, s) })
		})
	})
}

// needsOf returns the needs of r, one for each scheme, or what is wrong with them.
func needsOf(r Requirement) (Needs, error) {
	if isNil(r) {
		return nil, errors.New("a nil requirement")
	}
	needs := merge(nil, r.Needs())
	if len(needs) == 0 {
		return nil, errors.New("a requirement without a scheme")
	}
	var faults []error
	for _, n := range needs {
		faults = append(faults, n.check())
	}
	return needs, errors.Join(faults...)
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

func (n *Need) check() error {
	switch {
	case isNil(n.Scheme):
		return errors.New("a nil scheme")
	case reflect.TypeOf(n.Scheme).Kind() != reflect.Pointer:
		return fmt.Errorf("the scheme is a %T, want a pointer", n.Scheme)
	}
	if f, ok := n.Scheme.(faulty); ok {
		if err := f.Err(); err != nil {
			return err
		}
	}
	if n.Scheme.Info().Name == "" {
		return fmt.Errorf("the %T has no name", n.Scheme)
	}
	for _, scope := range n.Scopes {
		if !isScope(scope) {
			return fmt.Errorf("%s: %q is not a scope: it must be printable ASCII without spaces, quotes and backslashes", n.Scheme.Info().Name, scope)
		}
	}
	return nil
}

// isScope reports whether s is a scope-token of RFC 6749 §3.3.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// merge returns the needs of both, one for each scheme.
func merge(a, b Needs) Needs {
	all := make(Needs, 0, len(a)+len(b))
	for _, n := range slices.Concat(a, b) {
		i := -1
		if !isNil(n.Scheme) {
			i = slices.IndexFunc(all, func(m Need) bool { return m.Scheme == n.Scheme })
		}
		if i < 0 {
			i = len(all)
			all = append(all, Need{Scheme: n.Scheme})
		}
		for _, scope := range n.Scopes {
			if !slices.Contains(all[i].Scopes, scope) {
				all[i].Scopes = append(all[i].Scopes, scope)
			}
		}
	}
	return all
}

// schemes returns the schemes of all alternatives, each once.
func (o *Operation) schemes() []Scheme {
	var all []Scheme
	for _, needs := range o.Requires {
		for _, n := range needs {
			if !slices.Contains(all, n.Scheme) {
				all = append(all, n.Scheme)
			}
		}
	}
	return all
}
