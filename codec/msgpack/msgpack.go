// Package msgpack is the codec of MessagePack, on github.com/vmihailenco/msgpack.
//
// A type has the members, the names and the faults that it has in JSON: see
// [codec.JSON]. The tag msgpack is not read.
package msgpack

import (
	"bytes"
	"reflect"

	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/internal/items"
	"github.com/vmihailenco/msgpack/v5"
)

// Format returns the format of application/vnd.msgpack. Peers that say
// application/msgpack or application/x-msgpack are served by
// codec.As(msgpack.Format(), "application/msgpack") beside it.
//
// Names of members are those of [codec.JSON], and so is what is refused: a
// top-level null, a member twice, invalid UTF-8, trailing data, numbers that are
// not finite, what is nested more than 1000 deep, and unknown members unless
// [codec.Options.AllowUnknown] is set. What JSON has no kind for has its own
// here: []byte is bin, a time.Time is the extension timestamp, which has no zone
// and is read as UTC, keys of maps that are numbers stay numbers, and a number in
// an any is an int64, a uint64 or a float64. A time.Duration is the text that it
// is in JSON. The tag options string and format are JSON's alone.
//
// It writes numbers in their shortest form and the entries of maps in the order
// of their encoded keys: the same value is the same bytes. Times are read from
// texts as in RFC 3339, too. Other extensions have no form.
//
// A type with the methods EncodeMsgpack and DecodeMsgpack, or MarshalMsgpack and
// UnmarshalMsgpack, writes and reads itself; one with text methods is its text.
func Format() codec.Compiler { return format }

var format = items.New(wire{})

// wire spells items as MessagePack.
type wire struct{}

func (wire) MediaType() string { return "application/vnd.msgpack" }

func (wire) Name() string { return "MessagePack" }

func (wire) Sorted() bool { return false }

// Check leaves it to Next to find what is malformed.
func (wire) Check([]byte) (detail string, cause error) { return "", nil }

var (
	encoders = []reflect.Type{reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.Marshaler]()}
	decoders = []reflect.Type{reflect.TypeFor[msgpack.CustomDecoder](), reflect.TypeFor[msgpack.Unmarshaler]()}
)

func (wire) WritesItself(t reflect.Type) bool {
	return t.Implements(encoders[0]) || t.Implements(encoders[1])
}

func (wire) ReadsItself(t reflect.Type) bool {
	return t.Implements(decoders[0]) || t.Implements(decoders[1])
}

func (wire) ReadOwn(src []byte, v any) error {
	return msgpack.NewDecoder(bytes.NewReader(src)).Decode(v)
}
