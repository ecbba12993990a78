package constraint

import (
	"fmt"
	"reflect"

	"github.com/typedkit/endpoint/internal/scalar"
	"github.com/typedkit/endpoint/internal/shape"
)

// A preset is the default of a member.
type preset struct {
	index []int
	text  string
}

// presets returns the defaults of the members of t, a type of messages. Those within members
// have none.
func (c *compiler) presets(t reflect.Type) []preset {
	if t.Kind() != reflect.Struct || isWhole(t) {
		return nil
	}
	members, err := shape.Members(t)
	if err != nil {
		return nil // the codecs tell
	}
	var all []preset
	for _, m := range members {
		sf := t.FieldByIndex(m.Index)
		text, ok := sf.Tag.Lookup("default")
		if !ok {
			continue
		}
		if fault := faultOfDefault(t, m, text); fault != "" {
			c.fault(place(sf.Name), "%s", fault)
			continue
		}
		all = append(all, preset{m.Index, text})
	}
	return all
}

// faultOfDefault returns why a member cannot have a default, or "".
func faultOfDefault(t reflect.Type, m shape.Member, text string) string {
	if m.Required {
		return "it is required and has a default"
	}
	for i := range m.Index[:len(m.Index)-1] {
		if t.FieldByIndex(m.Index[:i+1]).Type.Kind() == reflect.Pointer {
			return "it has a default behind an embedded pointer"
		}
	}
	target := within(reflect.New(m.Type))
	s, ok := scalar.Of(target.Type())
	if !ok {
		return fmt.Sprintf("a default for the kind %s has no form", target.Kind())
	}
	if detail := s.Parse(target, text); detail != "" {
		return fmt.Sprintf("default %q: %s", text, detail)
	}
	return ""
}

// within returns what a field, to which v points, holds: that of a pointer, which is made, or
// of an Optional, which is set, or the field.
func within(v reflect.Value) reflect.Value {
	target := v.Elem()
	if o, ok := reflect.TypeAssert[shape.Optional](v); ok {
		return reflect.ValueOf(o.Target()).Elem()
	}
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		return target.Elem()
	}
	return target
}

// SetDefaults sets the defaults of the members of the message that v points to, before it is
// read. What is read replaces them. A Plan that is nil has none.
func (p *Plan) SetDefaults(v any) {
	if p == nil || len(p.presets) == 0 {
		return
	}
	message := reflect.ValueOf(v).Elem()
	for _, d := range p.presets {
		target := within(message.FieldByIndex(d.index).Addr())
		s, _ := scalar.Of(target.Type())
		s.Parse(target, d.text)
	}
}
