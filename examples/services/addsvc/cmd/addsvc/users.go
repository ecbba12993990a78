package main

import (
	"context"
	"errors"
	"flag"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth/jwtx"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

// users is the flag -auth.
type users struct {
	issuer *string
	others *transports
}

func usersVar(flags *flag.FlagSet, others *transports) *users {
	return &users{others: others, issuer: flags.String("auth", "", "`URL` of the issuer whose users may call over HTTP and gRPC; empty for everybody")}
}

// snippet: users

// claims are those that a token must have, beside the ones that package jwtx verifies.
type claims struct {
	Subject string      `json:"sub"`
	Scope   jwtx.Scopes `json:"scope"`
}

func userOf(_ context.Context, c claims) (addsvc.User, []string, error) {
	return addsvc.User{ID: c.Subject}, c.Scope, nil
}

// requires returns what callers over HTTP must prove, which is in the document too.
func (u *users) requires() []httpx.Option {
	if *u.issuer == "" {
		return nil
	}
	return []httpx.Option{httpx.Requires(addsvc.MayCall)}
}

// register serves the service, as the func register does. With -auth, only users of the issuer
// may call, with tokens for the audience "addsvc".
func (u *users) register(s *server.Server, router chi.Router, calls *grpc.Server, svc *addsvc.Add, layers ...endpoint.Layer) (*grpcx.HealthServer, error) {
	if *u.issuer == "" {
		return register(router, calls, svc, layers...)
	}
	if u.others.any() {
		return nil, errors.New("-auth holds over HTTP and gRPC; leave out the addresses of other transports")
	}
	tokens, err := jwtx.New(*u.issuer, "addsvc")
	if err != nil {
		return nil, err
	}
	s.Add(server.Check("issuer", tokens.Ping))
	layers = append(slices.Clone(layers), addsvc.Users.Verify(tokens.Verify(userOf)))
	mounted := errors.Join(
		httpx.Mount(router, svc, append(u.requires(), httpx.Use(layers...))...),
		grpcx.Register(calls, svc, grpcx.Use(layers...), grpcx.Requires(addsvc.MayCall)),
	)
	health, err := grpcx.Health(calls)
	return health, errors.Join(mounted, err, grpcx.Reflect(calls))
}

// end snippet
