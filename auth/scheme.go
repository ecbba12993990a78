package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
)

// ErrPermissionDenied is for handlers and middlewares whose caller is known and may not do
// what it asks for.
var ErrPermissionDenied = endpoint.Define(endpoint.PermissionDenied, "endpoint", "PERMISSION_DENIED", "permission denied")

// A Principal is a caller as a program knows it. Principal returns its name for logs,
// limits and [endpoint.Call.Principal].
//
// If it also has a method Expires() time.Time, a verification is cached no longer than
// until then; see [Cached].
type Principal interface{ Principal() string }

// All requires all of several requirements together, as in
// httpx.Requires(auth.All(Users, Apps.Scope("rooms"))).
func All(all ...endpoint.Requirement) endpoint.Requirement { return together(slices.Clone(all)) }

type together []endpoint.Requirement

// Needs returns the needs of all. A nil requirement is a need without a scheme, which is a
// construction error.
func (t together) Needs() endpoint.Needs {
	var needs endpoint.Needs
	for _, r := range t {
		if r == nil {
			needs = append(needs, endpoint.Need{})
			continue
		}
		needs = append(needs, r.Needs()...)
	}
	return needs
}

// asKey is the key of the principal that As puts into a context.
type asKey struct{ scheme endpoint.Scheme }

// from returns who calls by a scheme.
func from[P Principal](ctx context.Context, s endpoint.Scheme) (p P, ok bool) {
	if p, ok = ctx.Value(asKey{s}).(P); ok {
		return p, true
	}
	proof := endpoint.Incoming(ctx).ProofBy(s)
	if proof == nil {
		return p, false
	}
	p, ok = proof.Value.(P)
	return p, ok
}

// proofOf returns the proof of a caller.
func proofOf[P Principal](s endpoint.Scheme, p P, scopes []string) *endpoint.Proof {
	return &endpoint.Proof{Scheme: s, Principal: p.Principal(), Scopes: scopes, Value: p}
}

// checkName returns what is wrong with the name and the realm of a scheme.
func checkName(kind, name, realm string) error {
	var faults []error
	if name == "" {
		faults = append(faults, fmt.Errorf("auth: %s: the name is empty", kind))
	}
	if !isQuotable(name) || !isQuotable(realm) {
		faults = append(faults, fmt.Errorf("auth: %s %q: the name and the realm must be printable ASCII without quotes and backslashes", kind, name))
	}
	return errors.Join(faults...)
}

// isQuotable reports whether s may stand between quotes in a header as it is.
func isQuotable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

// challenge returns a value of WWW-Authenticate: a scheme with a realm, and parameters.
// Empty ones are left out.
func challenge(scheme, realm string, params ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `%s realm="%s"`, scheme, realm)
	for i := 0; i < len(params); i += 2 {
		if params[i+1] != "" {
			fmt.Fprintf(&b, `, %s="%s"`, params[i], params[i+1])
		}
	}
	return b.String()
}
