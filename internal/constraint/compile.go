package constraint

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shape"
)

// compiler makes the checks of a type and collects the faults of its tags.
type compiler struct {
	opts    Options
	root    reflect.Type
	structs map[reflect.Type]*object
	queue   []*object // that are to be filled
	open    map[use]*recursion
	faults  []error
}

// A place is the path of a field from the type that is compiled, for the texts of faults.
type place string

func (p place) field(name string) place {
	if p == "" {
		return place(name)
	}
	return p + "." + place(name)
}

func (c *compiler) fault(at place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("field "+string(at)+": "+format, args...))
}

// object is the check of a struct. It is filled after it has been given out, because a
// type may lead back to itself.
type object struct {
	typ      reflect.Type
	at       place
	members  []objectMember
	absent   []absentMember
	validate check
	foreign  check
}

type objectMember struct {
	step   step
	offset uintptr
	check  check
	embeds bool // of an embedded pointer, whose members are members of the object
}

// absentMember is a member that may be absent, and whose zero value must keep its rules.
type absentMember struct {
	at    place
	typ   reflect.Type
	check check
}

func (o *object) check(w *walk, p unsafe.Pointer) {
	before := len(w.found)
	o.checkMembers(w, p)
	if len(w.found) > before {
		return
	}
	if o.foreign != nil {
		o.foreign(w, p)
	}
	if o.validate != nil && len(w.found) == before {
		o.validate(w, p)
	}
}

func (o *object) checkMembers(w *walk, p unsafe.Pointer) {
	if len(o.members) == 0 {
		return
	}
	at := w.enter()
	for i := range o.members {
		m := &o.members[i]
		if m.embeds {
			w.leave()
			m.check(w, unsafe.Add(p, m.offset))
			w.enter()
			continue
		}
		w.path[at] = m.step
		m.check(w, unsafe.Add(p, m.offset))
		if w.full() {
			break
		}
	}
	w.leave()
}

func newCompiler(root reflect.Type, opts Options) *compiler {
	return &compiler{opts: opts, root: root, structs: map[reflect.Type]*object{}, open: map[use]*recursion{}}
}

// A use is a type that is compiled with the rules of a field, or without any.
type use struct {
	typ   reflect.Type
	ruled bool
}

// A recursion is the check of a list, a map or a pointer that is being compiled, for the
// values within that are of the same type.
type recursion struct{ check check }

// withRules returns the check of the values of t by the rules of t and of a field of type t.
// It is nil if there are none.
func (c *compiler) withRules(t reflect.Type, r rules, at place) check {
	if r.none() && !c.hasRules(t) {
		return nil
	}
	if t.Name() == "" {
		return c.build(t, r, at)
	}
	u := use{t, !r.none()}
	if outer := c.open[u]; outer != nil {
		r.refuseAll(c, at, fmt.Sprintf("the items of %s are of this type", t))
		return func(w *walk, p unsafe.Pointer) { outer.check(w, p) }
	}
	outer := &recursion{}
	c.open[u] = outer
	outer.check = c.build(t, r, at)
	delete(c.open, u)
	return outer.check
}

func (c *compiler) build(t reflect.Type, r rules, at place) check {
	if _, ok := shape.InsideOptional(t); ok {
		return c.optional(t, r, at)
	}
	if t.Kind() == reflect.Pointer {
		return c.pointer(t, r, at)
	}
	if isWhole(t) {
		r.refuseAll(c, at, fmt.Sprintf("a value of type %s writes itself", t))
		c.refuseFields(t, at)
		return validates(t)
	}
	switch t.Kind() {
	case reflect.Struct:
		r.refuseAll(c, at, "it is a struct")
		return c.object(t, at)
	case reflect.Slice, reflect.Array:
		if shape.IsBytes(t) {
			r.refuseAll(c, at, "it is bytes, which are text in base64")
			return validates(t)
		}
		return both(c.list(t, r, at), validates(t))
	case reflect.Map:
		return both(c.mapping(t, r, at), validates(t))
	}
	return both(c.scalar(t, r, at), validates(t))
}

// refuseFields adds a fault for each rule in a field of a struct that writes itself.
func (c *compiler) refuseFields(t reflect.Type, at place) {
	if t.Kind() != reflect.Struct || shape.IsMessage(reflect.PointerTo(t)) {
		return
	}
	for sf := range t.Fields() {
		r, _ := rulesOf(sf)
		r.refuseAll(c, at.field(sf.Name), fmt.Sprintf("a value of type %s writes itself", t))
	}
}

// both returns the check of a and then, if a finds nothing, b.
func both(a, b check) check {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(w *walk, p unsafe.Pointer) {
		before := len(w.found)
		if a(w, p); len(w.found) == before {
			b(w, p)
		}
	}
}

func (c *compiler) pointer(t reflect.Type, r rules, at place) check {
	inner := c.withRules(t.Elem(), r, at)
	if inner == nil {
		return nil
	}
	return func(w *walk, p unsafe.Pointer) {
		if p = *(*unsafe.Pointer)(p); p != nil {
			inner(w, p)
		}
	}
}

func (c *compiler) optional(t reflect.Type, r rules, at place) check {
	elem, _ := shape.InsideOptional(t)
	inner := c.withRules(elem, r, at)
	if inner == nil {
		return nil
	}
	return func(w *walk, p unsafe.Pointer) {
		v, ok := reflect.NewAt(t, p).Interface().(shape.Optional).Peek()
		if ok {
			inner(w, reflect.ValueOf(v).UnsafePointer())
		}
	}
}

