package service

import (
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint/internal/constraint"
)

// A Message is the type of the requests or the responses of an endpoint, or of their items.
type Message struct {
	Type reflect.Type
	// Mapped reports whether the values are made of messages of another type.
	Mapped bool
}

// Rules returns the plan that checks requests by the rules in the tags of their type, nil if
// there are none. The faults are those of the tags of both types. Responses are not checked:
// their rules are for documents.
func Rules(req, resp Message) (*constraint.Plan, []error) {
	var faults []error
	plan, errs := constraint.Compile(req.Type, constraint.Options{Mapped: req.Mapped, Defaults: !req.Mapped})
	for _, err := range errs {
		faults = append(faults, fmt.Errorf("request: %w", err))
	}
	_, errs = constraint.Compile(resp.Type, constraint.Options{Response: true, Mapped: resp.Mapped})
	for _, err := range errs {
		faults = append(faults, fmt.Errorf("response: %w", err))
	}
	return plan, faults
}
