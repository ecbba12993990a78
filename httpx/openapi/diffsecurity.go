package openapi

import (
	"slices"
	"strings"

	"github.com/typedkit/endpoint/internal/jsonschema"
)

// security compares what operations require of their callers. A caller of the old document
// meets one of its alternatives, so each must meet one of the new ones.
func (d *differ) security(o, n operation) {
	before, after := d.old.alternatives(o), d.new.alternatives(n)
	for _, had := range before {
		if !slices.ContainsFunc(after, func(need *jsonschema.Object) bool { return meets(had, need) }) {
			d.add(true, o.name, "%s is no longer enough; it requires %s", shownNeeds(had), shownAll(after))
		}
	}
	for _, need := range after {
		if !slices.ContainsFunc(before, func(had *jsonschema.Object) bool { return meets(need, had) }) {
			d.add(false, o.name, "%s is enough now", shownNeeds(need))
		}
	}
}

// alternatives returns what an operation requires. One that anybody may call has an
// alternative without schemes.
func (doc *document) alternatives(op operation) []*jsonschema.Object {
	o := op.op
	if !o.Has("security") {
		o = doc.root
	}
	all := objectsAt(o, "security")
	if len(all) == 0 {
		all = []*jsonschema.Object{{}}
	}
	return all
}

// meets reports whether a caller with credentials meets a need.
func meets(had, need *jsonschema.Object) bool {
	for _, m := range need.Members {
		scopes, ok := had.Get(m.Key)
		if !ok {
			return false
		}
		mine, _ := scopes.([]any)
		wanted, _ := m.Value.([]any)
		if slices.ContainsFunc(wanted, func(scope any) bool { return !slices.Contains(mine, scope) }) {
			return false
		}
	}
	return true
}

func shownAll(alternatives []*jsonschema.Object) string {
	var all []string
	for _, need := range alternatives {
		all = append(all, shownNeeds(need))
	}
	return strings.Join(all, " or ")
}

// shownNeeds returns what a caller needs, as "users (read write) and apps".
func shownNeeds(need *jsonschema.Object) string {
	var all []string
	for _, m := range need.Members {
		text := m.Key
		var scopes []string
		list, _ := m.Value.([]any)
		for _, scope := range list {
			if s, ok := scope.(string); ok {
				scopes = append(scopes, s)
			}
		}
		if len(scopes) > 0 {
			text += " (" + strings.Join(scopes, " ") + ")"
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "a call without credentials"
	}
	return strings.Join(all, " and ")
}
