package jsonschema

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Form is how values of a type are used. A type may have another schema in each of them.
type Form uint8

// The forms.
const (
	Sent    Form = iota // by a server
	Strict              // by a server that refuses unknown members
	Lenient             // by a server that ignores unknown members
)

// A Component is the schema of a named type in one form.
type Component struct {
	typ    reflect.Type
	form   Form
	schema *Object
	name   string     // once all components are known
	same   *Component // that has the same schema, or nil
}

// Reference returns the reference to c. Finish has named it.
func (c *Component) Reference() string {
	return "#/components/schemas/" + c.target().name
}

// target returns the component that is in the document.
func (c *Component) target() *Component {
	if c.same != nil {
		return c.same
	}
	return c
}

// Components are all components of a document, in the order in which they were found.
type Components struct {
	all   []*Component
	byKey map[componentKey]*Component
}

type componentKey struct {
	typ  reflect.Type
	form Form
}

// of returns the component of a type in a form. fill sets its schema the first time.
func (cs *Components) of(t reflect.Type, f Form, fill func(c *Component)) *Component {
	key := componentKey{t, f}
	if c, ok := cs.byKey[key]; ok {
		return c
	}
	c := &Component{typ: t, form: f}
	if cs.byKey == nil {
		cs.byKey = map[componentKey]*Component{}
	}
	cs.byKey[key] = c
	cs.all = append(cs.all, c)
	fill(c)
	return c
}

// Finish merges the forms of a type that have the same schema, names the rest, and returns the
// schemas by their names. reserved are names that are taken.
func (cs *Components) Finish(reserved ...string) *Object {
	cs.merge()
	taken := map[string]bool{}
	for _, name := range reserved {
		taken[name] = true
	}
	bases := cs.baseNames(taken)
	schemas := &Object{}
	for _, c := range cs.all {
		if c.same != nil {
			continue
		}
		c.name = unused(bases[c.typ]+cs.suffix(c), taken)
		schemas.Set(c.name, c.schema)
	}
	return schemas
}

// merge lets each component whose schema is that of another form of its type stand for that
// one. Components are the same unless their schemas differ, or refer to components that
// differ: it begins with all the same, and parts them until nothing changes.
func (cs *Components) merge() {
	class := map[*Component]string{}
	for {
		next := map[*Component]string{}
		for _, c := range cs.all {
			next[c] = cs.signature(c, class)
		}
		if countOf(next) == countOf(class) {
			break
		}
		class = next
	}
	first := map[string]*Component{}
	for _, f := range []Form{Sent, Strict, Lenient} {
		for _, c := range cs.all {
			if c.form != f {
				continue
			}
			if same, ok := first[class[c]]; ok {
				c.same = same
			} else {
				first[class[c]] = c
			}
		}
	}
}

func countOf(class map[*Component]string) int {
	seen := map[string]bool{}
	for _, s := range class {
		seen[s] = true
	}
	return len(seen)
}

// signature returns a text that two components of one type share if they are the same as far
// as the classes say. Texts become short by their place among all.
func (cs *Components) signature(c *Component, class map[*Component]string) string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(cs.typeIndex(c.typ)))
	b.WriteByte(' ')
	Sign(&b, c.schema, func(ref *Component) string {
		return strconv.Itoa(cs.typeIndex(ref.typ)) + "/" + cs.classIndex(ref, class)
	})
	return b.String()
}

func (cs *Components) typeIndex(t reflect.Type) int {
	return slices.IndexFunc(cs.all, func(c *Component) bool { return c.typ == t })
}

func (cs *Components) classIndex(ref *Component, class map[*Component]string) string {
	return strconv.Itoa(slices.IndexFunc(cs.all, func(c *Component) bool { return class[c] == class[ref] }))
}

// Sign writes a value with the names of components replaced.
func Sign(b *strings.Builder, v any, name func(*Component) string) {
	switch v := v.(type) {
	case *Object:
		b.WriteByte('{')
		for _, m := range v.Members {
			b.WriteString(strconv.Quote(m.Key))
			Sign(b, m.Value, name)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, item := range v {
			Sign(b, item, name)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case *Component:
		b.WriteString("ref " + name(v))
	default:
		b.Write(bytes.TrimSuffix(ToJSON(v), []byte("\n")))
	}
}

// suffix returns what the name of a form has behind that of the type: nothing for what a
// server sends, and for a type with one schema.
func (cs *Components) suffix(c *Component) string {
	forms := 0
	for _, other := range cs.all {
		if other.typ == c.typ && other.same == nil {
			forms++
		}
	}
	switch {
	case forms == 1 || c.form == Sent:
		return ""
	case c.form == Lenient && cs.byKey[componentKey{c.typ, Strict}] != nil:
		return "LenientInput"
	}
	return "Input"
}

// baseNames returns the name of each type. Types of one name have the name of their package
// in front of it.
func (cs *Components) baseNames(taken map[string]bool) map[reflect.Type]string {
	names := map[reflect.Type]string{}
	used := map[string]int{}
	for name := range taken {
		used[name]++
	}
	for _, c := range cs.all {
		if names[c.typ] == "" {
			names[c.typ] = nameOf(c.typ, false)
			used[names[c.typ]]++
		}
	}
	for t, name := range names {
		if used[name] > 1 {
			names[t] = nameOf(t, true)
		}
	}
	return names
}

func unused(name string, taken map[string]bool) string {
	for i, base := 2, name; taken[name]; i++ {
		name = base + strconv.Itoa(i)
	}
	taken[name] = true
	return name
}

// nameOf returns the name of a type for documents: Room, PageRoom for Page[Room], and with
// the package ApiRoom.
func nameOf(t reflect.Type, withPackage bool) string {
	base, args, _ := strings.Cut(t.Name(), "[")
	name := upperFirst(Clean(base))
	if withPackage {
		pkg, _, _ := strings.Cut(t.String(), ".")
		name = upperFirst(Clean(pkg)) + name
	}
	for arg := range strings.FieldsFuncSeq(strings.TrimSuffix(args, "]"), func(r rune) bool { return strings.ContainsRune("[],*", r) }) {
		if i := strings.LastIndexAny(arg, "./"); i >= 0 {
			arg = arg[i+1:]
		}
		if i := strings.Index(arg, "·"); i >= 0 { // of a type within a func
			arg = arg[:i]
		}
		name += upperFirst(Clean(arg))
	}
	return name
}

// Clean keeps what a name of a component may have.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, s)
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
