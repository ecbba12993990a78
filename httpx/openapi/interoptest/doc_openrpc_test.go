package interoptest

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// keepers has methods with every form of params, of the types of the zoo.
type keepers struct {
	Add   endpoint.Endpoint[zoo.Animal, zoo.Tree]
	Tree  endpoint.Endpoint[zoo.Tree, zoo.Page[zoo.User]]
	Names endpoint.Endpoint[[]string, map[string]*zoo.Open]
	Count endpoint.Endpoint[endpoint.Empty, int]
	Kind  endpoint.Endpoint[zoo.Kind, *zoo.Kind]
	Ages  endpoint.Endpoint[map[string]int, endpoint.Empty]
	Price endpoint.Endpoint[zoo.Money, endpoint.Empty]
}

func (k *keepers) JSONRPC(m *jsonrpcx.Methods) {
	m = m.Under("zoo.", jsonrpcx.Partial())
	m.Method("add", &k.Add, jsonrpcx.Fails(zoo.ErrAsleep, zoo.ErrForbidden))
	m.Method("tree", &k.Tree, jsonrpcx.AllowUnknown(), jsonrpcx.ErrorCode(zoo.ErrAsleep, 3))
	m.Method("names", &k.Names)
	m.Method("count", &k.Count)
	m.Method("kind", &k.Kind)
	m.Method("ages", &k.Ages, jsonrpcx.Notification())
	m.Method("price", &k.Price)
}

// TestOpenRPC checks a document of jsonrpcx with the official schema of OpenRPC 1.3, which is
// spec/1.3/schema.json of github.com/open-rpc/spec (Apache License 2.0).
func TestOpenRPC(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/openrpc-1.3.json")
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	official := value(t, text).(map[string]any)
	const draft7 = "http://json-schema.org/draft-07/schema#"
	official["$schema"] = draft7 // in place of one for tools, which is the same with titles
	require.NoError(t, c.AddResource("https://meta.open-rpc.org/", official))
	for _, id := range []string{"https://meta.json-schema.tools", "https://meta.json-schema.tools/"} {
		require.NoError(t, c.AddResource(id, map[string]any{
			"allOf":       []any{map[string]any{"$ref": draft7}},
			"definitions": map[string]any{"JSONSchemaObject": map[string]any{"properties": map[string]any{"$ref": map[string]any{"type": "string"}}}},
		}))
	}
	s, err := c.Compile("https://meta.open-rpc.org/")
	require.NoError(t, err)
	doc := openRPC(t)
	require.NoError(t, s.Validate(value(t, doc)))
	for _, name := range []string{`"paramStructure":"either"`, `"required":true`, `"version":"0.0.0"`, `"type":"integer"`} {
		require.Error(t, s.Validate(value(t, bytes.Replace(doc, []byte(name), []byte(strings.SplitAfter(name, ":")[0]+`[7]`), 1))), name)
	}
	schemas := value(t, doc).(map[string]any)
	require.NoError(t, c.AddResource("doc.json", schemas))
	for name := range schemas["components"].(map[string]any)["schemas"].(map[string]any) {
		_, err := c.Compile("doc.json#/components/schemas/" + name)
		require.NoError(t, err, name)
	}
}

// openRPC asks a service for its document.
func openRPC(t *testing.T) []byte {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"jsonrpc":"2.0","method":"rpc.discover","id":1}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	jsonrpcx.Handler(new(keepers)).ServeHTTP(w, r)
	var reply struct {
		Result jsontext.Value `json:"result"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply, json.RejectUnknownMembers(false)))
	return reply.Result
}
