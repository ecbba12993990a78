package openapi_test

import (
	"encoding/json/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
)

// asked and answered are one member, required or not, in a request and in a response.
type (
	asked[T any]    struct{ V T }
	answered[T any] struct{ V T }
)

// schemasOf returns the schemas of a member of type T in a request and in a response.
func schemasOf[T any](t *testing.T) (in, out any) {
	t.Helper()
	d := openapi.New("x", "1", of[asked[T], answered[T]]("POST", "/x"))
	require.NoError(t, d.Err())
	schemas := at(t, d.JSON(), "components", "schemas").(map[string]any)
	for name, s := range schemas {
		properties, _ := s.(map[string]any)["properties"].(map[string]any)
		switch {
		case strings.HasPrefix(name, "Asked"):
			in = properties["V"]
		case strings.HasPrefix(name, "Answered"):
			out = properties["V"]
		}
	}
	return in, out
}

// check compares the schema of a member of type T, which is the same in both directions.
func check[T any](t *testing.T, want string) {
	t.Helper()
	in, out := schemasOf[T](t)
	var v any
	require.NoError(t, json.Unmarshal([]byte(want), &v))
	name := reflect.TypeFor[T]().String()
	require.Equal(t, v, in, name)
	require.Equal(t, v, out, name)
}

func TestSchema(t *testing.T) {
	t.Parallel()
	check[string](t, `{"type":"string"}`)
	check[bool](t, `{"type":"boolean"}`)
	check[int](t, `{"type":"integer","format":"int64"}`)
	check[int8](t, `{"type":"integer","format":"int32","minimum":-128,"maximum":127}`)
	check[int32](t, `{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647}`)
	check[uint16](t, `{"type":"integer","format":"int32","minimum":0,"maximum":65535}`)
	check[uint32](t, `{"type":"integer","format":"int64","minimum":0,"maximum":4294967295}`)
	check[uint64](t, `{"type":"integer","format":"uint64","minimum":0}`)
	check[float32](t, `{"type":"number","format":"float"}`)
	check[*string](t, `{"type":["string","null"]}`)
	check[**int](t, `{"type":["integer","null"],"format":"int64"}`)
	check[[]string](t, `{"type":"array","items":{"type":"string"}}`)
	check[[2]bool](t, `{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2}`)
	check[[]byte](t, `{"type":"string","format":"byte","contentEncoding":"base64"}`)
	check[[4]byte](t, `{"type":"string","format":"byte","contentEncoding":"base64"}`)
	check[map[string]int](t, `{"type":"object","additionalProperties":{"type":"integer","format":"int64"}}`)
	check[map[int]bool](t, `{"type":"object","propertyNames":{"pattern":"^-?[0-9]+$"},"additionalProperties":{"type":"boolean"}}`)
	check[any](t, `{}`)
	check[*any](t, `{}`)
	check[time.Time](t, `{"type":"string","format":"date-time"}`)
	check[*time.Time](t, `{"type":["string","null"],"format":"date-time"}`)
	check[netip.Prefix](t, `{"type":"string","pattern":"^([0-9A-Fa-f:.]+/[0-9]{1,3})?$"}`)
	check[zoo.UUID](t, `{"type":"string","format":"uuid"}`)
	check[zoo.Color](t, `{"type":"string"}`)
	check[zoo.Money](t, `{}`)
	check[*zoo.Kind](t, `{"anyOf":[{"$ref":"#/components/schemas/Kind"},{"type":"null"}]}`)
	check[zoo.Nest](t, `{"$ref":"#/components/schemas/Nest"}`)
}

// TestNames checks the names of schemas.
func TestNames(t *testing.T) {
	t.Parallel()
	schemas := at(t, zoo.Document().JSON(), "components", "schemas").(map[string]any)
	for _, name := range []string{"ZooUser", "KeeperUser", "PageAnimal", "PageUser", "Tree", "TreeInput", "Animal", "AnimalInput", "Kind", "Nest", "Problem"} {
		require.Contains(t, schemas, name)
	}
	require.NotContains(t, schemas, "User")
	require.NotContains(t, schemas, "KindInput", "it has the same schema in requests")
}

type ruled struct {
	Required codec.Optional[int] `json:"a,omitzero" minimum:"1"`
	Text     *string             `json:"b" required:"true" minLength:"1" maxLength:"9" pattern:"^x" enum:"x1,x2"`
	List     []float64           `json:"c" minItems:"0" maxItems:"3" uniqueItems:"true" exclusiveMaximum:"5" multipleOf:"0.5"`
	Map      map[string][]string `json:"d" maxProperties:"2" maxItems:"3" maxLength:"4" format:"date"`
	RE2      *string             `json:"e" pattern:"(?i)^x"`
	Quoted   int                 `json:"f,string" enum:"0,7" default:"7"`
}

func TestRules(t *testing.T) {
	t.Parallel()
	d := openapi.New("x", "1", of[ruled, endpoint.Empty]("POST", "/x"))
	require.NoError(t, d.Err())
	var want any
	require.NoError(t, json.Unmarshal([]byte(`{
		"a": {"type": ["integer", "null"], "format": "int64", "minimum": 1},
		"b": {"type": ["string", "null"], "minLength": 1, "maxLength": 9, "pattern": "^x", "enum": ["x1", "x2", null]},
		"c": {"type": "array", "items": {"type": "number", "format": "double", "exclusiveMaximum": 5, "multipleOf": 0.5}, "minItems": 0, "maxItems": 3, "uniqueItems": true},
		"d": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 4, "format": "date"}}},
		"e": {"type": ["string", "null"], "x-re2-pattern": "(?i)^x"},
		"f": {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$", "enum": ["0", "7"], "default": "7"}
	}`), &want))
	require.Equal(t, want, at(t, d.JSON(), "components", "schemas", "Ruled", "properties"))
	require.Equal(t, []any{"b"}, at(t, d.JSON(), "components", "schemas", "Ruled", "required"))
}
