package playground_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
	"github.com/typedkit/endpoint/httpx/playground"
)

// A service has one endpoint for requests of a type.
type service[T any] struct {
	Do endpoint.Endpoint[T, endpoint.Empty]
}

func (s *service[T]) HTTP(r *httpx.Routes) { r.POST("/{id}", &s.Do) }

func serving[T any]() *service[T] {
	return &service[T]{Do: func(context.Context, T) (endpoint.Empty, error) { return endpoint.Empty{}, nil }}
}

// faults returns what is wrong with a request.
func faults[T any](t *testing.T, request T, r httpx.TagReader) []string {
	t.Helper()
	var c service[T]
	httpxtest.Client(t, serving[T](), &c, httpxtest.OnBoth(httpx.ReadTags(r)))
	_, err := c.Do(t.Context(), request)
	var all []string
	if err == nil {
		return nil
	}
	require.ErrorIs(t, err, httpx.ErrInvalidRequest)
	for _, v := range endpoint.ErrorOf(err).Violations() {
		all = append(all, v.Parameter+v.Pointer+": "+v.Detail)
	}
	return all
}

type base struct {
	Mail string `json:"mail" validate:"omitempty,email"`
}

type guest struct {
	Name string `json:"name" validate:"required,min=2"`
}

type order struct {
	base

	ID     string            `path:"id" validate:"len=3"`
	Qty    int               `json:"qty" validate:"gte=1,lte=9"`
	Kind   string            `json:"kind" validate:"oneof=a b"`
	Tags   []string          `json:"tags" validate:"max=2,dive,alpha"`
	Labels map[string]string `json:"labels" validate:"dive,min=1"`
	Guest  guest             `json:"guest"`
	Also   *guest            `json:"also" validate:"omitempty"`
	Guests []guest           `json:"guests"`
	ByName map[string]guest  `json:"byName"`
	From   int               `json:"from"`
	To     int               `json:"to" validate:"gtefield=From"`
	Note   string            `json:"note" maxLength:"3"`
}

func valid() order { return order{ID: "abc", Qty: 1, Kind: "a", Guest: guest{"Ann"}} }

func TestReader(t *testing.T) {
	t.Parallel()
	require.Empty(t, faults(t, valid(), playground.New("validate")))
	all := order{
		base: base{"x"}, ID: "ab", Qty: 10, Kind: "c", Tags: []string{"a", "1"}, Labels: map[string]string{"a/b": ""},
		Guest: guest{"A"}, Also: &guest{}, Guests: []guest{{"Ann"}, {""}}, ByName: map[string]guest{"x": {"A"}}, From: 2, To: 1,
	}
	require.ElementsMatch(t, []string{
		"/guest/name: must have at least 2 characters",
		"/also/name: is required, and must not be zero",
		"/guests/1/name: is required, and must not be zero",
		"/byName/x/name: must have at least 2 characters",
	}, faults(t, all, playground.New("validate")), "the parts come first")
	all.Guest, all.Also, all.Guests, all.ByName = guest{"Ann"}, nil, nil, nil
	require.ElementsMatch(t, []string{
		"/mail: must be an e-mail address",
		"path:id: must have exactly 3 characters",
		"/qty: must be at most 9",
		"/kind: must be one of a, b",
		"/tags/1: must have letters only",
		"/labels/a~1b: must have at least 1 character",
		"/to: must not be less than From",
	}, faults(t, all, playground.New("validate")))
	long := valid()
	long.Note, long.Qty = "abcd", 10
	require.Equal(t, []string{"/note: must have at most 3 characters"}, faults(t, long, playground.New("validate")), "the tags of JSON Schema come first")
}

// Required tags of both kinds say different things.
func TestRequired(t *testing.T) {
	t.Parallel()
	type both struct {
		ID string `path:"id"`
		A  int    `json:"a" required:"true" binding:"required"`
		B  int    `json:"b" required:"true"`
		C  int    `json:"c" binding:"required"`
	}
	require.Equal(t, []string{"/c: is required, and must not be zero"}, faults(t, both{ID: "x", A: 1}, playground.New("binding")))
}

