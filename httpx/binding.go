package httpx

import (
	"fmt"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/scalar"
)

// source is where a parameter comes from and goes to.
type source uint8

const (
	inPath source = iota
	inQuery
	inHeader
	inCookie
	inStatus
	inBody // a member with a default
)

var sourceNames = [...]string{inPath: "path", inQuery: "query", inHeader: "header", inCookie: "cookie", inStatus: "status", inBody: "body"}

func (s source) String() string { return sourceNames[s] }

// key returns the name of a parameter in the form in which it is looked up.
func (s source) key(name string) string {
	if s == inHeader {
		return textproto.CanonicalMIMEHeaderKey(name)
	}
	return name
}

// place returns the place of a parameter as faults have it: "query:limit".
func (s source) place(name string) string { return s.String() + ":" + s.key(name) }

// A binding is the plan for one type of request or response, made once: which
// field goes where. Server and client use the same one.
type binding struct {
	typ      reflect.Type
	params   []param
	query    []int // of params
	cookies  bool
	status   []int // index of the status field, nil for none
	defaults []param

	format  codec.Format // of the body; nil when there is none
	shadow  reflect.Type // what the codec sees in the place of the body's type; nil: the type itself
	empty   bool         // the body has no members: {} or nothing
	ignored bool         // the type has nothing that the body could be read into
	holds   string       // the body, for texts of faults: "the fields A and B"

	field        []int // index of the field that is the whole body, or nil
	pointer      bool  // the field is a pointer
	optional     bool  // the field is a codec.Optional
	mayBeAbsent  bool  // the field may have no body
	bodyDefaults []param
}

// A param is one field outside the body.
type param struct {
	source   source
	name     string
	key      string // name in the form in which it is looked up
	place    string // "query:limit"
	index    []int
	typ      reflect.Type // of the field
	elem     reflect.Type // without pointer and slice
	scalar   scalar.Scalar
	pointer  bool
	optional bool
	slice    bool
	array    bool
	cookie   bool // of a response: a whole http.Cookie
	required bool
	def      string
	hasDef   bool
	segment  segment
}

// binder compiles a binding and collects its faults.
type binder struct {
	b       *binding
	request bool
	pattern *pattern // nil: of a Handler, unknown
	bodyOK  bool     // the method has a body
	faults  []error
	members []string          // the fields that are members of the body
	names   map[string]string // place or pointer to field
	body    string            // the field that is the whole body
}

func (c *binder) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

// bindRequest plans the requests of a route.
func bindRequest(t reflect.Type, p *pattern, bodyOK bool, format codec.Format, opts codec.Options) (*binding, []error) {
	c := &binder{b: &binding{typ: t}, request: true, pattern: p, bodyOK: bodyOK, names: map[string]string{}}
	c.plan(t)
	if p != nil {
		for _, name := range p.wildcardNames() {
			if _, ok := c.names["path:"+name]; !ok {
				c.fault("{%s} in %q has no field tagged path:%q", name, p.text, name)
			}
		}
	}
	c.compileBody(t, format, opts)
	return c.b, c.faults
}

// bindResponse plans the responses of a route.
func bindResponse(t reflect.Type, format codec.Format) (*binding, []error) {
	c := &binder{b: &binding{typ: t}, bodyOK: true, names: map[string]string{}}
	c.plan(t)
	c.compileBody(t, format, codec.Options{AllowUnknown: true, NullIsZero: true})
	return c.b, c.faults
}

func (c *binder) plan(t reflect.Type) {
	if _, ok := endpoint.StreamItem(t); ok {
		c.fault("a Stream is no message of a unary route")
		return
	}
	if t.Kind() != reflect.Struct || isScalar(t) || hasOwnJSON(t) {
		c.members, c.b.holds = []string{t.String()}, t.String()
		if c.request && !c.bodyOK {
			c.fault("a request of type %s is a body, and the method has none", t)
		}
		c.checkNoTags(t)
		return
	}
	c.fields(t, nil, false)
	if c.body != "" && len(c.members) > 0 {
		c.fault("field %s is the whole body, so %s cannot be in it: tag each as a parameter, or json:\"-\"", c.body, listed(c.members))
	}
}

func isScalar(t reflect.Type) bool {
	_, ok := scalar.Of(t)
	return ok
}

