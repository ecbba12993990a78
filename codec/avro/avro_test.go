package avro_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	hamba "github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/soe"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/avro"
)

// Room is a type with fields of many kinds.
type Room struct {
	Base
	Name   string            `avro:"name"`
	Seats  int               `avro:"seats"`
	Small  int8              `avro:"small"`
	Large  uint32            `avro:"large"`
	Ratio  float32           `avro:"ratio"`
	Price  float64           `avro:"price"`
	Open   bool              `avro:"open"`
	Blob   []byte            `avro:"blob"`
	Hash   [4]byte           `avro:"hash"`
	Tags   []string          `avro:"tags"`
	Counts map[string]int64  `avro:"counts"`
	Built  time.Time         `avro:"built"`
	Took   time.Duration     `avro:"took"`
	Addr   netip.Addr        `avro:"addr"`
	Owner  *Person           `avro:"owner"`
	Guests []Person          `avro:"guests"`
	ByName map[string]Person `avro:"byName"`
	Hidden string            `avro:"-"`
}

// Base is embedded.
type Base struct {
	ID int64 `avro:"id"`
}

// Person refers to itself.
type Person struct {
	Name  string  `avro:"name"`
	Boss  *Person `avro:"boss"`
	Since *int    `avro:"since"`
}

func room() Room {
	since := 7
	ann := Person{Name: "Ann", Since: &since}
	bob := Person{Name: "Bob", Boss: &ann}
	return Room{
		Base: Base{42}, Name: "hall", Seats: -3, Small: -8, Large: 1 << 31, Ratio: 0.5, Price: 9.25, Open: true,
		Blob: []byte{0, 255}, Hash: [4]byte{1, 2, 3, 4}, Tags: []string{"a", ""}, Counts: map[string]int64{"x": 1 << 40},
		Built: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Took: time.Minute, Addr: netip.MustParseAddr("::1"),
		Owner: &bob, Guests: []Person{ann, bob}, ByName: map[string]Person{"ann": ann},
	}
}

// compiled returns the format for a type.
func compiled[T any](t *testing.T, opts ...avro.Option) codec.Codec[T] {
	t.Helper()
	c, err := codec.Of[T](avro.Format(opts...), codec.Options{})
	require.NoError(t, err)
	return c
}

// TestRoundTrip writes a value and reads it back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := compiled[Room](t)
	require.Equal(t, "application/avro", c.MediaType())
	want := room()
	data, err := c.Append([]byte("before"), want)
	require.NoError(t, err)
	require.Equal(t, "before\xc3\x01", string(data[:8]))
	var got Room
	require.NoError(t, c.Decode(data[6:], &got))
	require.Equal(t, want, got)
	clear(data)
	require.Equal(t, want, got, "no part of the source is kept")

	var zero Room
	data, err = c.Append(nil, zero)
	require.NoError(t, err)
	require.NoError(t, c.Decode(data, &got))
}

// TestTopLevel has types that are not records.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	list := compiled[[]Person](t)
	data, err := list.Append(nil, []Person{{Name: "Ann"}})
	require.NoError(t, err)
	var people []Person
	require.NoError(t, list.Decode(data, &people))
	require.Equal(t, []Person{{Name: "Ann"}}, people)

	empty := compiled[endpoint.Empty](t)
	data, err = empty.Append(nil, endpoint.Empty{})
	require.NoError(t, err)
	require.Len(t, data, 10)
	require.NoError(t, empty.Decode(data, new(endpoint.Empty)))

	number := compiled[int](t)
	data, err = number.Append(nil, 5)
	require.NoError(t, err)
	var n int
	require.NoError(t, number.Decode(data, &n))
	require.Equal(t, 5, n)
}

// TestUncompiled uses a Format that is not compiled for a type.
func TestUncompiled(t *testing.T) {
	t.Parallel()
	f := avro.Format()
	ann := Person{Name: "Ann"}
	data, err := f.Append(nil, &ann)
	require.NoError(t, err)
	var got Person
	require.NoError(t, f.Decode(data, &got))
	require.Equal(t, ann, got)
	_, err = f.Append(nil, new(any))
	require.Error(t, err)
	require.Error(t, f.Decode(data, new(any)))
}

// TestForeignPeer exchanges messages with another library, which gets the schema only.
func TestForeignPeer(t *testing.T) {
	t.Parallel()
	text, err := avro.SchemaOf(Person{})
	require.NoError(t, err)
	schema, err := hamba.Parse(text)
	require.NoError(t, err)
	peer, err := soe.NewCodec(schema)
	require.NoError(t, err)
	c := compiled[Person](t)
	since := 3
	want := Person{Name: "Bob", Boss: &Person{Name: "Ann"}, Since: &since}

	data, err := c.Append(nil, want)
	require.NoError(t, err)
	var theirs Person
	require.NoError(t, peer.Decode(data, &theirs))
	require.Equal(t, want, theirs)

	data, err = peer.Encode(want)
	require.NoError(t, err)
	var ours Person
	require.NoError(t, c.Decode(data, &ours))
	require.Equal(t, want, ours)
}

