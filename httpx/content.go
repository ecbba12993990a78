package httpx

import (
	"errors"
	"reflect"
)

// Errors of a message whose body is a field that has no value.
var (
	errNoBody   = errors.New("the value is nil, which is no body")
	errNullBody = errors.New("the value is null, which is no body")
)

// read decodes the body of a message into the value that v points to. typed reports
// whether the message has a Content-Type: without one, no bytes are no body; with one,
// they may be a value, such as an empty text. See decision 167.
func (b *binding) read(body []byte, v any, typed bool) error {
	absent := b.mayBeAbsent && len(body) == 0
	if absent && !typed {
		return nil
	}
	err := b.format.Decode(body, b.target(v))
	if err != nil && absent {
		reflect.ValueOf(v).Elem().FieldByIndex(b.field).SetZero()
		return nil
	}
	return err
}

// target returns the pointer that the codec of the body reads into, for the value that
// v points to. Nothing is copied. Defaults of a field that is the whole body are set.
func (b *binding) target(v any) any {
	if b.field == nil {
		return b.view(v)
	}
	f := reflect.ValueOf(v).Elem().FieldByIndex(b.field)
	p, inner := f.Addr(), f
	switch {
	case b.optional:
		p = reflect.ValueOf(p.Interface().(optional).Target())
		inner = p.Elem()
	case b.pointer && len(b.bodyDefaults) > 0:
		f.Set(reflect.New(f.Type().Elem()))
		inner = f.Elem()
	}
	for i := range b.bodyDefaults {
		d := &b.bodyDefaults[i]
		d.assign(inner.FieldByIndex(d.index), d.def)
	}
	return b.view(p.Interface())
}

// view returns p, a pointer to the body, as the codec is to see it.
func (b *binding) view(p any) any {
	if b.shadow == nil {
		return p
	}
	return reflect.NewAt(b.shadow, reflect.ValueOf(p).UnsafePointer()).Interface()
}

// content returns the pointer that the codec of the body writes from, for the value that
// v points to. It is nil if there is no body.
func (b *binding) content(v any) (any, error) {
	if b.field == nil {
		return b.view(v), nil
	}
	f := reflect.ValueOf(v).Elem().FieldByIndex(b.field)
	p := f.Addr().Interface()
	there := !b.pointer || !f.IsNil()
	if b.optional {
		o := p.(optional)
		if o.IsNull() {
			return nil, errNullBody
		}
		p, there = o.Peek()
	}
	switch {
	case there:
		return b.view(p), nil
	case b.mayBeAbsent:
		return nil, nil
	}
	return nil, errNoBody
}
