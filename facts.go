package endpoint

import (
	"errors"
	"fmt"
	"slices"
)

// Facts are what a service declares about its endpoints once, for all transports. A
// service may have a method Describe with a pointer receiver, which each transport
// calls in addition to the service's method for that transport:
//
//	func (s *Rooms) Describe(f *endpoint.Facts) {
//		f.Of(&s.Book, endpoint.Fails(ErrOverlap), endpoint.Doc("books a room"))
//	}
//
// The options of a transport add to the facts. The zero Facts is empty and ready to
// use. It is not safe for concurrent use.
type Facts struct {
	about []factsAbout
}

// See decision 108.
type factsAbout struct {
	field any
	op    *Operation
	err   error
}

// A Fact is one thing that a service declares about an endpoint: [Fails],
// [Idempotent], [Requires], [Doc] or [Deprecated].
type Fact interface{ apply(op *Operation) error }

type fact func(op *Operation) error

func (f fact) apply(op *Operation) error { return f(op) }

// Of adds facts about the endpoint that field points to, which must be a field of
// the service. Several calls for the same field add up. A nil fact, or a pointer to
// anything else, is a construction error of every transport. Req and Resp are the
// types of the endpoint.
func (f *Facts) Of[Req, Resp any](field *Endpoint[Req, Resp], facts ...Fact) {
	f.add(field, facts)
}

func (f *Facts) add(field any, facts []Fact) {
	a := factsAbout{field: field, op: &Operation{}}
	for _, fact := range facts {
		if fact == nil {
			a.err = errors.New("a nil fact")
			continue
		}
		if err := fact.apply(a.op); err != nil {
			a.err = err
		}
	}
	f.about = append(f.about, a)
}

// All calls yield for each call of Of, in order, until yield returns false. field is
// the pointer to the endpoint. op has nothing but the facts, of which only Requires is
// checked. err is not nil if one of the facts was nil or wrong. For authors of transports.
func (f *Facts) All(yield func(field any, op *Operation, err error) bool) {
	for _, a := range f.about {
		if !yield(a.field, a.op, a.err) {
			return
		}
	}
}

// Fails declares errors of the operation. An error of this process keeps its
// identity over the wire whether it is declared or not. One that came from another
// service keeps it only if it is declared. Documents list the declared errors. A nil
// error, an error without an identity, and two errors with the same identity and
// different codes are construction errors.
func Fails(errs ...*Error) Fact {
	errs = slices.Clone(errs)
	return fact(func(op *Operation) error {
		op.Fails = append(op.Fails, errs...)
		return nil
	})
}

// Idempotent declares that repeating the operation has no effect beyond that of the
// first call, so that retries may repeat it.
func Idempotent() Fact {
	return fact(func(op *Operation) error {
		op.Idempotent = true
		return nil
	})
}

// Requires declares what a caller of the operation must prove: one of anyOf. It holds on
// every transport, in addition to what the options of the transport require, and no option
// Public lifts it. These are construction errors: no requirement, a nil one, and a
// transport that cannot carry credentials.
func Requires(anyOf ...Requirement) Fact {
	anyOf = slices.Clone(anyOf)
	return fact(func(op *Operation) error {
		if err := op.Require(anyOf...); err != nil {
			return fmt.Errorf("Requires: %w", err)
		}
		return nil
	})
}

// Doc sets a short description of the operation for documents, such as "books a
// room". A later Doc replaces an earlier one.
func Doc(text string) Fact {
	return fact(func(op *Operation) error {
		op.Doc = text
		return nil
	})
}

// Deprecated declares that callers should move to another operation, which [Doc] may name.
// Documents say so. It changes nothing in what the operation does.
func Deprecated() Fact {
	return fact(func(op *Operation) error {
		op.Deprecated = true
		return nil
	})
}
