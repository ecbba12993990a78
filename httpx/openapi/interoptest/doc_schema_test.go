package interoptest

import (
	"bytes"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/shipping"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
	"go.yaml.in/yaml/v3"
)

type caller string

func (c caller) Principal() string { return string(c) }

var users = &auth.Bearer[caller]{Name: "users", Format: "JWT"}

// guarded has operations that require schemes of every kind.
type guarded struct {
	Any, All, Open endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (g *guarded) HTTP(r *httpx.Routes) {
	r.GET("/any", &g.Any, httpx.Requires(&auth.Basic[caller]{Name: "basic"}, &auth.APIKey[caller]{Name: "header", Header: "X-Key"},
		&auth.APIKey[caller]{Name: "query", Query: "key"}, &auth.APIKey[caller]{Name: "cookie", Cookie: "key"}))
	r.GET("/all", &g.All, httpx.Requires(auth.All(users.Scope("read", "write"), &auth.ClientCert[caller]{Name: "cert"})))
	r.GET("/open", &g.Open, httpx.Public())
}

// documents are those that are checked: of the zoo, of examples, and of a service whose
// operations require every scheme of package auth.
func documents() map[string]*openapi.Document {
	of := func(svc httpx.Service, opts ...openapi.Option) *openapi.Document {
		return openapi.New("example", "1.0", svc, opts...)
	}
	return map[string]*openapi.Document{
		"zoo":        zoo.Document(),
		"guarded":    of(new(guarded), openapi.Mounted(httpx.Requires(users))),
		"counter":    of(new(counter.Counter)),
		"profilesvc": of(new(profilesvc.Profiles)),
		"shipping":   of(new(shipping.Services)),
		"routing":    of(new(routing.Service)),
	}
}

// TestMetaSchemas checks the documents with the official schemas of both versions.
func TestMetaSchemas(t *testing.T) {
	t.Parallel()
	old, now := compile(t, datamodel.OpenAPI31SchemaData), compile(t, datamodel.OpenAPI32SchemaData)
	for name, d := range documents() {
		require.NoError(t, d.Err(), name)
		require.NoError(t, old.Validate(value(t, d.JSON())), name)
		require.NoError(t, now.Validate(value(t, d.JSON32())), name)
		require.Error(t, old.Validate(value(t, bytes.Replace(d.JSON(), []byte(`"version": "1.0"`), []byte(`"version": 7`), 1))), name)
		require.Error(t, now.Validate(value(t, bytes.Replace(d.JSON32(), []byte(`"version": "1.0"`), []byte(`"version": 7`), 1))), name)
	}
}

func compile(t *testing.T, schema string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("schema.json", value(t, []byte(schema))))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

func value(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return v
}

// TestYAML checks that the YAML of a document is the same as its JSON.
func TestYAML(t *testing.T) {
	t.Parallel()
	for name, d := range documents() {
		for _, pair := range [][2][]byte{{d.JSON(), d.YAML()}, {d.JSON32(), d.YAML32()}} {
			var fromJSON, fromYAML any
			require.NoError(t, yaml.Unmarshal(pair[0], &fromJSON))
			require.NoError(t, yaml.Unmarshal(pair[1], &fromYAML), name)
			require.Equal(t, fromJSON, fromYAML, name)
		}
	}
}

// TestSchemasCompile checks that each schema of a document is one of JSON Schema.
func TestSchemasCompile(t *testing.T) {
	t.Parallel()
	for name, d := range documents() {
		doc := value(t, d.JSON()).(map[string]any)
		c := jsonschema.NewCompiler()
		c.DefaultDraft(jsonschema.Draft2020)
		require.NoError(t, c.AddResource("doc.json", doc))
		for schema := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
			_, err := c.Compile("doc.json#/components/schemas/" + schema)
			require.NoError(t, err, name+" "+schema)
		}
	}
}
