package constraint_test

import (
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
)

func faults(t reflect.Type, opts constraint.Options) []string {
	_, errs := constraint.Compile(t, opts)
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}

// TestWrongTags has rules that no value, or no value of the type, can keep.
func TestWrongTags(t *testing.T) {
	t.Parallel()
	type named struct{ X int }
	for _, c := range []struct {
		tag   string
		zero  any
		fault string
	}{
		{`minimum:"1"`, "", "tag minimum has no meaning here: it is a text"},
		{`minLength:"1"`, 0, "tag minLength has no meaning here: it is a number"},
		{`format:"date"`, 0, "tag format has no meaning here: it is a number"},
		{`minimum:"1"`, true, "tag minimum has no meaning here: it is true or false"},
		{`minimum:"1"`, time.Second, `tag minimum has no meaning here: a duration is a text such as "1.5s"`},
		{`maxLength:"1"`, []byte(nil), "tag maxLength has no meaning here: it is bytes, which are text in base64"},
		{`maxLength:"1"`, netip.Addr{}, "tag maxLength has no meaning here: a value of type netip.Addr writes itself"},
		{`maxLength:"1"`, named{}, "tag maxLength has no meaning here: it is a struct"},
		{`minItems:"1"`, "", "tag minItems has no meaning here: it is a text"},
		{`minItems:"1"`, [2]int{}, "tag minItems has no meaning here: an array has the number of items of its type"},
		{`minItems:"1"`, map[string]int{}, "tag minItems has no meaning here: it is a number"},
		{`minProperties:"1"`, []int{}, "tag minProperties has no meaning here: it is a number"},
		{`minimum:"x"`, 0, `tag minimum has "x", which is not a value of type int`},
		{`minimum:"1.5"`, 0, `tag minimum has "1.5", which is not a value of type int`},
		{`maximum:"256"`, uint8(0), `tag maximum has "256", which is not a value of type uint8`},
		{`maximum:"-1"`, uint8(0), `tag maximum has "-1", which is not a value of type uint8`},
		{`maximum:"NaN"`, 0.5, `tag maximum has "NaN", which is not a value of type float64`},
		{`maximum:"0x1p3"`, 0.5, `tag maximum has "0x1p3", which is not a value of type float64`},
		{`minimum:"2" maximum:"1"`, 0, "no number keeps the rules: it must be at least 2 and must be at most 1"},
		{`exclusiveMinimum:"1" maximum:"1"`, 0, "no number keeps the rules: it must be greater than 1 and must be at most 1"},
		{`minimum:"1" exclusiveMinimum:"1"`, 0, "tags minimum and exclusiveMinimum exclude each other"},
		{`multipleOf:"0"`, 0, `tag multipleOf has "0", which is not a number above 0 of this type`},
		{`multipleOf:"-1"`, 0, `tag multipleOf has "-1", which is not a number above 0 of this type`},
		{`multipleOf:"0.5"`, 0, `tag multipleOf has "0.5", which is not a number above 0 of this type`},
		{`multipleOf:"1ex"`, 0.5, `tag multipleOf has "1ex", which is not a number above 0 of this type`},
		{`minLength:"-1"`, "", `tag minLength is "-1", not a number of 0 or more`},
		{`maxLength:"x"`, "", `tag maxLength is "x", not a number of 0 or more`},
		{`minLength:"2" maxLength:"1"`, "", "tag minLength is more than maxLength"},
		{`minItems:"2" maxItems:"1"`, []int{}, "tag minItems is more than maxItems"},
		{`pattern:"("`, "", "tag pattern: error parsing regexp: missing closing ): `(`"},
		{`pattern:"(?=a)"`, "", "tag pattern: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
		{`format:"phone"`, "", `tag format is "phone", which is none of byte, cidr, date, date-time, duration, email, hostname, ipv4, ipv6, regex, time, uri, uuid`},
		{`enum:""`, "", "tag enum is empty"},
		{`enum:"a,b,a"`, "", `tag enum has "a" twice`},
		{`enum:"1,x"`, 0, `tag enum has "x", which is not a value of type int`},
		{`enum:"1,1"`, 0, "tag enum has 1 twice"},
		{`enum:"blue"`, color(""), `tag enum has "blue", which is not one of the Values of constraint_test.color`},
		{`uniqueItems:"yes"`, []int{}, `tag uniqueItems is "yes", not true or false`},
		{`uniqueItems:"true"`, []any{}, "tag uniqueItems has no meaning for items of type interface {}, which Go cannot compare by what they hold"},
		{`uniqueItems:"true"`, []*int{}, "tag uniqueItems has no meaning for items of type *int, which Go cannot compare by what they hold"},
		{`minlength:"1"`, "", "tag minlength is not known; is it minLength?"},
		{`Minimum:"1"`, 0, "tag Minimum is not known; is it minimum?"},
		{`maximum:"1"`, any(nil), "tag maximum has no meaning here: values of type interface {} are not checked"},
		{`maximum:"1"`, jsontext.Value(nil), "tag maximum has no meaning here: a value of type jsontext.Value writes itself"},
		{`validate:"min=1"`, 0, "nothing reads the tag validate, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it"},
		{`binding:"required"`, 0, "nothing reads the tag binding, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it; required:\"true\" is read"},
		{`maximum:"3" default:"5"`, 0, `its default breaks its rule ("must be at most 3")`},
		{`maximum:"3" default:"5"`, new(int), `its default breaks its rule ("must be at most 3")`},
		{`maximum:"3" default:"5"`, codec.Optional[int]{}, `its default breaks its rule ("must be at most 3")`},
		{`minimum:"1"`, 0, `it may be absent, and its zero value breaks its rule ("must be at least 1"); tag it required:"true", give it a default, or make it a pointer or an Optional`},
		{`minLength:"1"`, "", `it may be absent, and its zero value breaks its rule ("must have at least 1 character"); tag it required:"true", give it a default, or make it a pointer or an Optional`},
	} {
		typ := reflect.TypeOf(c.zero)
		if typ == nil {
			typ = reflect.TypeFor[any]()
		}
		s := reflect.StructOf([]reflect.StructField{{Name: "V", Type: typ, Tag: reflect.StructTag(c.tag)}})
		require.Equal(t, []string{"field V: " + c.fault}, faults(s, constraint.Options{}), "%s %T", c.tag, c.zero)
	}
}

type nests struct {
	Address address `json:"address"`
}

type hidden struct {
	hidden int `minimum:"1"` //nolint:unused // its tag is a fault
	Gone   int `json:"-" minimum:"1"`
	base   `minimum:"1"`
}

// TestPlaces has faults that are not at the top of a type, all of which are found.
func TestPlaces(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		`field Address: it may be absent, and its zero value breaks its rule at /city ("must have at least 1 character"); tag it required:"true", give it a default, or make it a pointer or an Optional`,
	}, faults(reflect.TypeFor[nests](), constraint.Options{}))
	require.Empty(t, faults(reflect.TypeFor[nests](), constraint.Options{Response: true}))
	require.Equal(t, []string{
		"field hidden: tag minimum has no meaning here: it is not a member",
		"field Gone: tag minimum has no meaning here: it is not a member",
		"field base: tag minimum has no meaning here: it is embedded",
	}, faults(reflect.TypeFor[hidden](), constraint.Options{}))
	type deep struct {
		A []struct {
			B map[string]*struct {
				C string `maximum:"1"`
				D int    `maxLength:"1"`
			}
		}
	}
	got := faults(reflect.TypeFor[deep](), constraint.Options{})
	require.Len(t, got, 2)
	require.Contains(t, got[0], ".C: tag maximum has no meaning here")
	require.Contains(t, got[1], ".D: tag maxLength has no meaning here")
}

