package service

import (
	"reflect"

	"github.com/typedkit/endpoint/internal/constraint"
)

// Rules returns the rules of the values of t, a type of requests or of their items, or nil
// if there are none, and what is wrong with the rules in its tags. mapped reports whether
// its values are made of messages of another type.
func Rules(t reflect.Type, mapped bool) (*constraint.Plan, []error) {
	return constraint.Compile(t, constraint.Options{Mapped: mapped})
}

// ResponseRules returns what is wrong with the rules in the tags of t, a type of responses
// or of their items. Those rules are for documents: a response is not checked.
func ResponseRules(t reflect.Type, mapped bool) []error {
	_, faults := constraint.Compile(t, constraint.Options{Response: true, Mapped: mapped})
	return faults
}
