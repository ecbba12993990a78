package codec

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json/jsontext"
	"hash/maphash"
	"math"
	"math/bits"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

// scalarReaders are the readers of values that are no more than one token.
var scalarReaders = map[reflect.Kind]reader{
	reflect.Bool:    readBool,
	reflect.Int:     readInt[int],
	reflect.Int8:    readInt[int8],
	reflect.Int16:   readInt[int16],
	reflect.Int32:   readInt[int32],
	reflect.Int64:   readInt[int64],
	reflect.Uint:    readUint[uint],
	reflect.Uint8:   readUint[uint8],
	reflect.Uint16:  readUint[uint16],
	reflect.Uint32:  readUint[uint32],
	reflect.Uint64:  readUint[uint64],
	reflect.Float32: readFloat32,
	reflect.Float64: readFloat64,
	reflect.String:  readString,
}

// space returns the index of what follows white space at src[at]. It returns a negative at as
// it is.
func space(src []byte, at int) int {
	if uint(at) < uint(len(src)) && src[at] > ' ' {
		return at
	}
	return skipSpace(src, at)
}

func skipSpace(src []byte, at int) int {
	for uint(at) < uint(len(src)) {
		switch src[at] {
		case ' ', '\t', '\n', '\r':
			at++
		default:
			return at
		}
	}
	return at
}

// literal returns the index after word, or left if another text is at src[at].
func literal(src []byte, at int, word string) int {
	if end := at + len(word); end <= len(src) && string(src[at:end]) == word {
		return end
	}
	return left
}

// open returns the index of the first part of an object or array that starts at src[at]. If
// there is none, it returns the index after the closing bracket, or left.
func open(src []byte, at int, opening, closing byte) (after int, some bool) {
	if src[at] != opening {
		return left, false
	}
	switch at = space(src, at+1); {
	case at >= len(src):
		return left, false
	case src[at] == closing:
		return at + 1, false
	}
	return at, true
}

// next returns the index of the next part of an object or array, the last of which ended at
// src[at]. If there is none, it returns the index after the closing bracket, or left. at may
// be left.
func next(src []byte, at int, closing byte) (after int, more bool) {
	at = space(src, at)
	switch {
	case uint(at) >= uint(len(src)):
		return left, false
	case src[at] == closing:
		return at + 1, false
	case src[at] != ',':
		return left, false
	}
	if at = space(src, at+1); at >= len(src) {
		return left, false
	}
	return at, true
}

// colon returns the index of the value after a name that ended at src[at]. at may be left.
func colon(src []byte, at int) int {
	at = space(src, at)
	if uint(at) >= uint(len(src)) || src[at] != ':' {
		return left
	}
	if at = space(src, at+1); at >= len(src) {
		return left
	}
	return at
}

func readBool(_ *scratch, src []byte, at int, p unsafe.Pointer) int {
	word := "false"
	if src[at] == 't' {
		word = "true"
	}
	if at = literal(src, at, word); at != left {
		*(*bool)(p) = word == "true"
	}
	return at
}

func readInt[T int | int8 | int16 | int32 | int64](_ *scratch, src []byte, at int, p unsafe.Pointer) int {
	limit := uint64(1)<<(8*unsafe.Sizeof(T(0))-1) - 1
	negative := src[at] == '-'
	if negative {
		at++
		limit++
	}
	n, at := digits(src, at)
	if at == left || n > limit {
		return left
	}
	if negative {
		n = -n
	}
	*(*T)(p) = T(n)
	return at
}

func readUint[T uint | uint8 | uint16 | uint32 | uint64](_ *scratch, src []byte, at int, p unsafe.Pointer) int {
	n, at := digits(src, at)
	if at == left || n > uint64(^T(0)) {
		return left
	}
	*(*T)(p) = T(n)
	return at
}

// digits reads an integer without a sign. A number with a fraction or an exponent is left.
func digits(src []byte, at int) (n uint64, end int) {
	const safe = 19 // digits that do not overflow
	end = at
	for ; end < len(src) && src[end]-'0' <= 9; end++ {
		digit := uint64(src[end] - '0')
		if end-at >= safe && n > (math.MaxUint64-digit)/10 {
			return 0, left
		}
		n = n*10 + digit
	}
	switch {
	case end == at || src[at] == '0' && end-at > 1:
		return 0, left
	case end < len(src) && (src[end] == '.' || src[end]|' ' == 'e'):
		return 0, left
	}
	return n, end
}

func readFloat32(_ *scratch, src []byte, at int, p unsafe.Pointer) int {
	end := number(src, at)
	if end == left {
		return left
	}
	f, err := strconv.ParseFloat(string(src[at:end]), 32)
	if err != nil {
		return left
	}
	*(*float32)(p) = float32(f)
	return end
}

func readFloat64(_ *scratch, src []byte, at int, p unsafe.Pointer) int {
	end := number(src, at)
	if end == left {
		return left
	}
	f, err := strconv.ParseFloat(string(src[at:end]), 64)
	if err != nil {
		return left
	}
	*(*float64)(p) = f
	return end
}

// number returns the index after a number (RFC 8259, section 6).
func number(src []byte, at int) int {
	if src[at] == '-' {
		at++
	}
	start := at
	if at = manyDigits(src, at); at == left || src[start] == '0' && at-start > 1 {
		return left
	}
	if at < len(src) && src[at] == '.' {
		if at = manyDigits(src, at+1); at == left {
			return left
		}
	}
	if at < len(src) && src[at]|' ' == 'e' {
		at++
		if at < len(src) && (src[at] == '+' || src[at] == '-') {
			at++
		}
		at = manyDigits(src, at)
	}
	return at
}

