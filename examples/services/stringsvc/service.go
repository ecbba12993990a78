// snippet: logic

// Package stringsvc is a service that works on texts.
package stringsvc

import (
	"context"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// ErrEmpty is the error for a text without characters.
var ErrEmpty = endpoint.Define(endpoint.InvalidArgument, "stringsvc", "EMPTY", "empty string")

func uppercase(_ context.Context, t Text) (Uppercased, error) {
	if t.S == "" {
		return Uppercased{}, ErrEmpty
	}
	return Uppercased{strings.ToUpper(t.S)}, nil
}

func count(_ context.Context, t Text) (Counted, error) { return Counted{len(t.S)}, nil }

// end snippet

// snippet: messages

// Text is a text to work on.
type Text struct {
	S string `json:"s"`
}

// Uppercased is a text in upper case.
type Uppercased struct {
	V string `json:"v"`
}

// Counted is the length of a text, in bytes.
type Counted struct {
	V int `json:"v"`
}

// end snippet

// snippet: endpoints

// Strings is the service: on a server its fields are the implementation, on a
// client they are the calls.
type Strings struct {
	Uppercase endpoint.Endpoint[Text, Uppercased]
	Count     endpoint.Endpoint[Text, Counted]
}

// New returns the implementation.
func New() *Strings { return &Strings{Uppercase: uppercase, Count: count} }

// end snippet

// snippet: transport

// HTTP describes the service. Both operations may be repeated.
func (s *Strings) HTTP(r *httpx.Routes) {
	r.POST("/uppercase", &s.Uppercase, httpx.Fails(ErrEmpty), httpx.Idempotent())
	r.POST("/count", &s.Count, httpx.Idempotent())
}

// end snippet