// checkNoTags finds parameters in a type that writes itself as a whole, where
// they would be part of the body.
func (c *binder) checkNoTags(t reflect.Type) {
	if t.Kind() != reflect.Struct {
		return
	}
	for field := range t.Fields() {
		if src, _, ok := c.tagOf(field); ok {
			c.fault("field %s is tagged %s, and its struct has a form of its own that would hide it", field.Name, src)
		}
	}
}

// sourcesOf returns where parameters of a request, or of a response, are. The
// tags of the other side make members: one type may serve as both.
func sourcesOf(request bool) []source {
	if request {
		return []source{inPath, inQuery, inHeader, inCookie}
	}
	return []source{inHeader, inCookie, inStatus}
}

// tagOf returns what a field is bound to; ok is false for a member of the body.
func (c *binder) tagOf(sf reflect.StructField) (src source, name string, ok bool) {
	for _, s := range sourcesOf(c.request) {
		if v, has := sf.Tag.Lookup(s.String()); has {
			if ok {
				c.fault("field %s is tagged %s and %s", sf.Name, src, s)
			}
			src, name, ok = s, v, true
		}
	}
	return src, name, ok
}

// fields plans the fields of a struct; pointered says that a pointer is on the
// way, behind which nothing can be bound.
func (c *binder) fields(t reflect.Type, index []int, pointered bool) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		src, name, tagged := c.tagOf(sf)
		_, whole := sf.Tag.Lookup("body")
		switch {
		case !sf.IsExported() && !sf.Anonymous:
			if tagged || whole {
				c.fault("field %s is tagged and not exported", sf.Name)
			}
		case tagged && whole:
			c.fault("field %s is tagged %s and body", sf.Name, src)
		case tagged:
			if pointered {
				c.fault("field %s is tagged %s behind an embedded pointer", sf.Name, src)
			}
			c.param(sf, at, src, name)
		case whole:
			c.wholeBody(sf, at, pointered)
		case isEmbedded(sf):
			c.embedded(sf, at, pointered)
		default:
			c.member(sf, at, pointered)
		}
	}
}

// isEmbedded says that the fields of a field are fields of its struct.
func isEmbedded(sf reflect.StructField) bool {
	if !isPlainStruct(sf.Type) {
		return false
	}
	name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
	return sf.Anonymous && name == "" || strings.Contains(","+opts+",", ",embed,")
}

func (c *binder) embedded(sf reflect.StructField, at []int, pointered bool) {
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t, pointered = t.Elem(), true
		if recursive(t, map[reflect.Type]bool{}) {
			c.member(sf, at, pointered)
			return
		}
	}
	c.fields(t, at, pointered)
}

// recursive says that a struct embeds itself by a pointer.
func recursive(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	if seen[t] {
		return true
	}
	seen[t] = true
	defer delete(seen, t)
	for field := range t.Fields() {
		if field.Anonymous && recursive(field.Type, seen) {
			return true
		}
	}
	return false
}

func (c *binder) wholeBody(sf reflect.StructField, at []int, pointered bool) {
	switch v := sf.Tag.Get("body"); {
	case v != "" && v != "true":
		c.fault("field %s: tag body is %q, not true", sf.Name, v)
	case pointered:
		c.fault("field %s is tagged body behind an embedded pointer", sf.Name)
	case c.body != "":
		c.fault("fields %s and %s are both the whole body", c.body, sf.Name)
	case c.request && !c.bodyOK:
		c.fault("field %s is tagged body, and the method has none", sf.Name)
	}
	if _, ok := sf.Tag.Lookup("default"); ok && c.request {
		c.fault("field %s: the whole body has no default", sf.Name)
	}
	c.body, c.b.field = sf.Name, at
	t := sf.Type
	switch {
	case isOptional(t):
		c.b.optional, t = true, insideOptional(t)
	case t.Kind() == reflect.Pointer && !isMessage(t):
		c.b.pointer, t = true, t.Elem()
	}
	c.b.mayBeAbsent = (c.b.optional || c.b.pointer) && sf.Tag.Get("required") != "true"
	if c.request && t.Kind() == reflect.Struct && isPlainStruct(t) {
		c.bodyMembers(t, nil, sf.Name, false)
		return
	}
	c.nestedTags(t, sf.Name, map[reflect.Type]bool{})
}

