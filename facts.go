package endpoint

import (
	"errors"
	"slices"
)

// Facts is what a service says of its endpoints once, for every transport: in an
// optional method of the service, with a pointer receiver, that every transport
// reads beside its own description.
//
//	func (s *Rooms) Describe(f *endpoint.Facts) {
//		f.Of(&s.Book, endpoint.Fails(ErrOverlap), endpoint.Doc("books a room"))
//	}
//
// A transport's own options add to it. The zero Facts is empty and ready to use.
// It is not safe for concurrent use.
type Facts struct {
	about []factsAbout
}

type factsAbout struct {
	field any
	op    *Operation
	err   error
}

// A Fact is one thing that a service says of an endpoint: [Fails], [Idempotent] or
// [Doc].
type Fact interface{ apply(op *Operation) }

type fact func(op *Operation)

func (f fact) apply(op *Operation) { f(op) }

// Of adds facts about the endpoint that field points to, a field of the service.
// Several calls for one field add up. A nil fact, and a field that is not the
// service's, are faults that the transports report. Req and Resp are the types of
// the endpoint.
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
		fact.apply(a.op)
	}
	f.about = append(f.about, a)
}

// All ranges over what was said: a pointer to a field, an Operation that has the
// facts alone, unchecked, and an error if a fact is nil. For authors of transports.
func (f *Facts) All(yield func(field any, op *Operation, err error) bool) {
	for _, a := range f.about {
		if !yield(a.field, a.op, a.err) {
			return
		}
	}
}

// Fails declares errors of the operation. They keep their identity over the wire
// in any case. A declared error also keeps it when it came from a service behind
// this one, and documents list it. A nil error, one without an identity, and two
// of one identity with different codes are construction errors.
func Fails(errs ...*Error) Fact {
	errs = slices.Clone(errs)
	return fact(func(op *Operation) { op.Fails = append(op.Fails, errs...) })
}

// Idempotent declares that repeating the operation does no more than the first
// call did, so that retries may repeat it.
func Idempotent() Fact {
	return fact(func(op *Operation) { op.Idempotent = true })
}

// Doc sets what the operation does, in a few words for documents: "books a room".
// A later Doc replaces an earlier one.
func Doc(text string) Fact {
	return fact(func(op *Operation) { op.Doc = text })
}
