package main

import (
	"context"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth/jwtx"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// snippet: users

// claims are those that a token must have, beside the ones that package jwtx verifies.
type claims struct {
	Subject string      `json:"sub"`
	Scope   jwtx.Scopes `json:"scope"`
}

func userOf(_ context.Context, c claims) (profilesvc.User, []string, error) {
	return profilesvc.User{ID: c.Subject}, c.Scope, nil
}

// forUsers returns the layer and the requirement with which only users of the issuer may call,
// with tokens for the audience "profilesvc". If issuer is "", everybody may.
func forUsers(s *server.Server, issuer string) (verify endpoint.Stack, requires []httpx.Option, err error) {
	if issuer == "" {
		return nil, nil, nil
	}
	tokens, err := jwtx.New(issuer, "profilesvc")
	if err != nil {
		return nil, nil, err
	}
	s.Add(server.Check("issuer", tokens.Ping))
	verify = endpoint.Stack{profilesvc.Users.Verify(tokens.Verify(userOf))}
	return verify, []httpx.Option{httpx.Requires(profilesvc.MayCall)}, nil
}

// end snippet
