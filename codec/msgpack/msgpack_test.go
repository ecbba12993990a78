package msgpack_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/msgpack"
	lib "github.com/vmihailenco/msgpack/v5"
)

// TestExamples reads and writes a value of each code. What is written in another
// way is the shortest form of the same.
func TestExamples(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("61", 256)
	for text, tt := range map[string]struct {
		want  any
		wrote string // "" for text
	}{
		"00":                             {int64(0), ""},
		"7f":                             {int64(127), ""},
		"ff":                             {int64(-1), ""},
		"e0":                             {int64(-32), ""},
		"ccff":                           {int64(255), ""},
		"cd0001":                         {int64(1), "01"},
		"cdffff":                         {int64(65535), ""},
		"ceffffffff":                     {int64(math.MaxUint32), ""},
		"cfffffffffffffffff":             {uint64(math.MaxUint64), ""},
		"d080":                           {int64(-128), ""},
		"d07f":                           {int64(127), "7f"},
		"d18000":                         {int64(math.MinInt16), ""},
		"d280000000":                     {int64(math.MinInt32), ""},
		"d38000000000000000":             {int64(math.MinInt64), ""},
		"d3ffffffffffffffff":             {int64(-1), "ff"},
		"ca3fc00000":                     {1.5, "cb3ff8000000000000"},
		"cb3ff199999999999a":             {1.1, ""},
		"c2":                             {false, ""},
		"c3":                             {true, ""},
		"a0":                             {"", ""},
		"a2c3bc":                         {"ü", ""},
		"d90161":                         {"a", "a161"},
		"da0100" + long:                  {strings.Repeat("a", 256), ""},
		"db00000100" + long:              {strings.Repeat("a", 256), "da0100" + long},
		"c400":                           {[]byte{}, ""},
		"c50001ff":                       {[]byte{255}, "c401ff"},
		"c600000001ff":                   {[]byte{255}, "c401ff"},
		"90":                             {[]any{}, ""},
		"920102":                         {[]any{int64(1), int64(2)}, ""},
		"dc000101":                       {[]any{int64(1)}, "9101"},
		"dd0000000101":                   {[]any{int64(1)}, "9101"},
		"80":                             {map[string]any{}, ""},
		"82a16101a16202":                 {map[string]any{"a": int64(1), "b": int64(2)}, ""},
		"de0001a16101":                   {map[string]any{"a": int64(1)}, "81a16101"},
		"df00000001a16101":               {map[string]any{"a": int64(1)}, "81a16101"},
		"d6ff514b67b0":                   {time.Date(2013, 3, 21, 20, 4, 0, 0, time.UTC), ""},
		"d7ff77359400514b67b0":           {time.Date(2013, 3, 21, 20, 4, 0, 5e8, time.UTC), ""},
		"c70cff00000001ffffffffffffffff": {time.Date(1969, 12, 31, 23, 59, 59, 1, time.UTC), ""},
		// What has no form: other extensions, numbers that are not finite, a code
		// that is none, a time that is none.
		"d40100":                         {nil, ""},
		"d50100":                         {nil, ""},
		"d8ff" + long[:32]:               {nil, ""},
		"c7020100ff":                     {nil, ""},
		"c8000101ff":                     {nil, ""},
		"c90000000101ff":                 {nil, ""},
		"d7ffffffffff00000000":           {nil, ""},
		"c70cffffffffff0000000000000000": {nil, ""},
		"ca7f800000":                     {nil, ""},
		"cb7ff8000000000000":             {nil, ""},
		"c1":                             {nil, ""},
		"8101c3":                         {nil, ""},
		"82a16101a16102":                 {nil, ""},
		"a1ff":                           {nil, ""},
	} {
		src, err := hex.DecodeString(text)
		require.NoError(t, err, text)
		var got any
		err = msgpack.Format().Decode(src, &got)
		if tt.want == nil {
			require.ErrorIs(t, err, codec.ErrInvalid, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, tt.want, got, text)
		if tt.wrote == "" {
			tt.wrote = text
		}
		out, err := msgpack.Format().Append(nil, &got)
		require.NoError(t, err, text)
		require.Equal(t, tt.wrote, hex.EncodeToString(out), text)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]endpoint.Violation{
		"":                         {Detail: "empty; a MessagePack value is expected"},
		"c0":                       {Detail: "must not be null"},
		"81":                       {Detail: "not valid MessagePack at byte 1"},
		"81a16ec1":                 {Detail: "not valid MessagePack at byte 3"},
		"8000":                     {Detail: "there is more after the MessagePack value"},
		"82a16e01a16e02":           {Pointer: "/n", Detail: "more than once"},
		"81a16ecd0180":             {Pointer: "/n", Detail: "out of range"},
		"81a16ecb3ff0000000000000": {Pointer: "/n", Detail: "must be an integer"},
		"81a174a1ff":               {Pointer: "/t", Detail: "not valid UTF-8"},
		"81a174c40161":             {Pointer: "/t", Detail: "must be a string"},
		"81a16ed40100":             {Pointer: "/n", Detail: "of a kind that has no form here"},
		"81a1ff01":                 {Pointer: "/\ufffd", Detail: "unknown member"},
	} {
		src, err := hex.DecodeString(text)
		require.NoError(t, err)
		var v struct {
			N int8   `json:"n"`
			T string `json:"t"`
		}
		err = msgpack.Format().Decode(src, &v)
		require.ErrorIs(t, err, codec.ErrInvalid, text)
		require.Equal(t, []endpoint.Violation{want}, endpoint.ErrorOf(err).Violations(), text)
	}
}

type plain struct {
	Zebra string            `json:"zebra"`
	A     int               `json:"a"`
	F     []float64         `json:"f"`
	S     float32           `json:"s"`
	M     map[string]uint16 `json:"m"`
	B     []byte            `json:"b"`
	At    time.Time         `json:"at"`
	P     *plain            `json:"p"`
}

// TestLibrary has the library read what is written here, and the other way
// round.
func TestLibrary(t *testing.T) {
	t.Parallel()
	v := plain{
		Zebra: "z", A: -500, F: []float64{0, 1.5, 0.1, -2}, S: 1.25, B: []byte{1},
		M: map[string]uint16{"bb": 1, "a": 2, "c": 65535}, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		P: &plain{F: []float64{}, M: map[string]uint16{}, B: []byte{}},
	}
	text, err := msgpack.Format().Append(nil, &v)
	require.NoError(t, err)
	dec := lib.NewDecoder(strings.NewReader(string(text)))
	dec.SetCustomStructTag("json")
	var got plain
	require.NoError(t, dec.Decode(&got))
	got.At = got.At.UTC()
	require.Equal(t, v, got)

	var b strings.Builder
	enc := lib.NewEncoder(&b)
	enc.SetCustomStructTag("json")
	require.NoError(t, enc.Encode(v))
	var back plain
	require.NoError(t, msgpack.Format().Decode([]byte(b.String()), &back))
	require.Equal(t, v, back)
}

// TestLibraryCutsOff is why the library does not read numbers here.
func TestLibraryCutsOff(t *testing.T) {
	t.Parallel()
	text, err := lib.Marshal(map[string]int{"N": 300})
	require.NoError(t, err)
	var v struct{ N int8 }
	require.NoError(t, lib.Unmarshal(text, &v))
	require.Equal(t, int8(44), v.N)
	require.ErrorIs(t, msgpack.Format().Decode(text, &v), codec.ErrInvalid)
}

// own writes itself as an array of one.
type own struct{ n uint8 }

func (o own) EncodeMsgpack(enc *lib.Encoder) error { return enc.EncodeMulti([]uint{uint(o.n)}) }

func (o *own) DecodeMsgpack(dec *lib.Decoder) error {
	var n []uint
	if err := dec.Decode(&n); err != nil {
		return err
	}
	if len(n) != 1 {
		return fmt.Errorf("it reads %x", n)
	}
	o.n = uint8(n[0])
	return nil
}

func TestOwnForms(t *testing.T) {
	t.Parallel()
	type holder struct {
		One  own                 `json:"one"`
		Ptr  *own                `json:"ptr"`
		Opt  codec.Optional[own] `json:"opt,omitzero"`
		Many []own               `json:"many"`
		Raw  lib.RawMessage      `json:"raw"`
	}
	in := holder{own{1}, &own{2}, codec.Some(own{3}), []own{{4}, {5}}, lib.RawMessage{0x92, 1, 0xc0}}
	c, err := codec.Of[holder](msgpack.Format(), codec.Options{})
	require.NoError(t, err)
	text, err := c.Append(nil, in)
	require.NoError(t, err)
	var got holder
	require.NoError(t, c.Decode(text, &got))
	require.Equal(t, in, got)

	text, err = msgpack.Format().Append(nil, &map[string]any{"many": []any{[]int{1}, "x"}})
	require.NoError(t, err)
	err = c.Decode(text, &got)
	require.Equal(t, []endpoint.Violation{{Pointer: "/many/1", Detail: "not valid"}}, endpoint.ErrorOf(err).Violations())
}

// TestOwnNonsense has a type that writes what is not MessagePack.
func TestOwnNonsense(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "\xc1", "\xa5", "\x91", "\x01\x01"} {
		for _, v := range []any{
			&struct {
				Raw lib.RawMessage `json:"raw,omitempty"`
			}{lib.RawMessage(raw)}, &[]lib.RawMessage{lib.RawMessage(raw)},
		} {
			text, err := msgpack.Format().Append([]byte("x"), v)
			require.Error(t, err, "%x", raw)
			require.Equal(t, "x", string(text))
		}
	}
}