func (c *compiler) object(t reflect.Type, at place) check {
	o, ok := c.structs[t]
	if !ok {
		o = &object{typ: t, at: at}
		c.structs[t] = o
		c.queue = append(c.queue, o)
	}
	return o.check
}

// finish fills the objects, and then checks that the zero values of members that may be
// absent keep the rules.
func (c *compiler) finish() {
	var done []*object
	for len(c.queue) > 0 {
		o := c.queue[0]
		c.queue = c.queue[1:]
		c.fill(o)
		done = append(done, o)
	}
	if c.opts.Response || c.opts.Mapped || len(c.faults) > 0 {
		return
	}
	for _, o := range done {
		for _, m := range o.absent {
			c.checkAbsent(m)
		}
	}
}

func (c *compiler) checkAbsent(m absentMember) {
	v, broken := m.check.breaks(reflect.New(m.typ))
	if !broken {
		return
	}
	within := ""
	if v.Pointer != "" {
		within = " at " + v.Pointer
	}
	c.fault(m.at, "it may be absent, and its zero value breaks its rule%s (%q); tag it required:\"true\", give it a default, or make it a pointer or an Optional", within, v.Detail)
}

// breaks returns the first rule that the value that p points to breaks. It does not call
// methods of the value, which nobody has sent.
func (run check) breaks(p reflect.Value) (v endpoint.Violation, broken bool) {
	w := walk{room: 1, path: []step{{kind: body}}, zero: true}
	run(&w, p.UnsafePointer())
	if len(w.found) == 0 {
		return v, false
	}
	return w.found[0], true
}

// fill adds the members of an object.
func (c *compiler) fill(o *object) {
	o.validate = validates(o.typ)
	o.foreign = c.foreign(o.typ, o.at)
	c.fields(o, o.typ, 0, o.validate != nil)
}

// fields adds the fields of t, a struct that is offset bytes into the object.
func (c *compiler) fields(o *object, t reflect.Type, offset uintptr, validated bool) {
	for sf := range t.Fields() {
		at := o.at.field(sf.Name)
		m, embedded, _ := shape.MemberOf(sf)
		_, isParam := c.parameter(o, sf)
		r, faults := rulesOf(sf)
		for _, err := range faults {
			c.fault(at, "%w", err)
		}
		c.foreignTags(sf, at)
		switch {
		case embedded != nil && !isParam:
			r.refuseAll(c, at, "it is embedded")
			c.embedded(o, sf, offset, validated)
		case m.Name == "" && !isParam:
			r.refuseAll(c, at, "it is not a member")
		default:
			c.field(o, sf, c.stepOf(o, sf), r, offset, at)
		}
	}
}

// stepOf returns the step to a field of an object.
func (c *compiler) stepOf(o *object, sf reflect.StructField) step {
	if param, ok := c.parameter(o, sf); ok {
		return step{name: param, kind: parameter}
	}
	if o.typ == c.root && c.opts.Body != nil && c.opts.Body(sf) {
		return step{kind: body}
	}
	m, _, _ := shape.MemberOf(sf)
	return step{name: nameOf(sf, m.Name)}
}

func (c *compiler) parameter(o *object, sf reflect.StructField) (string, bool) {
	if o.typ != c.root || c.opts.Parameter == nil {
		return "", false
	}
	return c.opts.Parameter(sf)
}

// nameOf returns the name of a member: that of a form, if the field is tagged for one.
func nameOf(sf reflect.StructField, name string) string {
	if form, ok := sf.Tag.Lookup("form"); ok && form != "" {
		return form
	}
	return name
}

func (c *compiler) embedded(o *object, sf reflect.StructField, offset uintptr, validated bool) {
	t := sf.Type
	pointer := t.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isWhole(t) || !c.hasRules(t) {
		return
	}
	if !pointer {
		c.fields(o, t, offset+sf.Offset, validated)
		if !validated && hasValidate(t) {
			o.validate = both(o.validate, at(offset+sf.Offset, validates(t)))
		}
		return
	}
	inner := c.object(t, o.at)
	o.members = append(o.members, objectMember{offset: offset + sf.Offset, embeds: true, check: func(w *walk, p unsafe.Pointer) {
		if p = *(*unsafe.Pointer)(p); p != nil {
			inner(w, p)
		}
	}})
}

// at returns the check of a value that is offset bytes into another one.
func at(offset uintptr, inner check) check {
	return func(w *walk, p unsafe.Pointer) { inner(w, unsafe.Add(p, offset)) }
}

func (c *compiler) field(o *object, sf reflect.StructField, s step, r rules, offset uintptr, at place) {
	run := c.withRules(sf.Type, r, at)
	if run == nil {
		return
	}
	o.members = append(o.members, objectMember{step: s, offset: offset + sf.Offset, check: run})
	_, hasDefault := sf.Tag.Lookup("default")
	if sf.Tag.Get("required") != "true" && !hasDefault && !isPath(s) && s.kind != body {
		o.absent = append(o.absent, absentMember{at, sf.Type, run})
	}
	if hasDefault {
		c.checkDefault(sf, run, at)
	}
}

// isWhole reports whether the parts of a value of type t are not its members: it writes or
// reads itself, or is a message of protobuf.
func isWhole(t reflect.Type) bool {
	return shape.HasOwnForm(t) || shape.IsMessage(reflect.PointerTo(t))
}

func isPath(s step) bool { return s.kind == parameter && strings.HasPrefix(s.name, "path:") }
