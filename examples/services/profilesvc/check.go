package profilesvc

import (
	"fmt"

	"github.com/typedkit/endpoint"
)

// inconsistent is the error of a body with another id than the path.
func inconsistent(path, body string) error {
	return ErrInconsistentIDs.With("the path has the id %q, the body %q", path, body)
}

// check refuses what no path would lead to: a profile without an id, addresses
// without one or with one twice. It tells all faults at once.
func (p Profile) check() error {
	var faults []endpoint.Violation
	if p.ID == "" {
		faults = append(faults, endpoint.Violation{Pointer: "/id", Detail: "must not be empty"})
	}
	seen := map[string]bool{}
	for i, a := range p.Addresses {
		at := fmt.Sprintf("/addresses/%d/id", i)
		switch {
		case a.ID == "":
			faults = append(faults, endpoint.Violation{Pointer: at, Detail: "must not be empty"})
		case seen[a.ID]:
			faults = append(faults, endpoint.Violation{Pointer: at, Detail: "is the id of another address too"})
		}
		seen[a.ID] = true
	}
	if faults == nil {
		return nil
	}
	return ErrInvalid.WithViolations(faults...)
}

// check refuses an address without an id.
func (a Address) check() error {
	if a.ID != "" {
		return nil
	}
	return ErrInvalid.With("invalid address").
		WithViolations(endpoint.Violation{Pointer: "/id", Detail: "must not be empty"})
}
