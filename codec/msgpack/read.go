package msgpack

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/typedkit/endpoint/codec/internal/items"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Next reads the item at src[at:]. The library's decoder is not asked: it takes
// any number for any other, and cuts off what does not fit.
func (wire) Next(src []byte, at int) (items.Item, int, bool) {
	r := reader{src: src, at: at}
	it := r.item()
	if r.short {
		return items.Item{}, at, false
	}
	return it, r.at, true
}

type reader struct {
	src   []byte
	at    int
	short bool // the source ended too early, or has a code that is none
}

// octets takes the next n bytes.
func (r *reader) octets(n uint64) []byte {
	if r.short || n > uint64(len(r.src)-r.at) {
		r.short = true
		return nil
	}
	b := r.src[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

// number takes an unsigned number of 1, 2, 4 or 8 bytes.
func (r *reader) number(size int) uint64 {
	b := r.octets(uint64(size))
	switch {
	case r.short:
		return 0
	case size == 1:
		return uint64(b[0])
	case size == 2:
		return uint64(binary.BigEndian.Uint16(b))
	case size == 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return binary.BigEndian.Uint64(b)
}

func (r *reader) item() items.Item {
	c := byte(r.number(1))
	switch {
	case r.short:
		return items.Item{}
	case msgpcode.IsFixedNum(c):
		return signed(int64(int8(c)))
	case msgpcode.IsFixedMap(c):
		return items.Item{Kind: items.Map, N: int(c & msgpcode.FixedMapMask)}
	case msgpcode.IsFixedArray(c):
		return items.Item{Kind: items.Array, N: int(c & msgpcode.FixedArrayMask)}
	case msgpcode.IsFixedString(c):
		return items.Item{Kind: items.Text, Raw: r.octets(uint64(c & msgpcode.FixedStrMask))}
	case msgpcode.IsExt(c):
		return r.extension(c)
	}
	return r.coded(c)
}

// coded reads the items whose code says no more than their kind. The codes of
// one kind follow one another in the order of their sizes.
func (r *reader) coded(c byte) items.Item {
	switch c {
	case msgpcode.Nil:
		return items.Item{Kind: items.Null}
	case msgpcode.False:
		return items.Item{Kind: items.Bool}
	case msgpcode.True:
		return items.Item{Kind: items.Bool, U: 1}
	case msgpcode.Float:
		return items.FloatItem(float64(math.Float32frombits(uint32(r.number(4)))))
	case msgpcode.Double:
		return items.FloatItem(math.Float64frombits(r.number(8)))
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Uint64:
		return items.Item{Kind: items.Int, U: r.number(1 << (c - msgpcode.Uint8))}
	case msgpcode.Int8:
		return signed(int64(int8(r.number(1))))
	case msgpcode.Int16:
		return signed(int64(int16(r.number(2))))
	case msgpcode.Int32:
		return signed(int64(int32(r.number(4))))
	case msgpcode.Int64:
		return signed(int64(r.number(8)))
	case msgpcode.Str8, msgpcode.Str16, msgpcode.Str32:
		return items.Item{Kind: items.Text, Raw: r.octets(r.number(1 << (c - msgpcode.Str8)))}
	case msgpcode.Bin8, msgpcode.Bin16, msgpcode.Bin32:
		return items.Item{Kind: items.Bytes, Raw: r.octets(r.number(1 << (c - msgpcode.Bin8)))}
	case msgpcode.Array16, msgpcode.Array32:
		return items.Item{Kind: items.Array, N: int(r.number(2 << (c - msgpcode.Array16)))}
	case msgpcode.Map16, msgpcode.Map32:
		return items.Item{Kind: items.Map, N: int(r.number(2 << (c - msgpcode.Map16)))}
	}
	r.short = true
	return items.Item{}
}

func signed(n int64) items.Item {
	if n < 0 {
		return items.Item{Kind: items.Int, U: uint64(-1 - n), Neg: true}
	}
	return items.Item{Kind: items.Int, U: uint64(n)}
}

// timestamp is the type of the extension that the format itself defines.
const timestamp = -1

func (r *reader) extension(c byte) items.Item {
	var n uint64
	switch c {
	case msgpcode.Ext8, msgpcode.Ext16, msgpcode.Ext32:
		n = r.number(1 << (c - msgpcode.Ext8))
	default: // FixExt1, FixExt2, FixExt4, FixExt8, FixExt16
		n = 1 << (c - msgpcode.FixExt1)
	}
	kind := int8(r.number(1))
	data := r.octets(n)
	if t, ok := timeOf(data); ok && kind == timestamp {
		return items.TimeItem(t)
	}
	return items.Item{Kind: items.Alien}
}

// timeOf reads the three forms of a timestamp.
func timeOf(data []byte) (time.Time, bool) {
	var sec, nsec uint64
	switch len(data) {
	case 4:
		sec = uint64(binary.BigEndian.Uint32(data))
	case 8:
		both := binary.BigEndian.Uint64(data)
		sec, nsec = both&(1<<34-1), both>>34
	case 12:
		nsec, sec = uint64(binary.BigEndian.Uint32(data)), binary.BigEndian.Uint64(data[4:])
	default:
		return time.Time{}, false
	}
	return time.Unix(int64(sec), int64(nsec)).UTC(), nsec < 1e9
}
