// Package items reads and writes Go values as data items: maps, arrays, texts,
// bytes, numbers, times. It is what formats like CBOR and MessagePack have in
// common; each of them adds, as a [Wire], how one item is spelt.
//
// A type has the members, the names and the faults that it has in JSON. See
// decision 29.
package items

import (
	"math"
	"reflect"
	"time"
)

// MaxDepth is how deeply arrays and maps may be nested, in both directions.
const MaxDepth = 1000

// A Wire spells items.
type Wire interface {
	MediaType() string
	// Name is the format's name in messages: "CBOR".
	Name() string
	// Sorted says that the members of a struct are written in the order of
	// their encoded names, as the entries of every map are; else in the order
	// of the fields.
	Sorted() bool
	// NewWriter returns a writer with an empty buffer.
	NewWriter() Writer
	// Check says what is wrong with src before it is read; "" for nothing.
	Check(src []byte) (detail string, cause error)
	// Next reads the item at src[at:], of an array or a map its head alone, and
	// returns where the next one begins; ok is false where there is none.
	Next(src []byte, at int) (it Item, next int, ok bool)
	// WritesItself and ReadsItself say that a type has methods for this format,
	// which Own of the writer and ReadOwn call.
	WritesItself(t reflect.Type) bool
	ReadsItself(t reflect.Type) bool
	// ReadOwn hands src, which is one item, to the value that v points to.
	ReadOwn(src []byte, v any) error
}

// A Writer appends items to its buffer. It is used by one goroutine at a time.
type Writer interface {
	Buffer() *[]byte
	Null()
	Bool(b bool)
	Int(n int64)
	Uint(n uint64)
	Float32(f float32)
	Float64(f float64)
	Text(s string)
	Bytes(b []byte)
	Array(n int)
	Map(n int)
	Time(t time.Time) error
	// Own lets the value that v points to write itself.
	Own(v any) error
}

// Kind is the kind of an Item.
type Kind uint8

// The kinds of items. Alien is one without a form here, whose content, if any,
// follows as N items.
const (
	Null Kind = iota
	Bool
	Int
	Float
	Text
	Bytes
	Time
	Array
	Map
	End
	Alien
)

// An Item is what a reader finds: a value, or the head of an array or a map. It is
// small, because it is passed on by value.
type Item struct {
	Kind Kind
	Neg  bool   // of an Int: its value is -1-U
	U    uint64 // of an Int; of a Bool 0 or 1; of a Float its bits
	Raw  []byte // of a Text or Bytes; may be a part of the source
	N    int    // items of an Array, pairs of a Map; -1: until an End
}

// FloatItem returns the item of a number with a fraction.
func FloatItem(f float64) Item { return Item{Kind: Float, U: math.Float64bits(f)} }

// Float returns the value of a Float.
func (it Item) Float() float64 { return math.Float64frombits(it.U) }

// TimeItem returns the item of a time.
func TimeItem(t time.Time) Item {
	text, err := t.MarshalBinary()
	if err != nil {
		return Item{Kind: Alien}
	}
	return Item{Kind: Time, Raw: text}
}

// Time returns the value of a Time.
func (it Item) Time() (t time.Time) {
	_ = t.UnmarshalBinary(it.Raw) // it is what TimeItem made
	return t
}
