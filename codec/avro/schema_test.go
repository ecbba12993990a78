package avro_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/avro"
)

// TestSchemaOf has the schema of a type.
func TestSchemaOf(t *testing.T) {
	t.Parallel()
	got, err := avro.SchemaOf(Person{})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"record","name":"Person","fields":[
		{"name":"name","type":"string"},
		{"name":"boss","type":["null","Person"],"default":null},
		{"name":"since","type":["null","long"],"default":null}
	]}`, got)
}

// TestFingerprint has the fingerprints of Avro's own tests.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]uint64{
		`"null"`: 0x63dd24e7cc258f8a, `"boolean"`: 0x9f42fc78a4d4f764, `"int"`: 0x7275d51a3f395c8f,
		`"string"`: 0x8f014872634503c7, `{"type":"string"}`: 0x8f014872634503c7,
	} {
		got, err := avro.Fingerprint(schema)
		require.NoError(t, err)
		require.Equal(t, want, got, schema)
	}
	_, err := avro.Fingerprint(`{`)
	require.Error(t, err)
}

type (
	text struct {
		S string `avro:"s"`
	}
	bad struct {
		F   func()
		Any any
		Map map[int]string
		Opt codec.Optional[int]
		Tag string `avro:"tag,default=x"`
		A   string `avro:"same"`
		B   string `avro:"same"`
		N   [3]int
	}
)

// TestFaults has types and options with everything wrong, each with its place.
func TestFaults(t *testing.T) {
	t.Parallel()
	_, err := avro.SchemaOf(bad{})
	require.EqualError(t, err, strings.TrimSpace(`
bad.F: func() has no form in Avro
bad.Any: interface {} has no form in Avro
bad.Map: the keys of map[int]string are not strings
bad.Opt: a codec.Optional has no form in Avro; use a pointer
bad.Tag: the tag avro has the option default=x, which needs a given schema
bad.B: two fields have the name same
bad.N: [3]int has no form in Avro`))

	{
		type outer = text
		type text struct{ X int }
		_, err = avro.SchemaOf(struct {
			One outer
			Two text
		}{})
		require.EqualError(t, err, "Record.Two: avro_test.text and avro_test.text have the same name in Avro; give the schema")
	}

	const schema = `{"type":"record","name":"text","fields":[{"name":"s","type":"string"}]}`
	for name, tt := range map[string]struct {
		opts []avro.Option
		want string
	}{
		"a schema that cannot be read": {[]avro.Option{avro.Schema(text{}, `{`)}, "avro: Schema of avro_test.text: "},
		"two":                          {[]avro.Option{avro.Schema(text{}, schema), avro.Schema(text{}, schema)}, "avro: Schema of avro_test.text: there are two"},
		"a field too many":             {[]avro.Option{avro.Schema(text{}, strings.Replace(schema, `"s"`, `"t"`, 1))}, "text: the schema has the field t, which avro_test.text lacks"},
		"another kind":                 {[]avro.Option{avro.Schema(text{}, `{"type":"array","items":"string"}`)}, "text: the schema has an array, and avro_test.text is not a slice"},
		"a map":                        {[]avro.Option{avro.Schema(text{}, `{"type":"map","values":"string"}`)}, "text: the schema has a map, and avro_test.text is not one"},
		"a writer that does not fit":   {[]avro.Option{avro.Reads(text{}, strings.Replace(schema, `"string"`, `"int"`, 1))}, "avro_test.text: Reads: schema 0: "},
		"a nil option":                 {[]avro.Option{nil}, "avro: a nil option"},
	} {
		_, err := codec.Of[text](avro.Format(tt.opts...), codec.Options{})
		require.ErrorContains(t, err, tt.want, name)
	}
}

// TestEvolution has versions of a type: a reader knows the schemas of older writers.
func TestEvolution(t *testing.T) {
	t.Parallel()
	v1, err := avro.SchemaOf(struct{ Name, Gone string }{})
	require.NoError(t, err)
	v1 = strings.Replace(v1, `"Record"`, `"user"`, 1)
	type user struct {
		Name  string  `avro:"name"`
		Email string  `avro:"email"`
		Phone *string `avro:"phone"`
	}
	const v2 = `{"type":"record","name":"user","fields":[
		{"name":"name","type":"string","aliases":["Name"]},
		{"name":"email","type":"string","default":"none"},
		{"name":"phone","type":["null","string"],"default":null}
	]}`
	type older struct{ Name, Gone string }
	writer := compiled[older](t, avro.Schema(older{}, v1))
	data, err := writer.Append(nil, older{"Ann", "gone"})
	require.NoError(t, err)

	knows := compiled[user](t, avro.Schema(user{}, v2), avro.Reads(user{}, v1))
	var got user
	require.NoError(t, knows.Decode(data, &got))
	require.Equal(t, user{Name: "Ann", Email: "none"}, got)
	data2, err := knows.Append(nil, user{Name: "Bob"})
	require.NoError(t, err)
	require.NoError(t, knows.Decode(data2, &got))
	require.Equal(t, user{Name: "Bob"}, got)

	alone := compiled[user](t, avro.Schema(user{}, v2))
	unread := alone.Decode(data, &got)
	require.ErrorIs(t, unread, codec.ErrInvalid)
	sum, err := avro.Fingerprint(v1)
	require.NoError(t, err)
	require.Contains(t, endpoint.ErrorOf(unread).Violations()[0].Detail, fmt.Sprintf("%016x", sum))
}

// TestGivenSchema has a schema of kinds that are not made of a Go type.
func TestGivenSchema(t *testing.T) {
	t.Parallel()
	type node struct {
		Kind string         `avro:"kind"`
		Any  any            `avro:"any"`
		Free map[string]any `avro:"free"`
		Next *node          `avro:"next"`
	}
	c := compiled[node](t, avro.Schema(node{}, `{"type":"record","name":"Node","namespace":"graph","fields":[
		{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"]}},
		{"name":"any","type":["null","string","long"]},
		{"name":"free","type":{"type":"record","name":"Free","fields":[{"name":"x","type":"long"}]}},
		{"name":"next","type":["null","Node"]}
	]}`))
	free := map[string]any{"x": int64(7)}
	want := node{Kind: "B", Any: "text", Free: free, Next: &node{Kind: "A", Any: int64(5), Free: free}}
	data, err := c.Append(nil, want)
	require.NoError(t, err)
	var got node
	require.NoError(t, c.Decode(data, &got))
	require.Equal(t, want, got)
	_, err = c.Append(nil, node{Kind: "C", Free: free})
	require.Error(t, err)
}

type (
	// Left embeds a type that embeds it.
	Left struct {
		*Right
		L int
	}
	// Right does as well.
	Right struct {
		*Left
		R int
	}
)

// TestEmbeddedCycle has types that embed each other.
func TestEmbeddedCycle(t *testing.T) {
	t.Parallel()
	schema, err := avro.SchemaOf(Left{})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"record","name":"Left","fields":[{"name":"R","type":"long"},{"name":"L","type":"long"}]}`, schema)
}
