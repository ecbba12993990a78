package items

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/mark"
)

// A Format is a codec.Compiler over a Wire.
type Format struct {
	*wired
	plan    *plan // nil before Compile
	lenient bool  // unknown members are ignored
	nulls   bool  // null is the zero value of every type
}

// wired is what all formats of one wire share.
type wired struct {
	wire    Wire
	plans   sync.Map // reflect.Type to *plan: of types that were compiled
	writers sync.Pool
}

// New returns the format of every type.
func New(wire Wire) *Format {
	w := &wired{wire: wire}
	w.writers.New = func() any { return &encoder{Writer: wire.NewWriter(), wired: w} }
	return &Format{wired: w}
}

// MediaType returns that of the wire.
func (f *Format) MediaType() string { return f.wire.MediaType() }

// Compile returns the format for values of type t. Its error joins a fault for
// each part of t without a form.
func (f *Format) Compile(t reflect.Type, opts codec.Options) (codec.Format, error) {
	p, err := f.planOf(t)
	if err != nil {
		return nil, err
	}
	return &Format{wired: f.wired, plan: p, lenient: opts.AllowUnknown, nulls: opts.NullIsZero}, nil
}

// of returns the plan for the value that a pointer points to.
func (f *Format) of(v reflect.Value) (*plan, error) {
	if f.plan != nil {
		return f.plan, nil
	}
	return f.planOf(v.Type())
}

// Append appends the value that v points to.
func (f *Format) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v).Elem()
	p, err := f.of(value)
	if err != nil {
		return dst, err
	}
	e := f.writers.Get().(*encoder)
	*e.Buffer() = dst
	e.depth = 0
	err = e.value(p, value)
	out := *e.Buffer()
	*e.Buffer() = nil
	f.writers.Put(e)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", f.wire.Name(), err)
	}
	return out, nil
}

// Decode reads all of src into the value that v points to.
func (f *Format) Decode(src []byte, v any) error {
	value := reflect.ValueOf(v).Elem()
	p, err := f.of(value)
	if err != nil {
		return err
	}
	d := decoder{wire: f.wire, wired: f.wired, src: src, lenient: f.lenient, nulls: f.nulls}
	d.all(p, value)
	if len(d.found) == 0 {
		return nil
	}
	return codec.ErrInvalid.WithViolations(d.found...).WithCause(mark.Partly(d.cause))
}

// all reads the one value of the source.
func (d *decoder) all(p *plan, v reflect.Value) {
	name := d.wire.Name()
	if len(d.src) == 0 {
		d.add("empty; a " + name + " value is expected")
		return
	}
	if detail, cause := d.wire.Check(d.src); detail != "" {
		d.add(detail)
		d.cause = cause
		return
	}
	switch ok := d.top(p, v); {
	case d.tooDeep:
		d.path = d.path[:0]
		d.add("nested too deeply")
	case !ok && !d.full():
		d.path = d.path[:0]
		d.add("not valid " + name + " at byte " + itoa(d.at))
	case ok && d.at < len(d.src):
		d.add("there is more after the " + name + " value")
	}
}

// top reads the value at the top, which must not be null.
func (d *decoder) top(p *plan, v reflect.Value) bool {
	it, _, ok := d.wire.Next(d.src, 0)
	if ok && it.Kind == Null {
		d.add("must not be null")
		return d.skipNext()
	}
	return d.value(p, v)
}

// full reports whether as many faults were found as an answer lists.
func (d *decoder) full() bool { return len(d.found) >= bounds.Faults }

// add notes a fault at the place that is being read.
func (d *decoder) add(detail string) {
	if d.full() {
		return
	}
	d.found = append(d.found, endpoint.Violation{Pointer: d.pointer(), Detail: detail})
}

// pointer returns the place that is being read, as in RFC 6901.
func (d *decoder) pointer() string {
	var b bytes.Buffer
	for _, s := range d.path {
		b.WriteByte('/')
		if s.name == nil {
			b.WriteString(itoa(s.index))
			continue
		}
		for _, c := range bytes.ToValidUTF8(s.name, []byte("\ufffd")) {
			switch c {
			case '~':
				b.WriteString("~0")
			case '/':
				b.WriteString("~1")
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
