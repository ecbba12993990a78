package codec

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"io"
	"reflect"
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

var (
	errNotDuration = errors.New("not a duration")
	errOutOfRange  = errors.New("out of range")
)

// explainer walks a JSON text beside the type that it should fit, and notes
// every fault.
type explainer struct {
	dec     *jsontext.Decoder
	opts    json.Options
	lenient bool
	nulls   bool // null is valid everywhere below the top
	types   map[reflect.Type]structure
	found   []endpoint.Violation
	spoilt  []span // of values that cannot be read
	spoils  bool   // the value that is being checked cannot be read
}

// structure is what of a struct type is needed for each of its objects.
type structure struct {
	members []shape.Member
	open    bool // takes members that no field has
}

func (x *explainer) structure(t reflect.Type) structure {
	s, ok := x.types[t]
	if !ok {
		s.members, _ = shape.Members(t)
		s.open = shape.TakesAny(t)
		if x.types == nil {
			x.types = map[reflect.Type]structure{}
		}
		x.types[t] = s
	}
	return s
}

var errEnough = errors.New("enough")

// See decision 7.
func explain(src []byte, t reflect.Type, f *jsonFormat) *explainer {
	x := &explainer{
		dec:  jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true)),
		opts: f.opts, lenient: f.lenient, nulls: f.nullable,
	}
	if len(src) == 0 {
		x.add("", "empty; a JSON value is expected")
		return x
	}
	var err error
	if x.dec.PeekKind() == jsontext.KindNull {
		x.add("", "must not be null")
		err = x.dec.SkipValue()
	} else {
		err = x.value(t, false)
	}
	if err == nil {
		if _, err = x.dec.ReadToken(); err == nil {
			x.add("", "there is more after the JSON value")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, errEnough) {
		x.syntax(err)
	}
	return x
}

// full reports whether as many faults were found as an answer lists.
func (x *explainer) full() bool { return len(x.found) >= bounds.Faults }

func (x *explainer) add(ptr jsontext.Pointer, detail string) {
	if !x.full() {
		x.found = append(x.found, endpoint.Violation{Pointer: bounds.Pointer(string(ptr)), Detail: detail})
	}
}

// syntax notes where the text stops being JSON.
func (x *explainer) syntax(err error) {
	detail := "not valid JSON"
	if syn, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		detail += " at byte " + strconv.FormatInt(syn.ByteOffset, 10)
	}
	x.add("", detail)
}

// value checks the next value against t. Its error is one of syntax.
func (x *explainer) value(t reflect.Type, stringed bool) error {
	if x.full() {
		return errEnough
	}
	start, spoils := x.dec.InputOffset(), x.spoils
	x.spoils = false
	err := x.check(t, stringed)
	if x.spoils {
		x.spoil(start, x.dec.InputOffset())
	}
	x.spoils = spoils
	return err
}

func (x *explainer) check(t reflect.Type, stringed bool) error {
	for {
		inner, ok := shape.InsideOptional(t)
		if !ok && (t.Kind() != reflect.Pointer || shape.HasOwnForm(t.Elem())) {
			break
		}
		if x.dec.PeekKind() == jsontext.KindNull {
			return x.dec.SkipValue()
		}
		if t = inner; !ok {
			t = t.Elem()
		}
	}
	if x.dec.PeekKind() == jsontext.KindNull && !x.nulls && !hasNull(t) {
		return x.null()
	}
	if t == valueType {
		return x.anything(t)
	}
	if shape.HasOwnForm(t) || t == durationType {
		return x.leaf(t, stringed)
	}
	switch t.Kind() {
	case reflect.Interface:
		return x.anything(t)
	case reflect.Struct:
		return x.object(t)
	case reflect.Map:
		return x.mapping(t)
	case reflect.Slice, reflect.Array:
		if shape.IsBytes(t) {
			return x.leaf(t, stringed)
		}
		return x.list(t)
	}
	return x.leaf(t, stringed)
}

