package cbor_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	lib "github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
)

// TestExamples reads and writes examples of RFC 8949 Appendix A. What is written
// in another way than there is the deterministic form of the same.
func TestExamples(t *testing.T) {
	t.Parallel()
	instant := time.Date(2013, 3, 21, 20, 4, 0, 0, time.UTC)
	for text, tt := range map[string]struct {
		want  any
		wrote string // "" for text
	}{
		"00":                 {int64(0), ""},
		"17":                 {int64(23), ""},
		"1818":               {int64(24), ""},
		"1903e8":             {int64(1000), ""},
		"1a000f4240":         {int64(1000000), ""},
		"1b000000e8d4a51000": {int64(1000000000000), ""},
		"1bffffffffffffffff": {uint64(math.MaxUint64), ""},
		"20":                 {int64(-1), ""},
		"3863":               {int64(-100), ""},
		"f90000":             {0.0, ""},
		"f93c00":             {1.0, ""},
		"fb3ff199999999999a": {1.1, ""},
		"f93e00":             {1.5, ""},
		"f97bff":             {65504.0, ""},
		"fa47c35000":         {100000.0, ""},
		"fa7f7fffff":         {3.4028234663852886e+38, ""},
		"fb7e37e43c8800759c": {1.0e+300, ""},
		"f90001":             {5.960464477539063e-8, ""},
		"f90400":             {0.00006103515625, ""},
		"f9c400":             {-4.0, ""},
		"fbc010666666666666": {-4.1, ""},
		"f4":                 {false, ""},
		"f5":                 {true, ""},
		"c074323031332d30332d32315432303a30343a30305a": {instant, ""},
		"c11a514b67b0":         {instant, "c074323031332d30332d32315432303a30343a30305a"},
		"c1fb41d452d9ec200000": {instant.Add(500 * time.Millisecond), "c076323031332d30332d32315432303a30343a30302e355a"},
		"d74401020304":         {[]byte{1, 2, 3, 4}, "4401020304"},
		"d818456449455446":     {nil, ""},
		"d82076687474703a2f2f7777772e6578616d706c652e636f6d": {"http://www.example.com", "76687474703a2f2f7777772e6578616d706c652e636f6d"},
		"d9d9f700":                   {int64(0), "00"},
		"40":                         {[]byte{}, ""},
		"60":                         {"", ""},
		"62c3bc":                     {"ü", ""},
		"80":                         {[]any{}, ""},
		"8301820203820405":           {[]any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}, ""},
		"a0":                         {map[string]any{}, ""},
		"a26161016162820203":         {map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}, ""},
		"5f42010243030405ff":         {[]byte{1, 2, 3, 4, 5}, "450102030405"},
		"7f657374726561646d696e67ff": {"streaming", "6973747265616d696e67"},
		"9f018202039f0405ffff":       {[]any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}, "8301820203820405"},
		"bf61610161629f0203ffff":     {map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}, "a26161016162820203"},
		// What has no form, by its code, and what no number of Go holds.
		"c249010000000000000000": {nil, ""},
		"3bffffffffffffffff":     {nil, ""},
		"f0":                     {nil, ""},
		"f8ff":                   {nil, ""},
		"f97c00":                 {nil, ""},
		"f97e00":                 {nil, ""},
		"faff800000":             {nil, ""},
		"a201020304":             {nil, ""},
		"c0a26161016162820203":   {nil, ""},
		"c19f0102ff":             {nil, ""},
		"c1d730":                 {nil, ""},
		"c061":                   {nil, ""},
		"c06161":                 {nil, ""},
		"c1fbffefffffffffffff":   {nil, ""},
		"f818":                   {nil, ""},
		"ff":                     {nil, ""},
		"1c":                     {nil, ""},
		"a26161016161f5":         {nil, ""},
		"61ff":                   {nil, ""},
	} {
		src, err := hex.DecodeString(text)
		require.NoError(t, err, text)
		var got any
		err = cbor.Format().Decode(src, &got)
		if tt.want == nil {
			require.ErrorIs(t, err, codec.ErrInvalid, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, tt.want, got, text)
		if tt.wrote == "" {
			tt.wrote = text
		}
		out, err := cbor.Format().Append(nil, &got)
		require.NoError(t, err, text)
		require.Equal(t, tt.wrote, hex.EncodeToString(out), text)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]endpoint.Violation{
		"":                       {Detail: "empty; a CBOR value is expected"},
		"f6":                     {Detail: "must not be null"},
		"f7":                     {Detail: "must not be null"},
		"a1":                     {Detail: "not valid CBOR"},
		"a000":                   {Detail: "there is more after the CBOR value"},
		"a2616e01616e02":         {Pointer: "/n", Detail: "more than once"},
		"a1616e61ff":             {Pointer: "/n", Detail: "must be a number"},
		"a1617461ff":             {Pointer: "/t", Detail: "not valid UTF-8"},
		"a1616ec249010000000000": {Detail: "not valid CBOR"},
		"a1616ec24101":           {Pointer: "/n", Detail: "of a kind that has no form here"},
		"a1616ed81e820102":       {Pointer: "/n", Detail: "of a kind that has no form here"},
		"a1616ef8ff":             {Pointer: "/n", Detail: "of a kind that has no form here"},
		"a161ff01":               {Pointer: "/\ufffd", Detail: "unknown member"},
	} {
		src, err := hex.DecodeString(text)
		require.NoError(t, err)
		var v struct {
			N int    `json:"n"`
			T string `json:"t"`
		}
		err = cbor.Format().Decode(src, &v)
		require.ErrorIs(t, err, codec.ErrInvalid, text)
		require.Equal(t, []endpoint.Violation{want}, endpoint.ErrorOf(err).Violations(), text)
	}
}