// manyDigits returns the index after one or more digits.
func manyDigits(src []byte, at int) int {
	start := at
	for at < len(src) && src[at]-'0' <= 9 {
		at++
	}
	if at == start {
		return left
	}
	return at
}

// quotedReader returns the reader of a number within a string.
func quotedReader(read reader) reader {
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		if src[at] != '"' || at+1 == len(src) {
			return left
		}
		if end := number(src, at+1); uint(end) >= uint(len(src)) || src[end] != '"' {
			return left
		}
		if at = read(s, src, at+1, p); at == left {
			return left
		}
		return at + 1
	}
}

func readString(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	text, end := s.textAt(src, at)
	if end != left {
		*(*string)(p) = s.string(text)
	}
	return end
}

// textAt returns the text of a string at src[at], which is valid until the scratch is used
// again, and the index after the string.
func (s *scratch) textAt(src []byte, at int) (text []byte, end int) {
	if text, end = plain(src, at); end != left {
		return text, end
	}
	return s.unescaped(src, at)
}

// plain returns the text of a string without escapes at src[at], which is UTF-8, and the
// index after the string.
func plain(src []byte, at int) (text []byte, end int) {
	if src[at] != '"' {
		return nil, left
	}
	end, isASCII := special(src, at+1)
	if end >= len(src) || src[end] != '"' {
		return nil, left
	}
	text = src[at+1 : end]
	if !isASCII && !utf8.Valid(text) {
		return nil, left
	}
	return text, end + 1
}

// special returns the index of the first quote, backslash or control character at or after
// src[at], and whether all before it is ASCII. It looks at eight bytes at once, as isPlain does.
func special(src []byte, at int) (first int, isASCII bool) {
	const each, highest = 0x01_01_01_01_01_01_01_01, 0x80_80_80_80_80_80_80_80
	var seen uint64 // all bytes in one
	for ; at < len(src)-7; at += 8 {
		w := binary.LittleEndian.Uint64(src[at:])
		quote, backslash := w^each*'"', w^each*'\\'
		found := ((w-each*' ')&^w | (quote-each)&^quote | (backslash-each)&^backslash) & highest
		if found != 0 {
			seen |= w & (found&-found - 1)
			return at + bits.TrailingZeros64(found)/8, seen&highest == 0
		}
		seen |= w
	}
	for ; at < len(src); at++ {
		c := src[at]
		if c < ' ' || c == '"' || c == '\\' {
			break
		}
		seen |= uint64(c)
	}
	return at, seen&highest == 0
}

// unescaped does what textAt does, for a string that has escapes.
func (s *scratch) unescaped(src []byte, at int) (text []byte, end int) {
	if src[at] != '"' {
		return nil, left
	}
	for end, _ = special(src, at+1); end < len(src) && src[end] == '\\'; {
		end, _ = special(src, end+2)
	}
	if end >= len(src) {
		return nil, left
	}
	text, err := jsontext.AppendUnquote(s.text[:0], src[at:end+1])
	s.keep(text)
	if err != nil {
		return nil, left
	}
	return text, end + 1
}

// keep makes the array of text that of the next text.
func (s *scratch) keep(text []byte) {
	if cap(text) <= keepText {
		s.text = text
	}
}

// string returns text as a string, the same one again for a short text that is often read.
func (s *scratch) string(text []byte) string {
	if len(text) > keepString {
		return string(text)
	}
	cached := &s.strings[maphash.Bytes(s.seed, text)%uint64(len(s.strings))]
	if *cached != string(text) {
		*cached = string(text)
	}
	return *cached
}

func readBytes(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	to := (*[]byte)(p)
	if src[at] == 'n' {
		if at = literal(src, at, "null"); at != left {
			*to = nil
		}
		return at
	}
	text, end := s.textAt(src, at)
	if end == left {
		return left
	}
	b, err := base64.StdEncoding.AppendDecode((*to)[:0], text)
	if err != nil || base64.StdEncoding.EncodedLen(len(b)) != len(text) {
		return left // package base64 skips line breaks
	}
	if b == nil {
		b = []byte{}
	}
	*to = b
	return end
}

func byteArrayReader(n int) reader {
	return func(s *scratch, src []byte, at int, p unsafe.Pointer) int {
		text, end := plain(src, at)
		if end == left {
			return left
		}
		b, err := base64.StdEncoding.AppendDecode(s.text[:0], text)
		s.keep(b)
		if err != nil || len(b) != n {
			return left
		}
		copy(unsafe.Slice((*byte)(p), n), b)
		return end
	}
}

// readDurationAt does what readDuration does.
func readDurationAt(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	text, end := s.textAt(src, at)
	if end == left {
		return left
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return left
	}
	*(*time.Duration)(p) = d
	return end
}

func readTime(s *scratch, src []byte, at int, p unsafe.Pointer) int {
	text, end := s.textAt(src, at)
	if end == left || !isStrict(text) {
		return left
	}
	var t time.Time
	if t.UnmarshalText(text) != nil {
		return left
	}
	*(*time.Time)(p) = t
	return end
}

// isStrict reports whether text is not one of the times that package time reads although they
// are not valid in RFC 3339: json/v2 rejects them. Other faults are for package time.
func isStrict(text []byte) bool {
	const short = len("2006-01-02T15:04:05Z")
	n := len(text)
	if n < short || text[13] != ':' || text[19] == ',' {
		return false
	}
	return text[n-1] == 'Z' || string(text[n-5:n-3]) <= "23" && string(text[n-2:]) <= "59"
}