// isMessage reports whether t is a message of protobuf. A pointer to one is the message
// itself, and an empty one may be written as no bytes.
func isMessage(t reflect.Type) bool {
	_, ok := t.MethodByName("ProtoReflect")
	return ok
}

// bodyMembers plans the members of the field that is the whole body of a request: they
// may have defaults. index is that of t within the body.
func (c *binder) bodyMembers(t reflect.Type, index []int, path string, pointered bool) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		c.unreachable(sf, path, "path", "query", "header", "cookie", "body")
		if embedded := isEmbedded(sf); embedded && sf.Type.Kind() == reflect.Struct {
			c.bodyMembers(sf.Type, at, path, pointered)
			continue
		} else if embedded && !recursive(sf.Type, map[reflect.Type]bool{}) {
			c.bodyMembers(sf.Type.Elem(), at, path, true)
			continue
		}
		if sf.IsExported() && sf.Tag.Get("json") != "-" {
			c.checkDefault(&c.b.bodyDefaults, sf, at, pointered)
		}
		c.nestedTags(sf.Type, path+"."+sf.Name, map[reflect.Type]bool{t: true})
	}
}

// member notes a field of the body.
func (c *binder) member(sf reflect.StructField, at []int, pointered bool) {
	if sf.Tag.Get("json") == "-" {
		return
	}
	c.members = append(c.members, sf.Name)
	if c.request && !c.bodyOK {
		c.fault("field %s has no source: the method has no body; tag it path, query, header or cookie, or json:\"-\"", sf.Name)
		return
	}
	c.checkDefault(&c.b.defaults, sf, at, pointered)
	switch form, ok := sf.Tag.Lookup("form"); {
	case !ok:
	case !c.request:
		c.fault("field %s is tagged form, which is for requests", sf.Name)
	default:
		c.withoutOptions(sf, "form", form)
	}
	c.nestedTags(sf.Type, sf.Name, map[reflect.Type]bool{})
}

// checkDefault adds the default of a member of the body to list, if it has one.
func (c *binder) checkDefault(list *[]param, sf reflect.StructField, at []int, pointered bool) {
	def, ok := sf.Tag.Lookup("default")
	switch {
	case !ok || !c.request:
	case pointered:
		c.fault("field %s has a default behind an embedded pointer", sf.Name)
	case sf.Tag.Get("required") == "true":
		c.fault("field %s is required and has a default", sf.Name)
	default:
		c.memberDefault(list, sf, at, def)
	}
}

// isForm says that the body of a request is a form: one of its fields is tagged
// so.
func isForm(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || isScalar(t) {
		return false
	}
	for sf := range t.Fields() {
		if _, ok := sf.Tag.Lookup("form"); ok {
			return true
		}
		if isEmbedded(sf) && sf.Type.Kind() == reflect.Struct && isForm(sf.Type) {
			return true
		}
	}
	return false
}

// optional is what every codec.Optional is, whatever its type.
type optional interface {
	Target() any
	Peek() (value any, ok bool)
	SetNull()
	IsNull() bool
}

func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(reflect.TypeFor[optional]())
}

func insideOptional(t reflect.Type) reflect.Type {
	value, _ := reflect.New(t).Interface().(optional).Peek()
	return reflect.TypeOf(value).Elem()
}

func (c *binder) memberDefault(list *[]param, sf reflect.StructField, at []int, def string) {
	t := sf.Type
	pointer, opt := t.Kind() == reflect.Pointer, isOptional(t)
	switch {
	case opt:
		t = insideOptional(t)
	case pointer:
		t = t.Elem()
	}
	s, ok := scalar.Of(t)
	if !ok {
		c.fault("field %s: a default for the kind %s has no form", sf.Name, t.Kind())
		return
	}
	if err := s.Check(t, def); err != nil {
		c.fault("field %s: %w", sf.Name, err)
		return
	}
	*list = append(*list, param{
		source: inBody, name: sf.Name, index: at, typ: sf.Type, elem: t, scalar: s, pointer: pointer, optional: opt, def: def, hasDef: true,
	})
}

