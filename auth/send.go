package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/typedkit/endpoint"
)

// A sender is the layer of a client that sends the credentials of a scheme.
type sender struct {
	scheme endpoint.Scheme
	tokens *Tokens
	write  writer
}

func newSender(s endpoint.Scheme, tokens *Tokens, write writer) *sender {
	return &sender{s, tokens, write}
}

// Err returns the faults of the construction, or nil.
func (s *sender) Err() error {
	if s.tokens == nil {
		return errors.New("auth: Send: the Tokens are nil")
	}
	return s.tokens.Err()
}

// Role is the layer's place in a resilience.ClientStack.
func (s *sender) Role() string { return "auth" }

// Sends reports whether scheme is the layer's.
func (s *sender) Sends(scheme endpoint.Scheme) bool { return scheme == s.scheme }

// Enter adds a token to the request.
func (s *sender) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	call := endpoint.CallFrom(ctx)
	if call.Side() == endpoint.ServerSide {
		return ctx, endpoint.Token{}, endpoint.Errorf(endpoint.Internal, "%w", errSendOnServer)
	}
	token, err := s.tokens.get(ctx)
	if err != nil {
		return ctx, endpoint.Token{}, s.failed(err)
	}
	return s.write(ctx, call, token.Value), endpoint.Token{P: token}, nil
}

// errSendOnServer is the error of a call that a server handles, whose caller would become the
// owner of the tokens.
var errSendOnServer = errors.New("auth: Send is a layer of clients")

// failed returns the error of a call for which there is no token.
func (s *sender) failed(err error) error {
	err = fmt.Errorf("auth: no token of %s: %w", s.scheme.Info().Name, err)
	code := endpoint.Unavailable
	if e, ok := errors.AsType[*endpoint.Error](err); ok {
		code = e.Code()
	} else if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = endpoint.CodeOf(err)
	}
	return endpoint.Errorf(code, "%w", err)
}

// Exit drops a token that the server has refused.
func (s *sender) Exit(ctx context.Context, t endpoint.Token, err error) error {
	token, _ := t.P.(*held)
	if err == nil || !refused(endpoint.CallFrom(ctx), err) || !s.tokens.drop(token) {
		return err
	}
	return endpoint.MarkNotSent(err)
}

// refused reports whether a server refused the credentials of a call, before it acted: it has
// sent a challenge. A handler may answer with the same code after it has acted.
func refused(call *endpoint.Call, err error) bool {
	e := endpoint.ErrorOf(err)
	if !e.Remote() || e.Code() != endpoint.Unauthenticated {
		return false
	}
	return call.Reply().Get("WWW-Authenticate") != ""
}
