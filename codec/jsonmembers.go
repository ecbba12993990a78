package codec

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// member is one field of a struct as a member of a JSON object.
type member struct {
	name     string
	goName   string
	typ      reflect.Type
	required bool
	stringed bool // the tag option "string": a number within a string
	folded   bool // the tag option "case:ignore"
	omitzero bool // the tag option "omitzero"
	tagged   bool
	depth    int
}

// membersOf returns the members of a struct type by the rules of json/v2: a
// breadth-first walk, the shallowest field of a name wins, a tagged one among
// equals. rest says that the struct takes any member (an embedded map or raw
// value).
func membersOf(t reflect.Type) ([]member, error) {
	var all []member
	var faults []error
	type level struct {
		typ   reflect.Type
		depth int
	}
	seen := map[reflect.Type]bool{t: true}
	for queue := []level{{t, 0}}; len(queue) > 0; queue = queue[1:] {
		for sf := range queue[0].typ.Fields() {
			m, embedded, err := memberOf(sf)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			if embedded != nil {
				if embedded.Kind() == reflect.Struct && !seen[embedded] {
					seen[embedded] = true
					queue = append(queue, level{embedded, queue[0].depth + 1})
				}
				continue
			}
			if m.name != "" {
				m.depth = queue[0].depth
				all = append(all, m)
			}
		}
	}
	return dominant(all), errors.Join(faults...)
}

// memberOf reads one field: a member, or the type that is embedded in its
// place, or neither.
func memberOf(sf reflect.StructField) (m member, embedded reflect.Type, err error) {
	tag, tagged := sf.Tag.Lookup("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return m, nil, nil
	}
	name, opts := splitTag(tag)
	target := sf.Type
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	if opts["embed"] || sf.Anonymous && name == "" {
		return m, target, nil
	}
	if !sf.IsExported() {
		return m, nil, nil
	}
	m = member{
		name: name, goName: sf.Name, typ: sf.Type, tagged: tagged && name != "",
		stringed: opts["string"], folded: opts["case:ignore"],
		omitzero: opts["omitzero"],
	}
	if m.name == "" {
		m.name = sf.Name
	}
	switch v, ok := sf.Tag.Lookup("required"); {
	case ok && v == "true":
		m.required = true
	case ok && v != "false":
		err = fmt.Errorf("field %s: tag required is %q, not true or false", sf.Name, v)
	}
	return m, nil, err
}

// splitTag splits a json tag; a name may be quoted by single quotes.
func splitTag(tag string) (name string, opts map[string]bool) {
	rest := tag
	if strings.HasPrefix(tag, "'") {
		if end := strings.Index(tag[1:], "'"); end >= 0 {
			name, rest = strings.ReplaceAll(tag[1:1+end], `\'`, "'"), tag[end+2:]
		}
	} else if i := strings.IndexByte(tag, ','); i >= 0 {
		name, rest = tag[:i], tag[i:]
	} else {
		name, rest = tag, ""
	}
	opts = map[string]bool{}
	for o := range strings.SplitSeq(rest, ",") {
		opts[strings.TrimSpace(o)] = true
	}
	return name, opts
}

func dominant(all []member) []member {
	best := map[string]int{}
	clash := map[string]bool{}
	for i, m := range all {
		j, ok := best[m.name]
		switch {
		case !ok:
			best[m.name] = i
		case m.depth > all[j].depth, m.depth == all[j].depth && !m.tagged && all[j].tagged:
		case m.depth == all[j].depth && m.tagged == all[j].tagged:
			clash[m.name] = true
		default:
			best[m.name] = i
		}
	}
	out := all[:0:0]
	for i, m := range all {
		if best[m.name] == i && !clash[m.name] {
			out = append(out, m)
		}
	}
	return out
}

// takesAny says that a struct has an embedded map or raw value, which takes the
// members that no field has.
func takesAny(t reflect.Type) bool {
	for sf := range t.Fields() {
		_, embedded, _ := memberOf(sf)
		if embedded == nil {
			continue
		}
		if embedded.Kind() != reflect.Struct || takesAny(embedded) {
			return true
		}
	}
	return false
}

func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
