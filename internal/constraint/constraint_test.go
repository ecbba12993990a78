package constraint_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
)

// compile returns the plan of T, which has no fault.
func compile[T any](t *testing.T) *constraint.Plan {
	t.Helper()
	p, faults := constraint.Compile(reflect.TypeFor[T](), constraint.Options{})
	require.Empty(t, faults)
	return p
}

// found returns the faults of a value, as "pointer detail".
func found[T any](t *testing.T, v T) []string {
	t.Helper()
	return lines(compile[T](t).Check(&v, nil))
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	var all []string
	for _, v := range endpoint.ErrorOf(err).Violations() {
		all = append(all, strings.TrimSpace(v.Parameter+v.Pointer+" "+v.Detail))
	}
	return all
}

// one is a struct of one member with a rule.
func one[T any](tag string) reflect.Type {
	return reflect.StructOf([]reflect.StructField{{Name: "V", Type: reflect.TypeFor[T](), Tag: reflect.StructTag(`json:"v" required:"true" ` + tag)}})
}

// try returns what is wrong with v as the member of a struct, "" for nothing.
func try[T any](t *testing.T, tag string, v T) string {
	t.Helper()
	typ := one[T](tag)
	p, faults := constraint.Compile(typ, constraint.Options{})
	require.Empty(t, faults, tag)
	require.NotNil(t, p, tag)
	s := reflect.New(typ)
	s.Elem().Field(0).Set(reflect.ValueOf(&v).Elem())
	err := p.Check(s.Interface(), nil)
	if err == nil {
		return ""
	}
	require.ErrorIs(t, err, codec.ErrInvalid)
	all := lines(err)
	require.Len(t, all, 1)
	return strings.TrimPrefix(all[0], "/v ")
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag    string
		value  any
		detail string
	}{
		{`minimum:"3"`, 2, "must be at least 3"},
		{`minimum:"3"`, 3, ""},
		{`maximum:"3"`, 4, "must be at most 3"},
		{`maximum:"3"`, 3, ""},
		{`exclusiveMinimum:"3"`, 3, "must be greater than 3"},
		{`exclusiveMinimum:"3"`, 4, ""},
		{`exclusiveMaximum:"3"`, 3, "must be less than 3"},
		{`exclusiveMaximum:"3"`, 2, ""},
		{`minimum:"-5" maximum:"5"`, -6, "must be at least -5"},
		{`minimum:"-5" maximum:"5"`, 6, "must be at most 5"},
		{`minimum:"0.5"`, 0.4, "must be at least 0.5"},
		{`minimum:"0.5"`, 0.5, ""},
		{`exclusiveMaximum:"1"`, 0.999, ""},
		{`exclusiveMaximum:"1"`, 1.0, "must be less than 1"},
		{`minimum:"1"`, nan(), "must be at least 1"},
		{`maximum:"1"`, nan(), "must be at most 1"},
		{`multipleOf:"5"`, 15, ""},
		{`multipleOf:"5"`, -15, ""},
		{`multipleOf:"5"`, 0, ""},
		{`multipleOf:"5"`, 16, "must be a multiple of 5"},
		{`multipleOf:"10"`, 15, "must be a multiple of 10"},
		{`multipleOf:"0.1"`, 0.3, ""},
		{`multipleOf:"0.1"`, 1e300, ""},
		{`multipleOf:"0.3"`, 1.1, "must be a multiple of 0.3"},
		{`multipleOf:"0.01"`, 19.99, ""},
		{`multipleOf:"0.01"`, 19.999, "must be a multiple of 0.01"},
		{`multipleOf:"3"`, 1e22, "must be a multiple of 3"},
		{`multipleOf:"3"`, 3e22, ""},
		{`multipleOf:"1e2"`, 300, ""},
		{`multipleOf:"1e2"`, 350, "must be a multiple of 1e2"},
		{`multipleOf:"2"`, nan(), "must be a multiple of 2"},
		{`multipleOf:"2"`, -1 / zero(), "must be a multiple of 2"},
		{`multipleOf:"0.1"`, float32(0.3), ""},
		{`enum:"1,2,4"`, 2, ""},
		{`enum:"1,2,4"`, 3, "must be one of 1, 2, 4"},
		{`enum:"0.5,1"`, 0.5, ""},
		{`enum:"0.5,1"`, nan(), "must be one of 0.5, 1"},
		{`maximum:"255"`, uint8(255), ""},
		{`minimum:"1"`, uint64(0), "must be at least 1"},
		{`minimum:"-128"`, int8(-128), ""},
		{`multipleOf:"4"`, int64(-1 << 63), ""},
		{`multipleOf:"3"`, uint64(1<<64 - 1), ""},
		{`multipleOf:"7"`, uint64(1<<64 - 1), "must be a multiple of 7"},
	} {
		var got string
		switch v := c.value.(type) {
		case int:
			got = try(t, c.tag, v)
		case int8:
			got = try(t, c.tag, v)
		case int64:
			got = try(t, c.tag, v)
		case uint8:
			got = try(t, c.tag, v)
		case uint64:
			got = try(t, c.tag, v)
		case float32:
			got = try(t, c.tag, v)
		case float64:
			got = try(t, c.tag, v)
		}
		require.Equal(t, c.detail, got, "%s %v", c.tag, c.value)
	}
}

