package codec

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shape"
)

// ErrInvalid is the error of input that a codec cannot read. Its violations say
// where and why, in words of ours: nothing of the input and no name of a Go type
// is in them.
var ErrInvalid = endpoint.Define(endpoint.InvalidArgument, "endpoint", "INVALID_REQUEST", "invalid request")

// JSON returns the format of application/json (RFC 8259) on encoding/json/v2.
//
// Names of members are those of json/v2: the tag, else the name of the field,
// compared with case. A top-level null, a member twice, invalid UTF-8, and
// trailing data are errors; unknown members are too unless
// [Options.AllowUnknown] is set. Integers are written without fraction and
// exponent and read the same way. A number in an any is a float64, and an integer
// that a float64 cannot hold exactly is a json.Number of encoding/json. A nil slice
// is [], a nil map is {}, and the members of a map are in the order of their names.
// A nil pointer at the top is an error, as null is to the reader. A time.Duration is
// a string as of its String method ("1.5s"). A member tagged required:"true" must be
// present; its value may be zero.
//
// null is read by pointers, slices, maps, any, [Optional], and types that read
// themselves from JSON. For every other type it is a fault, unless
// [Options.NullIsZero] is set.
//
// Compiled for a type of booleans, numbers, strings, times, and structs, slices,
// arrays, pointers and maps with string keys of those, it writes the same bytes in
// about a quarter of the time that json/v2 takes, and reads the same values in less
// than half of it. A type with another map, an any, itself, or a method that reads or
// writes JSON or text in it is left to json/v2 as a whole. A type with an Optional is
// read fast and written by json/v2.
func JSON() Compiler { return defaultJSON }

var defaultJSON = &jsonFormat{opts: jsonOptions(false, true)}

// jsonFormat is JSON for every type (typ is nil), or for one.
type jsonFormat struct {
	typ      reflect.Type
	pointer  reflect.Type // to typ
	add      appender     // of typ; nil if json/v2 writes it
	read     reader       // of typ; nil if json/v2 reads it
	opts     json.Options
	lenient  bool
	nullable bool // null is valid wherever it can be, or reads as the zero value
	required bool // a member somewhere in typ is tagged required
	partly   bool // what is valid of a faulty text is read
}

func jsonOptions(allowUnknown, hooks bool) json.Options {
	opts := []json.Options{json.DefaultOptionsV2(), json.RejectUnknownMembers(!allowUnknown), json.Deterministic(true)}
	if hooks {
		opts = append(opts, json.WithMarshalers(marshalers), json.WithUnmarshalers(unmarshalers))
	}
	return json.JoinOptions(opts...)
}

var (
	marshalers   = json.MarshalToFunc(writeDuration)
	unmarshalers = json.JoinUnmarshalers(json.UnmarshalFromFunc(readDuration), json.UnmarshalFromFunc(readAny))
)

func writeDuration(enc *jsontext.Encoder, d time.Duration) error {
	return enc.WriteToken(jsontext.String(d.String()))
}

func readDuration(dec *jsontext.Decoder, d *time.Duration) error {
	tok, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case tok.Kind() == jsontext.KindNull:
		*d = 0
		return nil
	case tok.Kind() != jsontext.KindString:
		return errNotDuration
	}
	if *d, err = time.ParseDuration(tok.String()); err != nil {
		return errNotDuration
	}
	return nil
}

// readAny reads a number without loss: json/v2 makes a float64 of every number, which
// silently changes large integers. See decision 156.
func readAny(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != jsontext.KindNumber {
		return errors.ErrUnsupported // json/v2 goes on by its own rule
	}
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case isInteger(raw) && (err != nil || !isExactly(f, raw)):
		*v = shape.Number(string(raw))
	case err != nil:
		return errOutOfRange
	default:
		*v = f
	}
	return nil
}

// isExactly reports whether f is the integer that raw spells, and is written like it:
// 2^64 is a float64, but is written as 18446744073709552000.
func isExactly(f float64, raw []byte) bool {
	const many = 16 // digits, which not every float64 holds
	if len(raw) < many {
		return true
	}
	var room [32]byte
	return bytes.Equal(strconv.AppendFloat(room[:0], f, 'f', 0, 64), raw) &&
		bytes.Equal(strconv.AppendFloat(room[:0], f, 'f', -1, 64), raw)
}

func isInteger(number []byte) bool { return !bytes.ContainsAny(number, ".eE") }

// Compile returns the format for values of type t. Its error joins a fault for
// each kind in t without a form in JSON: functions, channels, complex numbers,
// interfaces other than any, maps whose keys are no strings or numbers.
func (f *jsonFormat) Compile(t reflect.Type, opts Options) (Format, error) {
	place := t.String()
	if opts.Shadows != nil {
		place = opts.Shadows.String()
	}
	s, err := survey(t, place)
	if err != nil {
		return nil, err
	}
	return &jsonFormat{
		typ: t, pointer: reflect.PointerTo(t), add: appenderOf(t), read: readerOf(t, opts),
		lenient: opts.AllowUnknown, nullable: opts.NullIsZero || !s.nullless, required: s.required, partly: opts.Partly,
		opts: jsonOptions(opts.AllowUnknown, s.hooks),
	}, nil
}