type search struct {
	ID    int      `path:"id" minimum:"1"`
	Limit int      `query:"limit" minimum:"1" default:"10"`
	Tags  []string `query:"tag" maxItems:"2" maxLength:"3"`
	Body  []int    `body:"true" minItems:"1" maximum:"9"`
}

// TestParameters has fields that are not part of the body.
func TestParameters(t *testing.T) {
	t.Parallel()
	opts := constraint.Options{
		Parameter: func(sf reflect.StructField) (string, bool) {
			for _, source := range []string{"path", "query"} {
				if name, ok := sf.Tag.Lookup(source); ok {
					return source + ":" + name, true
				}
			}
			return "", false
		},
		Body: func(sf reflect.StructField) bool { _, ok := sf.Tag.Lookup("body"); return ok },
	}
	p, errs := constraint.Compile(reflect.TypeFor[search](), opts)
	require.Empty(t, errs)
	require.Equal(t, []string{
		"path:id must be at least 1",
		"query:limit must be at least 1",
		"query:tag must have at most 2 items",
		"must have at least 1 item",
	}, lines(p.Check(&search{Tags: []string{"a", "b", "c"}}, nil)))
	require.Equal(t, []string{
		"query:tag must have at most 3 characters",
		"/1 must be at most 9",
	}, lines(p.Check(&search{ID: 1, Limit: 1, Tags: []string{"a", "long"}, Body: []int{1, 10}}, nil)))
}

