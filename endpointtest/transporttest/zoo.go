package transporttest

import (
	"bytes"
	"errors"
	"strings"

	"github.com/typedkit/endpoint"
)

// A Zoo is a service with one endpoint of each kind. It does not depend on any
// transport: the test of a transport embeds a *Zoo in a type of its own, whose
// method describes the endpoints. Each of them except Empty declares the errors
// of [Fails], and each takes requests of at most End.MaxMessage bytes.
//
//	type zoo struct{ *transporttest.Zoo }
//
//	func (z *zoo) HTTP(r *httpx.Routes) {
//		r = r.Under("/zoo", httpx.Fails(transporttest.Fails()...))
//		r.POST("/unary", &z.Unary)
//		…
//	}
type Zoo struct {
	Unary endpoint.Endpoint[Message, Message]
	// Idempotent is described as idempotent; otherwise it is like Unary.
	Idempotent endpoint.Endpoint[Message, Message]
	// Empty has no content in either direction.
	Empty        endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
	ServerStream endpoint.Endpoint[Message, endpoint.Stream[Message]]
	ClientStream endpoint.Endpoint[endpoint.Stream[Message], Message]
	Bidi         endpoint.Endpoint[endpoint.Stream[Message], endpoint.Stream[Message]]

	facts []endpoint.Fact // of all endpoints but Empty
}

// Describe says what the case requires of callers. Go promotes it to the type that embeds the
// Zoo, and the transport reads it on both ends.
func (z *Zoo) Describe(f *endpoint.Facts) {
	if len(z.facts) == 0 {
		return
	}
	f.Of(&z.Unary, z.facts...)
	f.Of(&z.Idempotent, z.facts...)
	f.Of(&z.ServerStream, z.facts...)
	f.Of(&z.ClientStream, z.facts...)
	f.Of(&z.Bidi, z.facts...)
}

// A Message is the request, the response and the item of every endpoint of a
// [Zoo] except Empty. The json tags name its members in every format that names
// members. A server refuses the smallest Number, by the tag, and one Text, by the method
// Validate.
type Message struct {
	Text   string `json:"text,omitzero"`
	Number int64  `json:"number,omitzero" minimum:"-9223372036854775807"`
	Blob   []byte `json:"blob,omitzero"`
	Trap   Trap   `json:"trap,omitzero"`
}

// invalidText is the text of a Message that is not valid.
const invalidText = "not valid"

// Validate returns an error for one Text.
func (m *Message) Validate() error {
	if m.Text == invalidText {
		return errors.New("the text is the one that is not valid")
	}
	return nil
}

// A Trap is a text whose methods MarshalText and UnmarshalText fail or panic for
// some values, so that cases can test what a failing codec does. Codecs call the
// two methods; a mapping written by hand has to call them and report their errors.
// An empty Trap need not be sent.
type Trap string

// The values of a Trap for which a method fails or panics.
const (
	marshalFails    Trap = "marshal fails"
	marshalPanics   Trap = "marshal panics"
	unmarshalFails  Trap = "unmarshal fails"
	unmarshalPanics Trap = "unmarshal panics"
)

// MarshalText returns the text.
func (t Trap) MarshalText() ([]byte, error) {
	switch t {
	case marshalFails:
		return nil, errors.New("the trap: " + secret)
	case marshalPanics:
		panic(panicValue)
	}
	return []byte(t), nil
}

// UnmarshalText sets t to the text.
func (t *Trap) UnmarshalText(text []byte) error {
	switch Trap(text) {
	case unmarshalFails:
		return errors.New("the trap: " + secret)
	case unmarshalPanics:
		panic(panicValue)
	}
	*t = Trap(text)
	return nil
}

// Errors of the servers of the cases.
var (
	errDeclared = endpoint.Define(endpoint.FailedPrecondition, "zoo", "DECLARED", "declared")
	// errBehind is an error of a service behind the zoo. The zoo declares it.
	errBehind = endpoint.Define(endpoint.Aborted, "behind", "KNOWN", "known")
	// errUndeclared is an error of the zoo itself, not declared.
	errUndeclared = endpoint.Define(endpoint.AlreadyExists, "zoo", "UNDECLARED", "not declared")
	// errStrange is an error of a service behind the zoo, not declared.
	errStrange = endpoint.Define(endpoint.AlreadyExists, "behind", "STRANGE", "words of another service")
)

// Fails returns the errors that every endpoint of a [Zoo] except Empty declares.
func Fails() []*endpoint.Error { return []*endpoint.Error{errDeclared, errBehind} }

// secret is part of every text that must not reach a client.
const secret = "password of db7"

// panicValue is the value of every panic in the cases.
const panicValue = "panic with the " + secret

// request returns the usual request of a case.
func request() Message {
	return Message{Text: "request", Number: 1, Blob: []byte("blob of the request")}
}

// response returns the usual response of a case.
func response() Message {
	return Message{Text: "response", Number: 2, Blob: []byte("blob of the response")}
}

// numbered returns a message with the number n and members that depend on it.
func numbered(n int) Message {
	return Message{Text: strings.Repeat("t", n%7+1), Number: int64(n), Blob: bytes.Repeat([]byte{byte(n)}, n%5+1)}
}

// same reports whether two messages are equal. A nil Blob equals an empty one.
func same(a, b Message) bool {
	return a.Text == b.Text && a.Number == b.Number && a.Trap == b.Trap && bytes.Equal(a.Blob, b.Blob)
}
