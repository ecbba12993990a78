package cbor

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/typedkit/endpoint/codec/internal/items"
)

// Next reads the item at src[at:]. That src is well-formed was checked before,
// so only its end is looked for.
func (wire) Next(src []byte, at int) (items.Item, int, bool) {
	r := reader{src, at}
	if at >= len(src) {
		return items.Item{}, at, false
	}
	it := r.item()
	return it, r.at, true
}

type reader struct {
	src []byte
	at  int
}

// head reads the initial byte and the argument that it announces.
func (r *reader) head() (major, info byte, n uint64) {
	first := r.src[r.at]
	r.at++
	major, info = first&majors, first&^majors
	switch info {
	case 24:
		n = uint64(r.src[r.at])
		r.at++
	case 25:
		n = uint64(binary.BigEndian.Uint16(r.src[r.at:]))
		r.at += 2
	case 26:
		n = uint64(binary.BigEndian.Uint32(r.src[r.at:]))
		r.at += 4
	case 27:
		n = binary.BigEndian.Uint64(r.src[r.at:])
		r.at += 8
	default:
		n = uint64(info)
	}
	return major, info, n
}

// indefinite is the additional information of a length that is not told.
const indefinite = 31

func (r *reader) item() items.Item {
	major, info, n := r.head()
	switch major {
	case majorUint:
		return items.Item{Kind: items.Int, U: n}
	case majorNeg:
		return items.Item{Kind: items.Int, U: n, Neg: true}
	case majorBytes:
		return items.Item{Kind: items.Bytes, Raw: r.octets(info, n)}
	case majorText:
		return items.Item{Kind: items.Text, Raw: r.octets(info, n)}
	case majorArray:
		return items.Item{Kind: items.Array, N: count(info, n)}
	case majorMap:
		return items.Item{Kind: items.Map, N: count(info, n)}
	case majorTag:
		return r.tagged(n)
	}
	return simple(info, n)
}

func count(info byte, n uint64) int {
	if info == indefinite {
		return -1
	}
	return int(n)
}

// octets returns the content of a string, put together where it is in chunks.
func (r *reader) octets(info byte, n uint64) []byte {
	if info != indefinite {
		raw := r.src[r.at : r.at+int(n)]
		r.at += int(n)
		return raw
	}
	whole := []byte{}
	for r.src[r.at] != breakCode {
		_, _, n := r.head()
		whole = append(whole, r.src[r.at:r.at+int(n)]...)
		r.at += int(n)
	}
	r.at++
	return whole
}

// simple reads what major type 7 holds.
func simple(info byte, n uint64) items.Item {
	switch info | majorOther {
	case simpleFalse:
		return items.Item{Kind: items.Bool}
	case simpleTrue:
		return items.Item{Kind: items.Bool, U: 1}
	case simpleNull, simpleUndefined:
		return items.Item{Kind: items.Null}
	case float16:
		return items.FloatItem(ofHalf(uint16(n)))
	case float32b:
		return items.FloatItem(float64(math.Float32frombits(uint32(n))))
	case float64b:
		return items.FloatItem(math.Float64frombits(n))
	case breakCode:
		return items.Item{Kind: items.End}
	}
	return items.Item{Kind: items.Alien}
}

// ofHalf returns the value of binary16, as in RFC 8949 Appendix D.
func ofHalf(half uint16) float64 {
	exp, frac := int(half>>10&0x1f), float64(half&0x3ff)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(frac, -24)
	case 31:
		f = math.Inf(1)
		if frac != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(frac+1024, exp-25)
	}
	if half&0x8000 != 0 {
		f = -f
	}
	return f
}

// Tags of RFC 8949 §3.4.
const (
	tagTimeText  = 0
	tagTimeEpoch = 1
	tagSelf      = 55799
)

// tagged reads what a tag stands before. Tags that only hint at what a value is
// for are passed over.
func (r *reader) tagged(tag uint64) items.Item {
	switch {
	case tag == tagTimeText || tag == tagTimeEpoch:
		bare := r.src[r.at]&majors != majorTag
		it := r.item()
		if t, ok := timeOf(it); ok && bare && (it.Kind == items.Text) == (tag == tagTimeText) {
			return items.TimeItem(t)
		}
		return alien(it)
	case tag >= 21 && tag <= 23, tag >= 32 && tag <= 36, tag == tagSelf:
		return r.item()
	}
	return items.Item{Kind: items.Alien, N: 1}
}

// alien returns the rest of an item as one without a form.
func alien(it items.Item) items.Item {
	if it.Kind == items.Map && it.N > 0 {
		it.N *= 2
	}
	return items.Item{Kind: items.Alien, N: it.N}
}

// timeOf returns the time that the content of a tag stands for.
func timeOf(it items.Item) (t time.Time, ok bool) {
	const span = 1 << 38 // seconds; about 8700 years, beyond what RFC 3339 can say
	switch {
	case it.Kind == items.Text:
		return t, t.UnmarshalText(it.Raw) == nil
	case it.Kind == items.Int && it.U < span && it.Neg:
		return time.Unix(-1-int64(it.U), 0).UTC(), true
	case it.Kind == items.Int && it.U < span:
		return time.Unix(int64(it.U), 0).UTC(), true
	case it.Kind == items.Float && math.Abs(it.Float()) < span:
		sec, frac := math.Modf(it.Float())
		return time.Unix(int64(sec), int64(frac*1e9)).UTC(), true
	}
	return t, false
}