// TestFormNames has the members of a form, whose names are in another tag.
func TestFormNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"/user-name must have at most 1 character"}, found(t, struct {
		Name string `form:"user-name" maxLength:"1"`
	}{"ab"}))
}

type period struct {
	From, To int
}

func (p period) Validate() error {
	if p.From > p.To {
		return fmt.Errorf("from is after to")
	}
	return nil
}

type counted struct {
	N     int    `json:"n" minimum:"0"`
	Name  string `json:"name"`
	calls *int
}

func (c *counted) Validate() error {
	*c.calls++
	return endpoint.Errorf(endpoint.InvalidArgument, "not valid").WithViolations(
		endpoint.Violation{Pointer: "/name", Detail: "taken"},
		endpoint.Violation{Detail: "whole"},
	)
}

type wraps struct {
	period
	Inner  period                 `json:"inner"`
	List   []period               `json:"list"`
	Byname map[string]period      `json:"by_name"`
	Ptr    *period                `json:"ptr"`
	Opt    codec.Optional[period] `json:"opt,omitzero"`
}

// TestValidate has values with a method Validate, which is called where the own rules of the
// value are kept.
func TestValidate(t *testing.T) {
	t.Parallel()
	bad := period{2, 1}
	require.Equal(t, []string{"from is after to"}, found(t, bad))
	require.Equal(t, []string{
		"/inner from is after to", "/list/1 from is after to", "/by_name/x from is after to", "/ptr from is after to", "/opt from is after to",
	}, found(t, wraps{period: bad, Inner: bad, List: []period{{}, bad}, Byname: map[string]period{"x": bad}, Ptr: &bad, Opt: codec.Some(bad)}))
	require.Equal(t, []string{"from is after to"}, found(t, wraps{period: bad}), "the method of what is embedded is that of the whole, and called once")

	calls := 0
	require.Equal(t, []string{"/n must be at least 0"}, found(t, counted{N: -1, calls: &calls}))
	require.Zero(t, calls)
	require.Equal(t, []string{"/name taken", "whole"}, found(t, counted{calls: &calls}))
	require.Equal(t, 1, calls)
}

type embeds struct {
	*period
	N int `json:"n"`
}

type shadows struct {
	*period
	N int `json:"n"`
}

func (s *shadows) Validate() error {
	if s.N > 1 {
		return errors.New("n is too large")
	}
	return nil
}

// TestValidatePromoted has a method of an embedded pointer, which may be nil.
func TestValidatePromoted(t *testing.T) {
	t.Parallel()
	require.Empty(t, found(t, embeds{}))
	require.Equal(t, []string{"from is after to"}, found(t, embeds{period: &period{2, 1}}))
	require.Equal(t, []string{"n is too large"}, found(t, shadows{N: 2}))
	require.Empty(t, found(t, shadows{N: 1}))
}

type joined struct{ Err error }

func (j joined) Validate() error { return j.Err }

func TestValidateErrors(t *testing.T) {
	t.Parallel()
	remote := endpoint.Define(endpoint.InvalidArgument, "x", "BAD", "the message")
	require.Equal(t, []string{"a", "the message"}, found(t, joined{fmt.Errorf("%w\n%w", fmt.Errorf("a"), remote)}))
	require.Equal(t, []string{"in b: the message"}, found(t, joined{fmt.Errorf("in b: %w", remote)}))
}

type forest []forest

func (f forest) Validate() error {
	if len(f) > 2 {
		return errors.New("too many trees")
	}
	return nil
}

type nested map[string]*nested

// TestRecursive has lists and maps that lead to themselves without a struct.
func TestRecursive(t *testing.T) {
	t.Parallel()
	require.Empty(t, found(t, forest{{}, {}}))
	require.Equal(t, []string{"/1/0 too many trees"}, found(t, forest{nil, {{nil, nil, nil}}}))
	for _, tt := range []struct {
		typ   reflect.Type
		fault string
	}{
		{reflect.TypeFor[struct {
			V forest `maxLength:"1"`
		}](), "field V: tag maxLength has no meaning here: the items of constraint_test.forest are of this type"},
		{reflect.TypeFor[struct {
			V nested `minimum:"1"`
		}](), "field V: tag minimum has no meaning here: the items of constraint_test.nested are of this type"},
	} {
		require.Equal(t, []string{tt.fault}, faults(tt.typ, constraint.Options{}))
	}
}
