package cbor

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/typedkit/endpoint/codec/internal/items"
)

// The major types of RFC 8949 §3.1.
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	majorTag   = 6 << 5
	majorOther = 7 << 5

	majors = 7 << 5 // the bits that hold them
)

// The values of major type 7 that have a form.
const (
	simpleFalse = majorOther | 20 + iota
	simpleTrue
	simpleNull
	simpleUndefined

	float16   = majorOther | 25
	float32b  = majorOther | 26
	float64b  = majorOther | 27
	breakCode = majorOther | 31
)

// writer appends items in their deterministic form.
type writer struct {
	wire wire
	buf  []byte
}

func (w wire) NewWriter() items.Writer { return &writer{wire: w} }

func (w *writer) Buffer() *[]byte { return &w.buf }

// head writes a major type with its argument, in the shortest form.
func (w *writer) head(major byte, n uint64) {
	switch {
	case n < 24:
		w.buf = append(w.buf, major|byte(n))
	case n <= math.MaxUint8:
		w.buf = append(w.buf, major|24, byte(n))
	case n <= math.MaxUint16:
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, major|25), uint16(n))
	case n <= math.MaxUint32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, major|26), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, major|27), n)
	}
}

func (w *writer) Null() { w.buf = append(w.buf, simpleNull) }

func (w *writer) Bool(b bool) {
	if b {
		w.buf = append(w.buf, simpleTrue)
		return
	}
	w.buf = append(w.buf, simpleFalse)
}

func (w *writer) Int(n int64) {
	if n < 0 {
		w.head(majorNeg, uint64(-1-n))
		return
	}
	w.head(majorUint, uint64(n))
}

func (w *writer) Uint(n uint64) { w.head(majorUint, n) }

func (w *writer) Float32(f float32) { w.Float64(float64(f)) }

// Float64 writes the shortest of the three forms that keeps the value.
func (w *writer) Float64(f float64) {
	single := float32(f)
	if float64(single) != f {
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, float64b), math.Float64bits(f))
		return
	}
	if half, ok := halfOf(single); ok {
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, float16), half)
		return
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, float32b), math.Float32bits(single))
}

// halfOf returns the bits of a finite f in IEEE 754's binary16: five of the
// exponent, ten of the fraction; ok is false if that changes the value.
func halfOf(f float32) (half uint16, ok bool) {
	bits := math.Float32bits(f)
	sign, exp, frac := uint16(bits>>16)&0x8000, int(bits>>23&0xff)-127, bits&(1<<23-1)
	switch {
	case bits<<1 == 0:
		return sign, true
	case exp >= -14 && exp <= 15:
		return sign | uint16(exp+15)<<10 | uint16(frac>>13), frac&(1<<13-1) == 0
	case exp >= -24 && exp < -14: // subnormal there
		shift := uint(-exp - 1) // 13 bits less, and one for each step below -14
		all := frac | 1<<23
		return sign | uint16(all>>shift), all&(1<<shift-1) == 0
	}
	return 0, false
}

func (w *writer) Text(s string) {
	w.head(majorText, uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *writer) Bytes(b []byte) {
	w.head(majorBytes, uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *writer) Array(n int) { w.head(majorArray, uint64(n)) }

func (w *writer) Map(n int) { w.head(majorMap, uint64(n)) }

// Time writes tag 0, "standard date/time string" (RFC 8949 §3.4.1).
func (w *writer) Time(t time.Time) error {
	var room [len(time.RFC3339Nano)]byte
	text, err := t.AppendText(room[:0])
	if err != nil {
		return err
	}
	w.head(majorTag, 0)
	w.head(majorText, uint64(len(text)))
	w.buf = append(w.buf, text...)
	return nil
}

func (w *writer) Own(v any) error {
	text, err := w.wire.enc.Marshal(v)
	w.buf = append(w.buf, text...)
	return err
}
