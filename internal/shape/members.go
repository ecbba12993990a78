// Package shape says what of a Go type is written: the members of structs, by the
// rules of encoding/json/v2, and what is inside an Optional. All codecs share it,
// so that a type has the same members in every format.
package shape

import (
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Member is one field of a struct as a member of an object.
type Member struct {
	Name      string
	GoName    string
	Type      reflect.Type
	Index     []int // of the field, through what is embedded
	Required  bool
	Stringed  bool // the tag option "string": a number within a string
	Folded    bool // the tag option "case:ignore"
	OmitZero  bool // the tag option "omitzero"
	OmitEmpty bool // the tag option "omitempty"

	tagged bool
	depth  int
}

// Members returns the members of a struct type by the rules of json/v2: a
// breadth-first walk, the shallowest field of a name wins, a tagged one among
// equals.
func Members(t reflect.Type) ([]Member, error) {
	var all []Member
	var faults []error
	type level struct {
		typ   reflect.Type
		index []int
	}
	seen := map[reflect.Type]bool{t: true}
	for queue := []level{{t, nil}}; len(queue) > 0; queue = queue[1:] {
		for sf := range queue[0].typ.Fields() {
			m, embedded, err := MemberOf(sf)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			at := append(slices.Clone(queue[0].index), sf.Index...)
			if embedded != nil {
				if embedded.Kind() == reflect.Struct && !seen[embedded] {
					seen[embedded] = true
					queue = append(queue, level{embedded, at})
				}
				continue
			}
			if m.Name != "" {
				m.Index, m.depth = at, len(at)
				all = append(all, m)
			}
		}
	}
	return dominant(all), errors.Join(faults...)
}

// MemberOf reads one field: a member, or the type that is embedded in its
// place, or neither.
func MemberOf(sf reflect.StructField) (m Member, embedded reflect.Type, err error) {
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
	m = Member{
		Name: name, GoName: sf.Name, Type: sf.Type, tagged: tagged && name != "",
		Stringed: opts["string"], Folded: opts["case:ignore"],
		OmitZero: opts["omitzero"], OmitEmpty: opts["omitempty"],
	}
	if m.Name == "" {
		m.Name = sf.Name
	}
	switch v, ok := sf.Tag.Lookup("required"); {
	case ok && v == "true":
		m.Required = true
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

func dominant(all []Member) []Member {
	best := map[string]int{}
	clash := map[string]bool{}
	for i, m := range all {
		j, ok := best[m.Name]
		switch {
		case !ok:
			best[m.Name] = i
		case m.depth > all[j].depth, m.depth == all[j].depth && !m.tagged && all[j].tagged:
		case m.depth == all[j].depth && m.tagged == all[j].tagged:
			clash[m.Name] = true
		default:
			best[m.Name] = i
		}
	}
	out := all[:0:0]
	for i, m := range all {
		if best[m.Name] == i && !clash[m.Name] {
			out = append(out, m)
		}
	}
	return out
}

// Check returns what json/v2 finds wrong with the tags and names of a struct
// type, which it says with the first value.
func Check(t reflect.Type) error {
	err := json.Unmarshal([]byte("{}"), reflect.New(t).Interface())
	if sem, ok := errors.AsType[*json.SemanticError](err); ok && sem.Err != nil {
		return sem.Err
	}
	return err
}

// TakesAny says that a struct has an embedded map or raw value, which takes the
// members that no field has.
func TakesAny(t reflect.Type) bool {
	for sf := range t.Fields() {
		_, embedded, _ := MemberOf(sf)
		if embedded == nil {
			continue
		}
		if embedded.Kind() != reflect.Struct || TakesAny(embedded) {
			return true
		}
	}
	return false
}

// Fold returns what names are compared by that differ in case.
func Fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
