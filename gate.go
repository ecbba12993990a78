package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A gate lets the calls of an operation pass whose caller has proven what the operation
// requires. See decision 200.
type gate struct{ op *Operation }

func (g gate) Exit(_ context.Context, _ Token, err error) error { return err }

func (g gate) Enter(ctx context.Context) (context.Context, Token, error) {
	call := CallFrom(ctx)
	if slices.ContainsFunc(g.op.Requires, call.meets) {
		return ctx, Token{}, nil
	}
	return ctx, Token{}, g.deny(call)
}

// meets reports whether the caller has proven all needs.
func (c *Call) meets(needs Needs) bool {
	for i := range needs {
		p := c.ProofBy(needs[i].Scheme)
		if p == nil || !p.covers(needs[i].Scopes) {
			return false
		}
	}
	return true
}

func (p *Proof) covers(scopes []string) bool {
	for _, s := range scopes {
		if !p.Relayed && !slices.Contains(p.Scopes, s) {
			return false
		}
	}
	return true
}

// deny returns the error of a call that meets none of the alternatives, and adds the
// challenges to the reply. A caller who has proven all schemes of an alternative learns
// which scopes are missing. Any other learns how to prove who it is.
func (g gate) deny(call *Call) error {
	for _, needs := range g.op.Requires {
		if missing, ok := call.missing(needs); ok {
			return ErrScopeMissing.With("missing scope: %s", missing).WithMeta("scope", missing)
		}
	}
	for _, s := range g.op.schemes() {
		if call.ProofBy(s) == nil {
			call.challenge(s, "", nil)
		}
	}
	return ErrUnauthenticated
}

// missing returns the scopes that a caller lacks who has proven all schemes of needs. ok is
// false if the caller has not.
func (c *Call) missing(needs Needs) (scopes string, ok bool) {
	var all []string
	for _, n := range needs {
		p := c.ProofBy(n.Scheme)
		if p == nil {
			return "", false
		}
		for _, s := range n.Scopes {
			if !p.covers([]string{s}) && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	for _, n := range needs {
		if !c.ProofBy(n.Scheme).covers(n.Scopes) {
			c.challenge(n.Scheme, "insufficient_scope", n.Scopes)
		}
	}
	return strings.Join(all, " "), true
}

func (c *Call) challenge(s Scheme, code string, scopes []string) {
	if text := s.Challenge(code, scopes); text != "" {
		c.Reply().Add("WWW-Authenticate", text)
	}
}

// guard returns the layers of a shell with what the requirements of op add: on a server
// a gate inside the last Verifier, on a client the Senders inside all others, without those
// of schemes that op does not require.
func guard(layers []Layer, op *Operation) ([]Layer, error) {
	if err := checkSides(layers, op.Side); err != nil {
		return nil, err
	}
	if len(op.Requires) == 0 {
		return layers, nil
	}
	if err := sameNames(op.schemes()); err != nil {
		return nil, err
	}
	if op.Side == ClientSide {
		return sendInside(layers, op), checkSent(layers, op)
	}
	var faults []error
	at := 0
	for _, s := range op.schemes() {
		i := lastVerifier(layers, s)
		if i < 0 {
			faults = append(faults, fmt.Errorf("endpoint: it requires %s, which no layer verifies; give Use the layer %[1]s.Verify(…)", s.Info().Name))
		}
		at = max(at, i+1)
	}
	return slices.Insert(slices.Clone(layers), at, Layer(gate{op})), errors.Join(faults...)
}

// checkSides returns a fault if layers send credentials on a server, which would make the
// server their owner's caller, or verify some on a client, which has none.
func checkSides(layers []Layer, side Side) error {
	for _, l := range layers {
		_, verifies := l.(Verifier)
		_, sends := l.(Sender)
		switch {
		case side == ServerSide && sends && !verifies:
			return errors.New("endpoint: a layer sends credentials, which is for clients")
		case side == ClientSide && verifies && !sends:
			return errors.New("endpoint: a layer verifies credentials, which is for servers")
		}
	}
	return nil
}

func lastVerifier(layers []Layer, s Scheme) int {
	for i := len(layers) - 1; i >= 0; i-- {
		if v, ok := layers[i].(Verifier); ok && v.Verifies(s) {
			return i
		}
	}
	return -1
}

// sendInside returns the layers with the Senders of op last.
func sendInside(layers []Layer, op *Operation) []Layer {
	schemes := op.schemes()
	layers = slices.DeleteFunc(slices.Clone(layers), func(l Layer) bool {
		s, ok := l.(Sender)
		return ok && !slices.ContainsFunc(schemes, s.Sends)
	})
	slices.SortStableFunc(layers, func(a, b Layer) int { return senders(a) - senders(b) })
	return layers
}

func senders(l Layer) int {
	if _, ok := l.(Sender); ok {
		return 1
	}
	return 0
}

// checkSent returns a fault unless layers send what one of the alternatives needs.
func checkSent(layers []Layer, op *Operation) error {
	var lacking []string
	for _, needs := range op.Requires {
		lacks := ""
		for _, n := range needs {
			if !slices.ContainsFunc(layers, func(l Layer) bool { s, ok := l.(Sender); return ok && s.Sends(n.Scheme) }) {
				lacks = n.Scheme.Info().Name
			}
		}
		if lacks == "" {
			return nil
		}
		lacking = append(lacking, lacks)
	}
	return fmt.Errorf("endpoint: it requires %s, which no layer sends; give Use the layer %s.Send(…)", strings.Join(lacking, " or "), lacking[0])
}

// sameNames returns a fault if two schemes have one name, because callers could not tell
// them apart.
func sameNames(schemes []Scheme) error {
	for i, s := range schemes {
		for _, other := range schemes[:i] {
			if s.Info().Name == other.Info().Name {
				return fmt.Errorf("endpoint: it requires two schemes of the name %s", s.Info().Name)
			}
		}
	}
	return nil
}
