// Package cbor is the codec of CBOR (RFC 8949), on github.com/fxamacker/cbor.
//
// A type has the members, the names and the faults that it has in JSON: see
// [codec.JSON]. The tag cbor is not read.
package cbor

import (
	"errors"
	"reflect"

	"github.com/fxamacker/cbor/v2"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/internal/items"
)

// Format returns the format of application/cbor.
//
// Names of members are those of [codec.JSON], and so is what is refused: a
// top-level null, a member twice, invalid UTF-8, trailing data, numbers that are
// not finite, what is nested more than 1000 deep, and unknown members unless
// [codec.Options.AllowUnknown] is set. What JSON has no kind for has its own
// here: []byte is a byte string, a time.Time is tag 0 (the text of RFC 3339), keys
// of maps that are numbers stay numbers, and a number in an any is an int64, a
// uint64 or a float64. A time.Duration is the text that it is in JSON. The tag
// options string and format are JSON's alone.
//
// It writes the deterministic encoding of RFC 8949 §4.2.1: the same value is the
// same bytes. It reads what else is well-formed, too: indefinite lengths, tag 1
// and plain texts for times, and the tags that only hint at what a value is for.
// Bignums, decimal fractions and unknown tags have no form.
//
// A type with the methods MarshalCBOR and UnmarshalCBOR writes and reads itself;
// one with text methods is its text.
func Format() codec.Compiler { return format }

var format = items.New(newWire())

// wire spells items as CBOR.
type wire struct {
	dec cbor.DecMode
	enc cbor.EncMode
}

func newWire() wire {
	// The bound on lengths is that of the source: each item has a byte.
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: maxNested,
		MaxArrayElements: maxItems, MaxMapPairs: maxItems,
	}.DecMode()
	enc, err2 := cbor.CoreDetEncOptions().EncMode()
	if err := errors.Join(err, err2); err != nil {
		panic(err) // the options above are constants
	}
	return wire{dec, enc}
}

const (
	maxNested = 2 * items.MaxDepth // tags count, too
	maxItems  = 1<<31 - 1
)

func (wire) MediaType() string { return "application/cbor" }

func (wire) Name() string { return "CBOR" }

// Sorted is for RFC 8949 §4.2.1: "The keys in every map MUST be sorted in the
// bytewise lexicographic order of their deterministic encodings."
func (wire) Sorted() bool { return true }

// Check leaves it to the library whether src is well-formed, so that what reads
// it need not look for its end.
func (w wire) Check(src []byte) (detail string, cause error) {
	err := w.dec.Wellformed(src)
	if _, trailing := errors.AsType[*cbor.ExtraneousDataError](err); err == nil || trailing {
		return "", nil
	}
	if _, deep := errors.AsType[*cbor.MaxNestedLevelError](err); deep {
		return "nested too deeply", err
	}
	return "not valid CBOR", err
}

var (
	marshaler   = reflect.TypeFor[cbor.Marshaler]()
	unmarshaler = reflect.TypeFor[cbor.Unmarshaler]()
)

func (wire) WritesItself(t reflect.Type) bool { return t.Implements(marshaler) }

func (wire) ReadsItself(t reflect.Type) bool { return t.Implements(unmarshaler) }

func (w wire) ReadOwn(src []byte, v any) error { return w.dec.Unmarshal(src, v) }
