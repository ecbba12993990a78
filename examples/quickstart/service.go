package main

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: service

type Text struct {
	S string `json:"s"`
}

type Count struct {
	N int `json:"n"`
}

// ErrEmpty is what callers match with errors.Is, in whatever process they are.
var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "strings", "EMPTY", "empty string")

// Strings is the service: on a server its fields are the implementation, on a
// client they are the calls.
type Strings struct {
	Uppercase endpoint.Endpoint[Text, Text]
	Count     endpoint.Endpoint[Text, Count]
}

// HTTP describes the service, once for server and client.
func (s *Strings) HTTP(r *httpx.Routes) {
	r.POST("/uppercase", &s.Uppercase, httpx.Fails(ErrEmpty))
	r.POST("/count", &s.Count, httpx.Fails(ErrEmpty))
}

// end snippet

// snippet: handlers

func uppercase(_ context.Context, t Text) (Text, error) {
	if t.S == "" {
		return Text{}, ErrEmpty
	}
	return Text{strings.ToUpper(t.S)}, nil
}

func count(_ context.Context, t Text) (Count, error) {
	if t.S == "" {
		return Count{}, ErrEmpty
	}
	return Count{utf8.RuneCountInString(t.S)}, nil
}

// end snippet
