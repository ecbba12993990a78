// Package location knows the places that cargos are booked between.
package location

import (
	"regexp"
	"slices"

	"github.com/typedkit/endpoint"
)

// ErrUnknown is the error of a code that is not one of All.
var ErrUnknown = endpoint.Define(endpoint.InvalidArgument, "shipping", "UNKNOWN_LOCATION", "unknown location")

// A UNLocode is the code of a place by the United Nations: two letters of a country, and
// three characters.
type UNLocode string

// IsWellFormed reports whether the code has the form of one, known here or not.
func (c UNLocode) IsWellFormed() bool { return form.MatchString(string(c)) }

var form = regexp.MustCompile(`^[A-Z]{2}[A-Z2-9]{3}$`)

// A Location is a place.
type Location struct {
	UNLocode UNLocode `json:"locode"`
	Name     string   `json:"name"`
}

// All returns the locations in the order of their codes.
func All() []Location {
	return []Location{
		{"AUMEL", "Melbourne"},
		{"CNHKG", "Hongkong"},
		{"DEHAM", "Hamburg"},
		{"JNTKO", "Tokyo"},
		{"NLRTM", "Rotterdam"},
		{"SESTO", "Stockholm"},
	}
}

// IsKnown reports whether the code is that of a location.
func IsKnown(code UNLocode) bool {
	return slices.ContainsFunc(All(), func(l Location) bool { return l.UNLocode == code })
}

// Check returns ErrUnknown if the code is not that of a location. pointer names the member
// of the request that has the code.
func Check(code UNLocode, pointer string) error {
	if IsKnown(code) {
		return nil
	}
	return ErrUnknown.WithViolations(endpoint.Violation{Pointer: pointer, Detail: "is not a known location"})
}
