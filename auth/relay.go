package auth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// A writer puts credentials into the request of a client's call. It returns the context for
// what is inside.
type writer func(ctx context.Context, call *endpoint.Call, credential string) context.Context

// A relay passes the credentials of a gateway's caller on, unverified.
type relay struct {
	scheme endpoint.Scheme
	read   reader
	write  writer
}

func newRelay(s endpoint.Scheme, read reader, write writer) *relay { return &relay{s, read, write} }

// Role is the layer's place in the stacks of package resilience.
func (r *relay) Role() string { return "auth" }

// Verifies reports whether s is the layer's scheme.
func (r *relay) Verifies(s endpoint.Scheme) bool { return s == r.scheme }

// Sends reports whether s is the layer's scheme.
func (r *relay) Sends(s endpoint.Scheme) bool { return s == r.scheme }

// Enter takes the credentials on a server, and passes them on from a client.
func (r *relay) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	call, incoming := endpoint.CallFrom(ctx), endpoint.Incoming(ctx)
	if incoming == nil || call.Side() == endpoint.ClientSide && incoming.ProofBy(r.scheme) == nil {
		return ctx, endpoint.Token{}, nil // what the server has not taken is not passed on
	}
	credential, ok, err := r.read(ctx, incoming)
	switch {
	case err != nil && call.Side() == endpoint.ServerSide:
		return ctx, endpoint.Token{}, (&verifier{scheme: r.scheme}).refuse(call, err)
	case err != nil:
		return ctx, endpoint.Token{}, endpoint.Errorf(endpoint.Internal, "%w", errors.Join(errors.New("auth: Relay"), err))
	case !ok:
		return ctx, endpoint.Token{}, nil
	case call.Side() == endpoint.ServerSide:
		call.Prove(&endpoint.Proof{Scheme: r.scheme, Relayed: true, Identity: identity(digest(credential))})
		return ctx, endpoint.Token{}, nil
	}
	return r.write(ctx, call, credential), endpoint.Token{N: sent}, nil
}

// sent is the token of a call with which credentials were passed on.
const sent = 1

// Exit makes the refusal of a server further in, which has verified the credentials, one of
// this server.
func (r *relay) Exit(ctx context.Context, t endpoint.Token, err error) error {
	call := endpoint.CallFrom(ctx)
	switch {
	case err == nil:
	case t.N == sent:
		if e := endpoint.ErrorOf(err); e.Remote() && (errors.Is(e, endpoint.ErrScopeMissing) || refused(call, err)) {
			return &refusal{err, r.scheme}
		}
	case call.Side() == endpoint.ServerSide:
		if inner, ok := errors.AsType[*refusal](err); ok && inner.scheme == r.scheme {
			return r.answer(call, err)
		}
	}
	return err
}

// A refusal is the error of a server that has refused credentials which were passed on.
type refusal struct {
	error

	scheme endpoint.Scheme
}

func (r *refusal) Unwrap() error { return r.error }

// answer returns what the gateway answers for a refusal, and adds the challenge.
func (r *relay) answer(call *endpoint.Call, err error) error {
	e := endpoint.ErrorOf(err)
	if !errors.Is(e, endpoint.ErrScopeMissing) {
		return (&verifier{scheme: r.scheme}).refuse(call, err)
	}
	scopes := slices.DeleteFunc(strings.Fields(bounds.Cut(e.Meta()["scope"], bounds.Meta)), func(s string) bool { return !isQuotable(s) })
	if text := r.scheme.Challenge("insufficient_scope", scopes); text != "" {
		call.Reply().Add("WWW-Authenticate", text)
	}
	missing := strings.Join(scopes, " ")
	return endpoint.ErrScopeMissing.With("missing scope: %s", missing).WithMeta("scope", missing).WithCause(err)
}