func zero() float64 { return 0 }
func nan() float64  { return zero() / zero() }

type color string

func (color) Values() []string { return []string{"red", "green"} }

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, value, detail string }{
		{`minLength:"2"`, "a", "must have at least 2 characters"},
		{`minLength:"1"`, "", "must have at least 1 character"},
		{`minLength:"2"`, "äö", ""},
		{`minLength:"2"`, "𝄞", "must have at least 2 characters"},
		{`maxLength:"2"`, "äö", ""},
		{`maxLength:"2"`, "äöü", "must have at most 2 characters"},
		{`maxLength:"0"`, "x", "must have at most 0 characters"},
		{`maxLength:"2" minLength:"2"`, "ab", ""},
		{`pattern:"^[a-z]+$"`, "abc", ""},
		{`pattern:"^[a-z]+$"`, "ab1", "must match the pattern ^[a-z]+$"},
		{`pattern:"[0-9]"`, "ab1c", ""},
		{`pattern:"^b" maxLength:"2"`, "aaa", "must have at most 2 characters"},
		{`enum:"a,b"`, "b", ""},
		{`enum:"a,b"`, "c", "must be one of a, b"},
		{`enum:"a,b"`, "", "must be one of a, b"},
		{`enum:",b"`, "", ""},
	} {
		require.Equal(t, c.detail, try(t, c.tag, c.value), "%s %q", c.tag, c.value)
	}
	require.Equal(t, "must be one of red, green", try(t, "", color("blue")))
	require.Empty(t, try(t, "", color("red")))
	require.Equal(t, "must be one of red", try(t, `enum:"red"`, color("green")))
}

func TestLists(t *testing.T) {
	t.Parallel()
	require.Equal(t, "must have at least 1 item", try(t, `minItems:"1"`, []int(nil)))
	require.Empty(t, try(t, `minItems:"1"`, []int{0}))
	require.Equal(t, []string{"/v must have at least 3 items", "/v/1 must not be equal to another item", "/v/0 must be at least 2", "/v/1 must be at least 2"}, found(t, struct {
		V []int `json:"v" required:"true" minItems:"3" uniqueItems:"true" minimum:"2"`
	}{[]int{1, 1}}), "of a list, all that is wrong is told unless it is too long")
	require.Equal(t, "must have at most 2 items", try(t, `maxItems:"2"`, []int{1, 2, 3}))
	require.Equal(t, "/v/2 must be at most 5", "/v"+try(t, `maximum:"5" maxItems:"4"`, []int{1, 2, 6})[len("/v"):])
	require.Equal(t, "/v/1 must have at most 1 character", try(t, `maxLength:"1"`, [2]string{"a", "bb"}))
	require.Equal(t, "/v/2 must not be equal to another item", try(t, `uniqueItems:"true"`, []string{"a", "b", "a"}))
	require.Empty(t, try(t, `uniqueItems:"true"`, []string{"a", "b"}))
	many := make([]int, 40)
	for i := range many {
		many[i] = i
	}
	require.Empty(t, try(t, `uniqueItems:"true"`, many))
	many[39] = 3
	require.Equal(t, "/v/39 must not be equal to another item", try(t, `uniqueItems:"true"`, many))
	require.Equal(t, "/v/1 must not be equal to another item", try(t, `uniqueItems:"true"`, []struct{ A, B int }{{1, 2}, {1, 2}}))
	require.Equal(t, "/v/0/1 must be at least 1", try(t, `minimum:"1"`, [][]int{{1, 0}}))
	require.Equal(t, "must have at least 2 members", try(t, `minProperties:"2"`, map[string]int{"a": 1}))
	require.Equal(t, "must have at most 1 member", try(t, `maxProperties:"1"`, map[string]int{"a": 1, "b": 2}))
	require.Equal(t, "/v/a~1b~0 must be at least 1", try(t, `minimum:"1"`, map[string]int{"a/b~": 0, "c": 1}))
	require.Equal(t, "/v/-3 must be at least 1", try(t, `minimum:"1"`, map[int8]int{-3: 0}))
	require.Equal(t, "/v/3 must be at least 1", try(t, `minimum:"1"`, map[uint8]int{3: 0}))
}

