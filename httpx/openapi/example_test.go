package openapi_test

import (
	"encoding/json/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
)

// withBody is a message whose body is a field, beside parameters.
type withBody struct {
	Path  string                   `path:"path"`
	Limit *int                     `query:"limit"`
	Body  codec.Optional[zoo.User] `body:"true"`
}

type tagged struct {
	Tag  string   `header:"ETag"`
	Body zoo.User `body:"true"`
}

// TestExample has the parts of messages that the examples of a route are spread over.
func TestExample(t *testing.T) {
	t.Parallel()
	five := 5
	d := openapi.New("x", "1", of[withBody, tagged]("PUT", "/{path}",
		httpx.Example("all", withBody{"a", &five, codec.Some(zoo.User{Name: "Ann"})}, tagged{"v1", zoo.User{Name: "Bob"}}),
		httpx.Example("few", withBody{Path: "b"}, tagged{})))
	require.NoError(t, d.Err())
	op := []string{"paths", "/{path}", "put"}
	for place, want := range map[string]string{
		"parameters 0 examples":                           `{"all":{"value":"a"},"few":{"value":"b"}}`,
		"parameters 1 examples":                           `{"all":{"value":5}}`,
		"requestBody content application/json examples":   `{"all":{"value":{"name":"Ann"}}}`,
		"responses 200 content application/json examples": `{"all":{"value":{"name":"Bob"}},"few":{"value":{"name":""}}}`,
		"responses 200 headers ETag examples":             `{"all":{"value":"v1"}}`,
	} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(want), &v))
		require.Equal(t, v, at(t, d.JSON(), append(op, strings.Fields(place)...)...), place)
	}
}

type oldMembers struct {
	A int `json:"a" deprecated:"true"`
	B int `json:"b" deprecated:"yes"`
}

func TestDeprecated(t *testing.T) {
	t.Parallel()
	d := openapi.New("x", "1", of[oldMembers, endpoint.Empty]("POST", "/x"))
	require.EqualError(t, d.Err(), `openapi_test.oldMembers: field B: tag deprecated "yes": want true`)
	doc := zoo.Document().JSON()
	require.Equal(t, true, at(t, doc, "paths", "/old", "post", "deprecated"))
	require.Equal(t, true, at(t, doc, "components", "schemas", "Animal", "properties", "serial", "deprecated"))
	parameters := at(t, doc, "paths", "/animals/{id}", "get", "parameters").([]any)
	require.Equal(t, true, parameters[len(parameters)-1].(map[string]any)["deprecated"])
	require.NotContains(t, parameters[len(parameters)-1].(map[string]any)["schema"], "deprecated")
}
