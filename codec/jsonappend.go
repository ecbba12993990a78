package codec

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json/jsontext"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

// scalars are the appenders of values that are no more than one token.
var scalars = map[reflect.Kind]appender{
	reflect.Bool:    appendBool,
	reflect.Int:     appendInt[int],
	reflect.Int8:    appendInt[int8],
	reflect.Int16:   appendInt[int16],
	reflect.Int32:   appendInt[int32],
	reflect.Int64:   appendInt[int64],
	reflect.Uint:    appendUint[uint],
	reflect.Uint8:   appendUint[uint8],
	reflect.Uint16:  appendUint[uint16],
	reflect.Uint32:  appendUint[uint32],
	reflect.Uint64:  appendUint[uint64],
	reflect.Float32: appendFloat32,
	reflect.Float64: appendFloat64,
	reflect.String:  appendString,
}

func appendBool(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return strconv.AppendBool(dst, *(*bool)(p)), true
}

func appendInt[T int | int8 | int16 | int32 | int64](dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return strconv.AppendInt(dst, int64(*(*T)(p)), 10), true
}

func appendUint[T uint | uint8 | uint16 | uint32 | uint64](dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return strconv.AppendUint(dst, uint64(*(*T)(p)), 10), true
}

func appendFloat32(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return appendFloat(dst, float64(*(*float32)(p)), 32)
}

func appendFloat64(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return appendFloat(dst, *(*float64)(p), 64)
}

func appendFloat(dst []byte, f float64, bits int) ([]byte, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, false
	}
	return jsontext.AppendFloat(dst, f, bits), true
}

// isNumber says that a value of type t is a number, which the tag option string
// puts into a string. See decision 30.
func isNumber(t reflect.Type) bool {
	return t != durationType && t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64
}

func quotedNumber(number appender) appender {
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		dst, ok := number(append(dst, '"'), p)
		return append(dst, '"'), ok
	}
}

func appendString(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	s := *(*string)(p)
	if isPlain(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"'), true
	}
	dst, err := jsontext.AppendQuote(dst, s)
	return dst, err == nil // it is not if s is not UTF-8
}

// isPlain says that JSON writes s as it is: it is UTF-8 without what is escaped,
// which are control characters, quote and backslash. It looks at eight bytes at
// once. The highest bit of each of them says what is wrong with that byte; a
// borrow from the byte before may set it wrongly, but then that one has it rightly.
func isPlain(s string) bool {
	const each, highest = 0x01_01_01_01_01_01_01_01, 0x80_80_80_80_80_80_80_80
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	var seen uint64 // all bytes in one
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		quote, backslash := w^each*'"', w^each*'\\'
		if ((w-each*' ')&^w|(quote-each)&^quote|(backslash-each)&^backslash)&highest != 0 {
			return false
		}
		seen |= w
	}
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		seen |= uint64(c)
	}
	if seen&highest == 0 {
		return true
	}
	return utf8.ValidString(s)
}

func appendBytes(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	return appendBase64(dst, *(*[]byte)(p)), true
}

func byteArray(n int) appender {
	return func(dst []byte, p unsafe.Pointer) ([]byte, bool) {
		return appendBase64(dst, unsafe.Slice((*byte)(p), n)), true
	}
}

func appendBase64(dst, b []byte) []byte {
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), b)
	return append(dst, '"')
}

// appendDuration does what writeDuration does. See decision 31.
func appendDuration(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	dst = append(dst, '"')
	dst = append(dst, (*time.Duration)(p).String()...)
	return append(dst, '"'), true
}

func appendTime(dst []byte, p unsafe.Pointer) ([]byte, bool) {
	dst, err := (*time.Time)(p).AppendText(append(dst, '"'))
	return append(dst, '"'), err == nil // it is not if no RFC 3339 text is the time
}