// TestForeignKinds has another library read every kind of field. It gets the values without
// their header, because its fingerprints depend on logical types, which Avro's canonical
// form leaves out.
func TestForeignKinds(t *testing.T) {
	t.Parallel()
	type kinds struct {
		Name   string           `avro:"name"`
		Seats  int              `avro:"seats"`
		Small  int8             `avro:"small"`
		Ratio  float32          `avro:"ratio"`
		Price  float64          `avro:"price"`
		Open   bool             `avro:"open"`
		Blob   []byte           `avro:"blob"`
		Hash   [4]byte          `avro:"hash"`
		Tags   []string         `avro:"tags"`
		Counts map[string]int64 `avro:"counts"`
		Built  time.Time        `avro:"built"`
	}
	text, err := avro.SchemaOf(kinds{})
	require.NoError(t, err)
	schema, err := hamba.Parse(text)
	require.NoError(t, err)
	want := kinds{"hall", -3, -8, 0.5, 9.25, true, []byte{0, 255}, [4]byte{1, 2, 3, 4}, []string{"a"}, map[string]int64{"x": 1 << 40}, time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}
	c := compiled[kinds](t)
	data, err := c.Append(nil, want)
	require.NoError(t, err)
	var theirs kinds
	require.NoError(t, hamba.Unmarshal(schema, data[10:], &theirs))
	require.Equal(t, want, theirs)
	value, err := hamba.Marshal(schema, want)
	require.NoError(t, err)
	var ours kinds
	require.NoError(t, c.Decode(append(data[:10:10], value...), &ours))
	require.Equal(t, want, ours)
}

// TestUnreadable has messages with every fault.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	c := compiled[Room](t)
	whole, err := c.Append(nil, room())
	require.NoError(t, err)
	head := string(whole[:10])
	people := compiled[[]Person](t)
	list, err := people.Append(nil, nil)
	require.NoError(t, err)
	lists := string(list[:10])
	person := compiled[Person](t)
	one, err := person.Append(nil, Person{})
	require.NoError(t, err)
	chain := string(one[:10]) + strings.Repeat("\x00\x02", 2000)
	empties := compiled[[]endpoint.Empty](t)
	none, err := empties.Append(nil, nil)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		decode func(src []byte) error
		src    string
		detail string
	}{
		"nothing":              {decoder(c), "", "not a single-object encoding of Avro"},
		"another mark":         {decoder(c), "{\"name\":\"hall\"}", "not a single-object encoding of Avro"},
		"a short header":       {decoder(c), head[:9], "not a single-object encoding of Avro"},
		"another schema":       {decoder(c), lists + string(whole[10:]), "which is not known"},
		"a header alone":       {decoder(c), head, "ends too early"},
		"cut off":              {decoder(c), string(whole[:len(whole)-1]), ""},
		"more bytes":           {decoder(c), string(whole) + "x", "followed by more bytes"},
		"a count too large":    {decoder(people), lists + "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "not a value of the schema"},
		"a size too large":     {decoder(person), string(one[:10]) + "\xfe\xff\xff\xff\x0f", ""},
		"nested too deeply":    {decoder(person), chain, "not a value of the schema"},
		"items without a byte": {decoder(empties), string(none[:10]) + "\x80\x80\x80\x80\x10\x00", "not a value of the schema"},
		"a branch too many":    {decoder(person), string(one[:10]) + "\x00\x06", "not a value of the schema"},
	} {
		err := tt.decode([]byte(tt.src))
		require.ErrorIs(t, err, codec.ErrInvalid, name)
		vs := endpoint.ErrorOf(err).Violations()
		require.Len(t, vs, 1, name)
		require.Contains(t, vs[0].Detail, tt.detail, name)
	}
}

func decoder[T any](c codec.Codec[T]) func(src []byte) error {
	return func(src []byte) error { return c.Decode(src, new(T)) }
}

// TestPlaceOfFault has a text inside a record that its type does not accept.
func TestPlaceOfFault(t *testing.T) {
	t.Parallel()
	type inner struct {
		Addr netip.Addr `avro:"addr"`
	}
	type outer struct {
		In inner `avro:"in"`
	}
	c := compiled[outer](t)
	data, err := c.Append(nil, outer{inner{netip.MustParseAddr("1.2.3.4")}})
	require.NoError(t, err)
	err = c.Decode(bytes.Replace(data, []byte("1.2.3.4"), []byte("secret!"), 1), new(outer))
	require.ErrorIs(t, err, codec.ErrInvalid)
	require.Equal(t, []endpoint.Violation{{Pointer: "/in/addr", Detail: "not a value of the schema"}}, endpoint.ErrorOf(err).Violations())
	require.NotContains(t, err.Error(), "secret")
}

// TestUnwritable has a value that its schema cannot have.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	c := compiled[struct{ N uint64 }](t)
	dst, err := c.Append([]byte("before"), struct{ N uint64 }{1 << 63})
	require.Error(t, err)
	require.Equal(t, "before", string(dst))
}

// FuzzDecode reads any bytes: a value that is read can be written and read again.
func FuzzDecode(f *testing.F) {
	c, err := avro.Format().Compile(reflect.TypeFor[Room](), codec.Options{})
	require.NoError(f, err)
	full, zero := room(), Room{}
	whole, err := c.Append(nil, &full)
	require.NoError(f, err)
	f.Add(whole[10:])
	start, err := c.Append(nil, &zero)
	require.NoError(f, err)
	f.Add(start[10:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		var got Room
		if c.Decode(append(bytes.Clone(whole[:10]), value...), &got) != nil {
			return
		}
		data, err := c.Append(nil, &got)
		require.NoError(t, err)
		require.NoError(t, c.Decode(data, new(Room)))
	})
}
