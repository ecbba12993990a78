// Package keeper has a type whose name another package has as well.
package keeper

// User is one of two types of this name.
type User struct {
	Key  int    `json:"key"`
	Note string `json:"note,omitzero"`
}