// FuzzAny compares with the library: what is read here, it takes, too.
func FuzzAny(f *testing.F) {
	for _, s := range []string{"\x93\x01\x92\x02\x03\xc0", "\x82\xa1a\x01\xa1b\xcb\x3f\xf1\x99\x99\x99\x99\x99\x9a", "\xd6\xff\x51\x4b\x67\xb0", "\xc4\x01a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var ours, again, theirs any
		if msgpack.Format().Decode(src, &ours) != nil {
			return
		}
		require.NoError(t, lib.Unmarshal(src, &theirs), "%x is read as %v", src, ours)
		text, err := msgpack.Format().Append(nil, &ours)
		require.NoError(t, err, "%x", src)
		require.NoError(t, msgpack.Format().Decode(text, &again), "%x, encoded %x", src, text)
		require.Equal(t, ours, again, "%x, encoded %x", src, text)
	})
}

func ExampleFormat() {
	type Order struct {
		ID  int `json:"id"`
		Qty int `json:"qty" required:"true"`
	}
	orders, _ := codec.Of[Order](msgpack.Format(), codec.Options{})
	text, err := orders.Append(nil, Order{ID: 7, Qty: 2})
	fmt.Printf("%x %v\n", text, err)

	var o Order
	bad, _ := msgpack.Format().Append(nil, &map[string]any{"id": "seven", "extra": true})
	err = orders.Decode(bad, &o)
	for _, v := range endpoint.ErrorOf(err).Violations() {
		fmt.Println(v.Pointer, v.Detail)
	}
	// Output:
	// 82a2696407a371747902 <nil>
	// /id must be a number
	// /extra unknown member
	// /qty missing
}