type plain struct {
	Zebra string            `json:"zebra"`
	A     int               `json:"a"`
	F     []float64         `json:"f"`
	M     map[string]uint16 `json:"m"`
	N     map[int]bool      `json:"n"`
	B     []byte            `json:"b"`
	P     *plain            `json:"p"`
}

// TestLibrary compares with the library: the deterministic form has no choices.
func TestLibrary(t *testing.T) {
	t.Parallel()
	enc, err := lib.CoreDetEncOptions().EncMode()
	require.NoError(t, err)
	v := plain{
		Zebra: "z", A: -500, F: []float64{0, 1.5, 0.1, 65504, 65505, 1e-7, math.MaxFloat32, -2}, B: []byte{1},
		M: map[string]uint16{"bb": 1, "a": 2, "c": 65535}, N: map[int]bool{-1: true, 100: false, 3: true},
		P: &plain{F: []float64{}, M: map[string]uint16{}, N: map[int]bool{}, B: []byte{}},
	}
	want, err := enc.Marshal(v)
	require.NoError(t, err)
	got, err := cbor.Format().Append(nil, &v)
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got))
	var back plain
	require.NoError(t, lib.Unmarshal(got, &back))
	require.Equal(t, v, back)
}

// own writes itself as an array of one.
type own struct{ n uint8 }

func (o own) MarshalCBOR() ([]byte, error) { return []byte{0x81, o.n}, nil }

func (o *own) UnmarshalCBOR(src []byte) error {
	if len(src) != 2 || src[0] != 0x81 {
		return fmt.Errorf("it reads %x", src)
	}
	o.n = src[1]
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
	in := holder{own{1}, &own{2}, codec.Some(own{3}), []own{{4}, {5}}, lib.RawMessage{0x82, 1, 0xf6}}
	c, err := codec.Of[holder](cbor.Format(), codec.Options{})
	require.NoError(t, err)
	text, err := c.Append(nil, in)
	require.NoError(t, err)
	var got holder
	require.NoError(t, c.Decode(text, &got))
	require.Equal(t, in, got)

	text, err = cbor.Format().Append(nil, &map[string]any{"many": []any{[]int{1}, 7}})
	require.NoError(t, err)
	err = c.Decode(text, &got)
	require.Equal(t, []endpoint.Violation{{Pointer: "/many/1", Detail: "not valid"}}, endpoint.ErrorOf(err).Violations())
}

// TestOwnNonsense has a type that writes what is not CBOR.
func TestOwnNonsense(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"\x5a", "\x9f", "\xff", "\x01\x01"} {
		for _, v := range []any{
			&struct {
				Raw lib.RawMessage `json:"raw,omitempty"`
			}{lib.RawMessage(raw)}, &[]lib.RawMessage{lib.RawMessage(raw)},
		} {
			text, err := cbor.Format().Append([]byte("x"), v)
			require.Error(t, err, "%x", raw)
			require.Equal(t, "x", string(text))
		}
	}
}

// FuzzAny compares with the library: what is read here, it takes, too.
func FuzzAny(f *testing.F) {
	for _, s := range []string{"\x83\x01\x82\x02\x03\x82\x04\x05", "\xbf\x61a\x01\x61b\x9f\x02\x03\xff\xff", "\xf9\x7c\x00", "\xc1\x1a\x51\x4b\x67\xb0", "\x5f\x41a\xff"} {
		f.Add([]byte(s))
	}
	strict, err := lib.DecOptions{DupMapKey: lib.DupMapKeyEnforcedAPF, MaxNestedLevels: 65535, DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, src []byte) {
		var ours, again, theirs any
		if cbor.Format().Decode(src, &ours) != nil {
			return
		}
		require.NoError(t, strict.Unmarshal(src, &theirs), "%x is read as %v", src, ours)
		text, err := cbor.Format().Append(nil, &ours)
		require.NoError(t, err, "%x", src)
		require.NoError(t, cbor.Format().Decode(text, &again), "%x, encoded %x", src, text)
		require.Equal(t, ours, again, "%x, encoded %x", src, text)
	})
}

func ExampleFormat() {
	type Order struct {
		ID  int `json:"id"`
		Qty int `json:"qty" required:"true"`
	}
	orders, _ := codec.Of[Order](cbor.Format(), codec.Options{})
	text, err := orders.Append(nil, Order{ID: 7, Qty: 2})
	fmt.Printf("%x %v\n", text, err)

	var o Order
	bad, _ := cbor.Format().Append(nil, &map[string]any{"id": "seven", "extra": true})
	err = orders.Decode(bad, &o)
	for _, v := range endpoint.ErrorOf(err).Violations() {
		fmt.Println(v.Pointer, v.Detail)
	}
	// Output:
	// a2626964076371747902 <nil>
	// /id must be a number
	// /extra unknown member
	// /qty missing
}
