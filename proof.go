package endpoint

import (
	"slices"
	"strconv"
	"strings"
)

// A Proof is what a layer has verified about who calls. It is not changed after
// [Call.Prove], so calls with the same credentials may share one.
type Proof struct {
	// Scheme is how the caller was proven.
	Scheme Scheme
	// Principal names the caller, for [Call.Principal].
	Principal string
	// Scopes are what the caller may do.
	Scopes []string
	// Value is the caller as the layer knows it.
	Value any
	// Relayed reports whether the credentials were not verified, because a server further
	// in does that. No scopes are required of such a proof.
	Relayed bool
	// Identity tells callers apart where calls share work, as with resilience.Coalesce.
	// If it is empty, callers of one Principal and the same Scopes are alike.
	Identity string
}

// Prove adds a proof of who calls. The principal of the first one that has one becomes that of
// the call; see [Call.SetPrincipal]. A second proof by the same scheme is ignored, unless only
// the first one is Relayed: then it takes its place. For authors of layers, in Enter.
func (c *Call) Prove(p *Proof) {
	if c == nil || p == nil {
		return
	}
	named := c.isNamed()
	switch before := c.ProofBy(p.Scheme); {
	case before != nil && (p.Relayed || !before.Relayed):
		return
	case before == nil && c.proof == nil, before != nil && before == c.proof:
		c.proof = p
	default:
		c.proofs = append(slices.DeleteFunc(slices.Clone(c.proofs), func(other *Proof) bool { return other == before }), p)
	}
	if p.Principal != "" && !named {
		c.principal = p.Principal
	}
}

// isNamed reports whether a proof has named the caller.
func (c *Call) isNamed() bool {
	return c.proof != nil && c.proof.Principal != "" || slices.ContainsFunc(c.proofs, func(p *Proof) bool { return p.Principal != "" })
}

// ProofBy returns the proof of who calls by a scheme, or nil.
func (c *Call) ProofBy(s Scheme) *Proof {
	if c == nil || c.proof == nil {
		return nil
	}
	if c.proof.Scheme == s {
		return c.proof
	}
	for _, p := range c.proofs {
		if p.Scheme == s {
			return p
		}
	}
	return nil
}

// Identity returns a text that is equal for calls that were proven to be of the same
// caller with the same scopes, and "" for a call without a proof. Whoever shares the
// result of a call with others makes it part of the key. It may hold a digest of
// credentials, and is not for logs.
func (c *Call) Identity() string {
	if c == nil || c.proof == nil {
		return ""
	}
	text := c.proof.appendIdentity(nil)
	for _, p := range c.proofs {
		text = p.appendIdentity(text)
	}
	return string(text)
}

// appendIdentity appends the parts that tell p apart, each quoted.
func (p *Proof) appendIdentity(text []byte) []byte {
	for _, part := range []string{p.Scheme.Info().Name, p.Principal, strings.Join(p.Scopes, " "), p.Identity} {
		text = strconv.AppendQuote(text, part)
	}
	return append(text, ';')
}