// Validations of one's own are registered, and their faults are told by their names.
func TestSetup(t *testing.T) {
	t.Parallel()
	type even struct {
		ID string `path:"id"`
		N  int    `json:"n" validate:"even,between=1 5"`
	}
	own := func(v *validator.Validate) error {
		return errors.Join(
			v.RegisterValidation("even", func(f validator.FieldLevel) bool { return f.Field().Int()%2 == 0 }),
			v.RegisterValidation("between", func(f validator.FieldLevel) bool { return f.Field().Int() < 5 }),
		)
	}
	r := playground.New("validate", own)
	require.Equal(t, []string{"/n: must keep the rule even"}, faults(t, even{"x", 1}, r))
	require.Equal(t, []string{"/n: must keep the rule between=1 5"}, faults(t, even{"x", 6}, r))
}

func TestDetails(t *testing.T) {
	t.Parallel()
	type words struct {
		ID     string         `path:"id"`
		Gt     int            `json:"gt" validate:"gt=0"`
		Lt     []int          `json:"lt" validate:"lt=1"`
		One    []int          `json:"one" validate:"min=1"`
		Eq     string         `json:"eq" validate:"eq=x"`
		Size   map[string]int `json:"size" validate:"len=2"`
		Starts string         `json:"starts" validate:"startswith=ab"`
		Zero   float64        `json:"zero" validate:"ne=0"`
	}
	require.ElementsMatch(t, []string{
		"/gt: must be greater than 0", "/lt: must have less than 1 item", "/one: must have at least 1 item", "/eq: must be x",
		"/size: must have exactly 2 members", "/starts: must start with ab", "/zero: must not be 0",
	}, faults(t, words{ID: "x", Lt: []int{1}}, playground.New("validate")))
}

// What is wrong with tags is found at construction, on both ends.
func TestConstruction(t *testing.T) {
	t.Parallel()
	type unknown struct {
		ID string `path:"id" validate:"nosuch=1"`
	}
	type unfit struct {
		ID string `path:"id"`
		B  *bool  `json:"b" validate:"min=3"`
	}
	type inner struct {
		ID string `path:"id"`
		In []struct {
			X string `json:"x" validate:"nosuch"`
		} `json:"in"`
	}
	type fine struct {
		ID string `path:"id" validate:"required"`
	}
	failing := func(*validator.Validate) error { return errors.New("no") }
	for want, err := range map[string]error{
		"Undefined validation function 'nosuch' on field 'ID'": httpx.Mount(http.NewServeMux(), serving[unknown](), httpx.ReadTags(playground.New("validate"))),
		"Bad field type bool": httpx.Mount(http.NewServeMux(), serving[unfit](), httpx.ReadTags(playground.New("validate"))),
		"Undefined validation function 'nosuch' on field 'X'": httpx.Client(httpx.To("http://x"), new(service[inner]), httpx.ReadTags(playground.New("validate"))),
		"playground: the name of the tag is empty":            httpx.Mount(http.NewServeMux(), serving[fine](), httpx.ReadTags(playground.New("", nil))),
		"playground: setup: no":                               httpx.Mount(http.NewServeMux(), serving[fine](), httpx.ReadTags(playground.New("validate", failing, nil))),
		"nothing reads the tag validate":                      httpx.Mount(http.NewServeMux(), serving[fine](), httpx.ReadTags(playground.New("binding"))),
	} {
		if want == "playground: the name of the tag is empty" {
			require.Error(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, httpx.Mount(http.NewServeMux(), serving[fine](), httpx.ReadTags(playground.New("validate"))))
	err := httpx.Mount(http.NewServeMux(), serving[fine](), httpx.ReadTags(playground.New("validate", failing, nil)))
	require.True(t, strings.Contains(err.Error(), "a nil setup") && strings.Contains(err.Error(), "setup: no"))
}