func (f *jsonFormat) MediaType() string { return "application/json" }

// encoder is a jsontext.Encoder that is used again, with the buffer that it
// knows how to write into without a copy.
type encoder struct {
	buf bytes.Buffer
	enc *jsontext.Encoder
}

var encoders = sync.Pool{New: func() any { return &encoder{enc: jsontext.NewEncoder(new(bytes.Buffer))} }}

func (f *jsonFormat) Append(dst []byte, v any) ([]byte, error) {
	if out, ok := f.encode(dst, v); ok {
		return out, nil
	}
	return f.marshal(dst, v)
}

// encode appends without json/v2. Whatever it does not do, and every error, is
// left to marshal, which begins anew.
func (f *jsonFormat) encode(dst []byte, v any) ([]byte, bool) {
	if f.add == nil || reflect.TypeOf(v) != f.pointer {
		return dst, false
	}
	p := reflect.ValueOf(v).UnsafePointer()
	if p == nil {
		return dst, false
	}
	out, ok := f.add(dst, p)
	return out, ok && string(out[len(dst):]) != "null"
}

// marshal appends what json/v2 writes.
func (f *jsonFormat) marshal(dst []byte, v any) ([]byte, error) {
	e := encoders.Get().(*encoder)
	e.buf = *bytes.NewBuffer(dst)
	e.enc.Reset(&e.buf, f.opts)
	err := json.MarshalEncode(e.enc, v)
	out := e.buf.Bytes()
	e.buf = bytes.Buffer{}
	encoders.Put(e)
	switch {
	case err != nil:
		return dst, err
	case string(out[len(dst):]) == "null\n":
		return dst, errNull
	}
	return bytes.TrimSuffix(out, newline), nil
}

// errNull is for a value that would be written as what no reader takes.
// See decision 19.
var errNull = errors.New("the value is nil, which is no message")

// Into returns a function that writes one value after the other into buf, which
// holds nothing else and is empty for each of them; a newline follows each. It
// is for streams, which save the set-up of an encoder for each item. After an
// error it is of no use.
func (f *jsonFormat) Into(buf *bytes.Buffer) func(v any) error {
	if f.add != nil {
		return func(v any) error {
			out, err := f.Append(buf.AvailableBuffer(), v)
			if err == nil {
				buf.Write(append(out, '\n'))
			}
			return err
		}
	}
	enc := jsontext.NewEncoder(buf, f.opts)
	return func(v any) error {
		err := json.MarshalEncode(enc, v)
		if err == nil && bytes.Equal(buf.Bytes(), nullLine) {
			return errNull
		}
		return err
	}
}

var (
	newline  = []byte("\n") // is what an encoder puts after each value
	nullLine = []byte("null\n")
)

func (f *jsonFormat) Decode(src []byte, v any) error {
	if f.decode(src, v) {
		return nil
	}
	return f.unmarshal(src, v)
}

// decode reads without json/v2. Whatever it does not do, and every error, is left to
// unmarshal, which begins anew.
func (f *jsonFormat) decode(src []byte, v any) bool {
	at := space(src, 0)
	if f.read == nil || reflect.TypeOf(v) != f.pointer || at == len(src) || src[at] == 'n' {
		return false
	}
	p := reflect.ValueOf(v).UnsafePointer()
	if p == nil {
		return false
	}
	s := scratches.Get().(*scratch)
	s.names = s.names[:0]
	at = f.read(s, src, at, p)
	scratches.Put(s)
	return space(src, at) == len(src)
}

// unmarshal reads by json/v2.
func (f *jsonFormat) unmarshal(src []byte, v any) error {
	err := json.Unmarshal(src, v, f.opts)
	if err == nil && !f.required && !startsNull(src) && (f.nullable || !mayHaveNull(src)) {
		return nil
	}
	t := f.typ
	if t == nil {
		t = reflect.TypeOf(v).Elem()
	}
	// The second pass is for the words: json/v2 stops at the first fault, and
	// its texts name Go types and repeat what was sent.
	x := explain(src, t, f)
	if err != nil && len(x.found) == 0 {
		return ErrInvalid.WithViolations(violationOf(err)).WithCause(mark.Unshown(err))
	}
	if len(x.found) == 0 {
		return nil
	}
	cause := mark.Unshown(err)
	if f.partly && x.readRest(src, v) {
		cause = mark.Partly(err)
	}
	return ErrInvalid.WithViolations(x.found...).WithCause(cause)
}

// startsNull is for a null at the top, which json/v2 accepts for any type.
func startsNull(src []byte) bool {
	for _, c := range src {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == 'n'
		}
	}
	return false
}

var nullToken = []byte("null")

// mayHaveNull reports whether src, which is valid, may have a null among its members
// and items. A text with the same letters can look like one.
func mayHaveNull(src []byte) bool {
	for {
		at := bytes.Index(src, nullToken)
		if at < 0 {
			return false
		}
		before := bytes.TrimRight(src[:at], " \t\r\n")
		if n := len(before); n > 0 && (before[n-1] == ':' || before[n-1] == '[' || before[n-1] == ',') {
			return true
		}
		src = src[at+len(nullToken):]
	}
}
