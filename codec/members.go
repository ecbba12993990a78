package codec

import (
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/internal/shape"
)

// Members returns the names of the members that a struct has in JSON, in the order of its
// fields, those of an embedded struct in its place. ok is false if t is not a struct, or
// if its members are not known because it writes itself or embeds a map. For authors of
// transports that write members by position.
func Members(t reflect.Type) (names []string, ok bool) {
	if _, optional := shape.InsideOptional(t); optional || t.Kind() != reflect.Struct || shape.HasOwnForm(t) || shape.TakesAny(t) {
		return nil, false
	}
	members, err := shape.Members(t)
	if err != nil {
		return nil, false
	}
	slices.SortStableFunc(members, func(a, b shape.Member) int { return slices.Compare(a.Index, b.Index) })
	for _, m := range members {
		names = append(names, m.Name)
	}
	return names, true
}