// null notes a null whose type has none.
func (x *explainer) null() error {
	err := x.dec.SkipValue()
	if err == nil {
		x.add(x.dec.StackPointer(), "must not be null")
	}
	return err
}

// anything checks a value of type t, an any or a jsontext.Value, both of which take
// every kind of value: only a member twice, or a number that is too large for an any,
// can be wrong.
func (x *explainer) anything(t reflect.Type) error {
	switch kind := x.dec.PeekKind(); {
	case kind == jsontext.KindBeginObject:
		return x.mapping(reflect.MapOf(reflect.TypeFor[string](), t))
	case kind == jsontext.KindBeginArray:
		return x.list(reflect.SliceOf(t))
	case kind == jsontext.KindNumber && t != valueType:
		return x.leaf(t, false)
	}
	return x.dec.SkipValue()
}

// open reads the start of an object or an array; false when there is another
// value, which is skipped, or an error. A null is the zero value.
func (x *explainer) open(kind jsontext.Kind, want string) (bool, error) {
	switch x.dec.PeekKind() {
	case kind:
		_, err := x.dec.ReadToken()
		return err == nil, err // it fails below the deepest level
	case jsontext.KindNull:
		return false, x.dec.SkipValue()
	case jsontext.KindInvalid:
		return false, x.dec.SkipValue()
	}
	if err := x.dec.SkipValue(); err != nil {
		return false, err
	}
	x.add(x.dec.StackPointer(), want)
	x.spoils = true
	return false, nil
}

func (x *explainer) object(t reflect.Type) error {
	s := x.structure(t)
	fields := s.members
	seen := map[string]bool{}
	opened, err := x.open(jsontext.KindBeginObject, "must be an object")
	if !opened {
		return err
	}
	rest := x.lenient || s.open
	for x.dec.PeekKind() != jsontext.KindEndObject {
		if x.full() { // the place of each fault takes time to find
			return errEnough
		}
		tok, err := x.dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		m := find(fields, name)
		switch {
		case seen[name]:
			x.add(x.dec.StackPointer(), "more than once")
			err = x.dec.SkipValue()
		case m == nil && !rest:
			x.add(x.dec.StackPointer(), "unknown member")
			err = x.dec.SkipValue()
		case m == nil:
			err = x.anything(valueType)
		default:
			err = x.value(m.Type, m.Stringed)
		}
		if err != nil {
			return err
		}
		seen[name] = true
		if m != nil {
			seen[m.Name] = true
		}
	}
	if _, err := x.dec.ReadToken(); err != nil {
		return err
	}
	for _, m := range fields {
		if m.Required && !seen[m.Name] {
			x.add(x.dec.StackPointer().AppendToken(m.Name), "missing")
		}
	}
	return nil
}

func find(fields []shape.Member, name string) *shape.Member {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	for i := range fields {
		if fields[i].Folded && shape.Fold(fields[i].Name) == shape.Fold(name) {
			return &fields[i]
		}
	}
	return nil
}

func (x *explainer) mapping(t reflect.Type) error {
	seen := map[string]bool{}
	opened, err := x.open(jsontext.KindBeginObject, "must be an object")
	if !opened {
		return err
	}
	for x.dec.PeekKind() != jsontext.KindEndObject {
		tok, err := x.dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		if seen[name] {
			x.add(x.dec.StackPointer(), "more than once")
		}
		seen[name] = true
		if detail := x.key(t.Key(), name); detail != "" {
			x.add(x.dec.StackPointer(), detail)
			x.spoils = true
		}
		if err := x.value(t.Elem(), false); err != nil {
			return err
		}
	}
	_, err = x.dec.ReadToken()
	return err
}