// nestedTags finds tags where nothing would look at them: parameters and
// defaults inside members.
func (c *binder) nestedTags(t reflect.Type, path string, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		if t.Name() != "" {
			if seen[t] {
				return // it contains itself, as type T []T does
			}
			seen[t] = true
		}
		t = t.Elem()
	}
	if isOptional(t) {
		t = insideOptional(t)
	}
	if t.Kind() != reflect.Struct || seen[t] || isScalar(t) || hasOwnJSON(t) {
		return
	}
	seen[t] = true
	for sf := range t.Fields() {
		tags := []string{"header", "cookie", "body", "status"}
		if c.request {
			tags = []string{"path", "query", "header", "cookie", "body", "default"}
		}
		c.unreachable(sf, path, tags...)
		c.nestedTags(sf.Type, path+"."+sf.Name, seen)
	}
}

// unreachable notes the tags of a field inside the body that nothing would look at.
func (c *binder) unreachable(sf reflect.StructField, path string, tags ...string) {
	for _, tag := range tags {
		if _, ok := sf.Tag.Lookup(tag); ok {
			c.fault("field %s.%s is tagged %s and cannot be reached: it is inside a member of the body", path, sf.Name, tag)
		}
	}
}

func (c *binder) param(sf reflect.StructField, at []int, src source, name string) {
	p := param{source: src, index: at, typ: sf.Type, elem: sf.Type}
	if src == inStatus {
		c.statusField(sf, at, name)
		return
	}
	if name = c.withoutOptions(sf, src.String(), name); name == "" {
		c.fault("field %s: tag %s has no name", sf.Name, src)
		return
	}
	p.name, p.key = name, src.key(name)
	if src == inHeader && headerIsOurs(p.key, c.request) {
		c.fault("field %s: header %q belongs to the transport", sf.Name, name)
	}
	if (src == inHeader || src == inCookie) && !isToken(name) {
		c.fault("field %s: %s %q is not a token of RFC 9110", sf.Name, src, name)
	}
	p.place = src.place(name)
	if other, ok := c.names[p.place]; ok {
		c.fault("fields %s and %s are both tagged %s:%q", other, sf.Name, src, name)
	}
	c.names[p.place] = sf.Name
	c.kind(&p, sf)
	c.flags(&p, sf)
	if src == inPath && c.pattern != nil {
		c.wildcard(&p, sf)
	}
	if src == inPath && c.pattern == nil {
		p.segment = segment{name: name}
	}
	if src == inCookie {
		c.b.cookies = true
	}
	c.b.params = append(c.b.params, p)
	if src == inQuery {
		c.b.query = append(c.b.query, len(c.b.params)-1)
	}
	if len(c.b.params) > 64 {
		c.fault("it has more than 64 parameters")
	}
}

// withoutOptions returns the name in a tag. What follows it after a comma is a fault:
// other packages have options there, and none is known here.
func (c *binder) withoutOptions(sf reflect.StructField, tag, text string) string {
	name, opts, found := strings.Cut(text, ",")
	if !found {
		return name
	}
	for opt := range strings.SplitSeq(opts, ",") {
		hint := ""
		switch key, _, _ := strings.Cut(opt, "="); strings.TrimSpace(key) {
		case "required":
			hint = `; it is a tag of its own: required:"true"`
		case "default":
			hint = `; it is a tag of its own: default:"..."`
		}
		c.fault("field %s: tag %s:%q has the unknown option %q%s", sf.Name, tag, text, opt, hint)
	}
	return name
}

// kind finds the form of a parameter's values.
func (c *binder) kind(p *param, sf reflect.StructField) {
	t := sf.Type
	s, ok := scalar.Of(t)
	switch {
	case ok:
	case p.source == inCookie && !c.request && (t == cookieType || t == reflect.PointerTo(cookieType)):
		p.cookie, p.pointer, ok = true, t.Kind() == reflect.Pointer, true
	case isOptional(t):
		p.optional, p.elem = true, insideOptional(t)
		s, ok = scalar.Of(p.elem)
	case t.Kind() == reflect.Pointer:
		p.pointer, p.elem = true, t.Elem()
		s, ok = scalar.Of(p.elem)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		p.slice, p.array, p.elem = true, t.Kind() == reflect.Array, t.Elem()
		s, ok = scalar.Of(p.elem)
		if p.source == inPath || p.source == inCookie {
			c.fault("field %s: a %s parameter has one value, not several", sf.Name, p.source)
		}
	}
	if !ok {
		c.fault("field %s: the kind %s has no form as a %s parameter", sf.Name, t, p.source)
	}
	p.scalar = s
}