type address struct {
	City string `json:"city" required:"true" minLength:"1"`
}

type base struct {
	ID int `json:"id" required:"true" minimum:"1"`
}

type room struct {
	base
	*extra
	Name    string              `json:"name" required:"true" minLength:"1" maxLength:"5"`
	Seats   int                 `json:"seats" minimum:"1" default:"2"`
	Address address             `json:"address" required:"true"`
	Second  *address            `json:"second"`
	Third   codec.Optional[int] `json:"third,omitzero" minimum:"3"`
	Others  []room              `json:"others"`
	ByName  map[string]address  `json:"by_name"`
	Parent  *room               `json:"parent"`
	Since   time.Time           `json:"since"`
	Free    string
}

type extra struct {
	Note string `json:"note" maxLength:"3"`
}

func valid() room {
	return room{base: base{1}, Name: "x", Seats: 1, Address: address{"B"}}
}

func TestNested(t *testing.T) {
	t.Parallel()
	require.Empty(t, found(t, valid()))
	r := valid()
	r.ID, r.Name = 0, "toolong"
	r.extra = &extra{"long"}
	r.Second = &address{}
	r.Third = codec.Some(2)
	r.Others = []room{valid(), {base: base{2}, Name: "y", Seats: 0, Address: address{"C"}}}
	r.ByName = map[string]address{"b": {}, "a": {}, "c": {"D"}}
	p := valid()
	p.Parent = &room{}
	r.Parent = &p
	require.Equal(t, []string{
		"/id must be at least 1",
		"/note must have at most 3 characters",
		"/name must have at most 5 characters",
		"/second/city must have at least 1 character",
		"/third must be at least 3",
		"/others/1/seats must be at least 1",
		"/by_name/a/city must have at least 1 character",
		"/by_name/b/city must have at least 1 character",
		"/parent/parent/id must be at least 1",
		"/parent/parent/name must have at least 1 character",
		"/parent/parent/seats must be at least 1",
		"/parent/parent/address/city must have at least 1 character",
	}, found(t, r))
}

func TestNoRules(t *testing.T) {
	t.Parallel()
	type loop struct {
		Next *loop
		All  map[string][]loop
		V    any
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[loop](), reflect.TypeFor[time.Time](), reflect.TypeFor[endpoint.Empty]()} {
		p, faults := constraint.Compile(typ, constraint.Options{})
		require.Empty(t, faults)
		require.Nil(t, p)
		require.NoError(t, p.Check(nil, nil))
	}
}

// TestAfter has rules of a value whose reading found faults: a part that was not read has no
// other fault.
func TestAfter(t *testing.T) {
	t.Parallel()
	p := compile[room](t)
	r := room{Name: "", Seats: 1}
	err := codec.ErrInvalid.WithViolations(
		endpoint.Violation{Pointer: "/id", Detail: "must be a number"},
		endpoint.Violation{Pointer: "/address", Detail: "missing"},
		endpoint.Violation{Parameter: "query:x", Detail: "missing"},
	)
	require.Equal(t, []string{"/id must be a number", "/address missing", "query:x missing", "/name must have at least 1 character"}, lines(p.Add(&r, err)))

	err = codec.ErrInvalid.WithViolations(endpoint.Violation{Detail: "not valid JSON"})
	require.Equal(t, err, p.Add(&r, err))
	other := errors.New("other")
	require.Equal(t, other, p.Check(&r, other))
	fine := valid()
	err = codec.ErrInvalid.WithViolations(endpoint.Violation{Pointer: "/id", Detail: "x"})
	require.Same(t, err, p.Add(&fine, err))
}

// TestBounded has more faults than an answer lists, and a name that is too long.
func TestBounded(t *testing.T) {
	t.Parallel()
	require.Len(t, found(t, struct {
		V []int `minimum:"1"`
	}{make([]int, 1000)}), 50)
	long := found(t, struct {
		V map[string]int `minimum:"1"`
	}{map[string]int{strings.Repeat("ä", 10_000): 0}})
	require.Len(t, long, 1)
	require.Less(t, len(long[0]), 320)
}