// key returns the fault of the name of a map's member, or "" if the name is valid.
func (x *explainer) key(k reflect.Type, name string) (detail string) {
	if k.Kind() == reflect.String && !shape.HasOwnForm(k) {
		return ""
	}
	text, err := json.Marshal(map[string]int{name: 0})
	if err == nil {
		err = json.Unmarshal(text, reflect.New(reflect.MapOf(k, reflect.TypeFor[int]())).Interface(), x.opts)
	}
	if err == nil {
		return ""
	}
	const general = "the name of this member is not valid"
	if reason := scalar.Reason(k, err); reason != "" {
		return general + ": " + reason
	}
	return general
}

func (x *explainer) list(t reflect.Type) error {
	opened, err := x.open(jsontext.KindBeginArray, "must be an array")
	if !opened {
		return err
	}
	n := 0
	for x.dec.PeekKind() != jsontext.KindEndArray {
		if err := x.value(t.Elem(), false); err != nil {
			return err
		}
		n++
	}
	if _, err := x.dec.ReadToken(); err != nil {
		return err
	}
	if t.Kind() == reflect.Array && n != t.Len() {
		x.spoils = true
		x.add(x.dec.StackPointer(), "must have "+strconv.Itoa(t.Len())+" items")
	}
	return nil
}

// leaf tries the value on json/v2 itself and finds the words for its refusal.
func (x *explainer) leaf(t reflect.Type, stringed bool) error {
	raw, err := x.dec.ReadValue()
	if err != nil {
		return err
	}
	opts := x.opts
	if stringed {
		opts = json.JoinOptions(opts, json.StringifyNumbers(true))
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface(), opts); err != nil {
		x.spoils = true
		if within, ok := duplicate(err); ok {
			x.add(x.dec.StackPointer()+within, "more than once")
		} else {
			x.add(x.dec.StackPointer(), x.words(t, raw, stringed, err))
		}
	}
	return nil
}

// duplicate returns the place of the repeated member, if err reports one.
func duplicate(err error) (jsontext.Pointer, bool) {
	syn, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok || !errors.Is(err, jsontext.ErrDuplicateName) {
		return "", false
	}
	return syn.JSONPointer, true
}

func (x *explainer) words(t reflect.Type, raw jsontext.Value, stringed bool, err error) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	kind := raw.Kind()
	isString := kind == jsontext.KindString
	switch {
	case errors.Is(err, errOutOfRange):
		return "out of range"
	case t == timeType:
		return "must be a time as in RFC 3339"
	case t == durationType:
		return `must be a duration such as "1.5s"`
	case t == shape.NumberType:
		return "must be a number"
	case shape.HasOwnForm(t):
		if !isString && reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return "must be a string"
		}
		return cmp.Or(scalar.Reason(t, err), "not valid")
	}
	switch t.Kind() {
	case reflect.Bool:
		return "must be true or false"
	case reflect.String:
		return "must be a string"
	case reflect.Slice, reflect.Array:
		return "must be a string in base64"
	}
	if stringed {
		if !isString {
			return "must be a number in a string"
		}
		if s, err := jsontext.AppendUnquote(nil, raw); err == nil {
			raw = s
		}
		if !raw.IsValid() {
			return "must be a number in a string"
		}
	} else if kind != jsontext.KindNumber {
		return "must be a number"
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return "out of range"
	}
	if !isInteger(raw) {
		return "must be an integer without fraction or exponent"
	}
	return "out of range"
}

// violationOf is for an error of json/v2 in whose text the second pass finds nothing
// wrong: a type's own method refused a value.
func violationOf(err error) endpoint.Violation {
	if place, ok := duplicate(err); ok {
		return endpoint.Violation{Pointer: bounds.Pointer(string(place)), Detail: "more than once"}
	}
	v := endpoint.Violation{Detail: "not valid"}
	if sem, ok := errors.AsType[*json.SemanticError](err); ok {
		v.Pointer = bounds.Pointer(string(sem.JSONPointer))
		v.Detail = cmp.Or(scalar.Reason(sem.GoType, err), v.Detail)
	}
	return v
}