var cookieType = reflect.TypeFor[http.Cookie]()

func (c *binder) flags(p *param, sf reflect.StructField) {
	switch v, ok := sf.Tag.Lookup("required"); {
	case !ok || v == "false":
	case v != "true":
		c.fault("field %s: tag required is %q, not true or false", sf.Name, v)
	default:
		p.required = true
	}
	p.def, p.hasDef = sf.Tag.Lookup("default")
	switch {
	case !p.hasDef, !c.request:
	case p.required:
		c.fault("field %s is required and has a default", sf.Name)
	case p.source == inPath:
		c.fault("field %s: a path parameter is always there, and has no default", sf.Name)
	case p.slice:
		c.fault("field %s: a parameter of several values has no default", sf.Name)
	case p.scalar.Parse != nil:
		if err := p.scalar.Check(p.elem, p.def); err != nil {
			c.fault("field %s: %w", sf.Name, err)
		}
	}
}

func (c *binder) wildcard(p *param, sf reflect.StructField) {
	for _, s := range c.pattern.segments {
		if s.name == p.name {
			p.segment = s
			return
		}
	}
	c.fault("field %s: path tag %q has no {%s} in %q", sf.Name, p.name, p.name, c.pattern.text)
}

func (c *binder) statusField(sf reflect.StructField, at []int, tag string) {
	switch {
	case tag != "" && tag != "true":
		c.fault("field %s: tag status is %q, not true", sf.Name, tag)
	case sf.Type.Kind() != reflect.Int:
		c.fault("field %s is tagged status and no int", sf.Name)
	case c.b.status != nil:
		c.fault("field %s is a second one tagged status", sf.Name)
	default:
		c.b.status = at
	}
}

// headerIsOurs says that a header is not a user's to bind, because the message
// would not be framed or understood as we say it is.
func headerIsOurs(key string, request bool) bool {
	switch key {
	case "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Te", "Content-Type", "Content-Encoding":
		return true
	case "Host", "Expect", "Connect-Timeout-Ms", "Accept", "Accept-Encoding":
		return request
	}
	return false
}

// listed returns the names of fields as a part of a sentence.
func listed(names []string) string {
	if len(names) == 1 {
		return "field " + names[0]
	}
	last := len(names) - 1
	return "fields " + strings.Join(names[:last], ", ") + " and " + names[last]
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// compileBody prepares the format for the part of the type that is the body.
func (c *binder) compileBody(t reflect.Type, format codec.Format, opts codec.Options) {
	if c.request && !c.bodyOK && c.pattern != nil {
		return
	}
	body := t
	if c.b.field != nil {
		body = t.FieldByIndex(c.b.field).Type
		switch {
		case c.b.optional:
			body = insideOptional(body)
		case c.b.pointer:
			body = body.Elem()
		}
	}
	if c.b.field == nil && (len(c.b.params) > 0 || c.b.status != nil) || len(c.b.defaults)+len(c.b.bodyDefaults) > 0 {
		shadow, err := shadowOf(body, c.request)
		if err != nil {
			c.fault("%w", err)
			return
		}
		opts.Shadows = body
		body, c.b.shadow = shadow, shadow
	}
	if c.b.pointer {
		body = reflect.PointerTo(body)
		if c.b.shadow != nil {
			c.b.shadow = body
		}
	}
	c.b.empty = len(c.members) == 0 && c.b.field == nil
	c.b.ignored = c.b.empty && t.Kind() == reflect.Struct && !slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return !f.Anonymous && !isParameter(f, c.request)
	})
	switch {
	case c.b.field != nil:
		c.b.holds = "field " + c.body
	case c.b.holds == "" && !c.b.empty:
		c.b.holds = listed(c.members)
	}
	c.b.format = format
	compiler, ok := format.(codec.Compiler)
	if !ok || len(c.faults) > 0 {
		return
	}
	compiled, err := compiler.Compile(body, opts)
	if err != nil {
		c.fault("%w", err)
		return
	}
	c.b.format = compiled
}
