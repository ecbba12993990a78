package main

import (
	"context"

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

// forUsers returns the options with which only users of the issuer may call, with tokens for
// the audience "profilesvc". If issuer is "", everybody may.
func forUsers(s *server.Server, issuer string) ([]httpx.Option, error) {
	if issuer == "" {
		return nil, nil
	}
	tokens, err := jwtx.New(issuer, "profilesvc")
	if err != nil {
		return nil, err
	}
	s.Add(server.Check("issuer", tokens.Ping))
	return []httpx.Option{
		httpx.Use(profilesvc.Users.Verify(tokens.Verify(userOf))),
		httpx.Requires(profilesvc.MayCall),
	}, nil
}

// end snippet
