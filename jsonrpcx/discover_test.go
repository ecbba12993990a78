package jsonrpcx_test

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/jsonrpcx"
)

const askDiscover = `{"jsonrpc":"2.0","method":"rpc.discover","id":1}`

var errFull = endpoint.Define(endpoint.ResourceExhausted, "shelf", "FULL", "the shelf is full")

// book is a component of the document.
type book struct {
	Title string   `json:"title" required:"true" minLength:"1" doc:"as on the cover"`
	Like  []*book  `json:"like,omitzero"`
	Shelf codeType `json:"shelf" required:"true" doc:"where it is"`
}

type codeType string

func (codeType) Values() []string { return []string{"a", "b"} }

type putRequest struct {
	Book  book `json:"book" required:"true" doc:"the new one"`
	Place int  `json:"place" minimum:"0" default:"1" example:"2"`
}

type shelf struct {
	Put   endpoint.Endpoint[putRequest, book]
	Names endpoint.Endpoint[[]string, map[string]book]
	Count endpoint.Endpoint[endpoint.Empty, int]
	Find  endpoint.Endpoint[string, *book]
	Pick  endpoint.Endpoint[map[string]int, endpoint.Empty]
	Note  endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (s *shelf) JSONRPC(m *jsonrpcx.Methods) {
	m.Method("put", &s.Put, jsonrpcx.ErrorCode(errFull, 7), jsonrpcx.Partial())
	m.Method("names", &s.Names, jsonrpcx.Partial(), jsonrpcx.AllowUnknown())
	m.Method("count", &s.Count, jsonrpcx.Partial())
	m.Method("find", &s.Find, jsonrpcx.Partial())
	m.Method("pick", &s.Pick, jsonrpcx.Partial())
	m.Method("note", &s.Note, jsonrpcx.Notification(), jsonrpcx.Partial())
}

func (s *shelf) Describe(f *endpoint.Facts) {
	f.Of(&s.Put, endpoint.Doc("adds a book"), endpoint.Fails(errFull))
}

// resultOf returns the result of a response object.
func resultOf(t *testing.T, body string) jsontext.Value {
	t.Helper()
	var m struct {
		Result jsontext.Value
	}
	require.NoError(t, json.Unmarshal([]byte(body), &m, json.MatchCaseInsensitiveNames(true)))
	require.NotEmpty(t, m.Result, body)
	return m.Result
}

// TestDiscover compares the document of a service with every form of params.
func TestDiscover(t *testing.T) {
	t.Parallel()
	body := ask(t, jsonrpcx.Handler(new(shelf), jsonrpcx.Info("The shelf", "2.1")), askDiscover)
	for range 3 {
		require.Equal(t, body, ask(t, jsonrpcx.Handler(new(shelf), jsonrpcx.Info("The shelf", "2.1")), askDiscover))
	}
	invalid := `{"code":-32602,"message":"invalid request","data":{"code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST"}}`
	tags := `"tags":[{"name":"shelf"}]`
	result := func(schema string) string {
		return `"result":{"name":"result","required":true,"schema":` + schema + `}`
	}
	require.JSONEq(t, `{"openrpc":"1.3.2","info":{"title":"The shelf","version":"2.1"},"methods":[
		{"name":"put",`+tags+`,"summary":"adds a book","paramStructure":"either","params":[
			{"name":"book","required":true,"description":"the new one","schema":{"$ref":"#/components/schemas/BookInput"}},
			{"name":"place","required":false,"schema":{"type":"integer","format":"int64","minimum":0,"default":1,"examples":[2]}}
		],`+result(`{"$ref":"#/components/schemas/Book"}`)+`,"errors":[
			{"code":7,"message":"the shelf is full","data":{"code":"RESOURCE_EXHAUSTED","domain":"shelf","reason":"FULL"}},`+invalid+`]},
		{"name":"names",`+tags+`,"paramStructure":"by-position","params":[],"x-params":{"type":"array","items":{"type":"string"}},
			`+result(`{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Book"}}`)+`,"errors":[`+invalid+`]},
		{"name":"count",`+tags+`,"paramStructure":"either","params":[],`+result(`{"type":"integer","format":"int64"}`)+`},
		{"name":"find",`+tags+`,"paramStructure":"by-position","params":[{"name":"value","required":true,"schema":{"type":"string"}}],
			`+result(`{"anyOf":[{"$ref":"#/components/schemas/Book"},{"type":"null"}]}`)+`,"errors":[`+invalid+`]},
		{"name":"pick",`+tags+`,"paramStructure":"by-name","params":[],"x-params":{"type":"object","additionalProperties":{"type":"integer","format":"int64"}},
			`+result(`{"$ref":"#/components/schemas/Empty"}`)+`,"errors":[`+invalid+`]},
		{"name":"note",`+tags+`,"paramStructure":"either","params":[]}
	],"components":{"schemas":{
		"Book":{"type":"object","properties":{
			"title":{"type":"string","minLength":1,"description":"as on the cover"},
			"like":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/Book"},{"type":"null"}]}},
			"shelf":{"allOf":[{"$ref":"#/components/schemas/CodeType"}],"description":"where it is"}},"required":["title","shelf"]},
		"BookInput":{"type":"object","properties":{
			"title":{"type":"string","minLength":1,"description":"as on the cover"},
			"like":{"type":"array","items":{"anyOf":[{"$ref":"#/components/schemas/BookInput"},{"type":"null"}]}},
			"shelf":{"allOf":[{"$ref":"#/components/schemas/CodeType"}],"description":"where it is"}},"required":["title","shelf"],"additionalProperties":false},
		"CodeType":{"type":"string","enum":["a","b"]},
		"Empty":{"type":"object"}
	}}}`, string(resultOf(t, body)))
}

// TestDiscoverInfo has what a document says without an option.
func TestDiscoverInfo(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]string{
		`{"title":"shelf","version":"0.0.0"}`: ask(t, jsonrpcx.Handler(new(shelf)), askDiscover),
		`{"title":"books","version":"0.0.0"}`: ask(t, jsonrpcx.Handler(new(shelf), jsonrpcx.Named("books")), askDiscover),
	} {
		var doc struct {
			Info jsontext.Value `json:"info"`
		}
		require.NoError(t, json.Unmarshal(resultOf(t, h), &doc))
		require.Equal(t, want, string(doc.Info))
	}
	require.Panics(t, func() { jsonrpcx.Handler(new(shelf), jsonrpcx.Info("", "1")) })
}

// TestDiscoverCalls has the calls of rpc.discover that are not plain ones.
func TestDiscoverCalls(t *testing.T) {
	t.Parallel()
	var seen []string
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		seen = append(seen, op.Service+"."+op.Name+" "+op.Method)
		return ctx, nil, nil
	})
	h := jsonrpcx.Handler(new(shelf), jsonrpcx.Use(layer), jsonrpcx.BatchConcurrency(1))
	for params, ok := range map[string]bool{`[]`: true, `{}`: true, `[1]`: false, `{"a":1}`: false} {
		body := ask(t, h, `{"jsonrpc":"2.0","method":"rpc.discover","params":`+params+`,"id":1}`)
		if !ok {
			require.Contains(t, body, `"code":-32602`, params)
			continue
		}
		require.Contains(t, body, `"openrpc":"1.3.2"`, params)
	}
	require.Empty(t, ask(t, h, `{"jsonrpc":"2.0","method":"rpc.discover"}`), "a notification")
	require.Contains(t, ask(t, h, `[`+askDiscover+`]`), `[{"jsonrpc":"2.0","result":{"openrpc":"1.3.2"`)
	require.Len(t, seen, 6)
	require.Equal(t, "jsonrpcx.Discover rpc.discover", seen[0])

	small := jsonrpcx.Handler(new(shelf), jsonrpcx.MaxBatchReply(100))
	require.Contains(t, ask(t, small, `[`+askDiscover+`]`), `"reason":"BATCH_REPLY_TOO_LARGE"`)
}

func TestNoDiscover(t *testing.T) {
	t.Parallel()
	require.Contains(t, ask(t, jsonrpcx.Handler(new(shelf), jsonrpcx.NoDiscover()), askDiscover), `"code":-32601`)
}

// TestDiscoverRequires has a service whose document is not for everybody.
func TestDiscoverRequires(t *testing.T) {
	t.Parallel()
	verify := someones.Verify(func(_ context.Context, token string) (someone, []string, error) {
		return someone(token), []string{"books"}, nil
	})
	h := jsonrpcx.Handler(new(shelf), jsonrpcx.Requires(someones.Scope("books")), jsonrpcx.Use(verify))
	require.Contains(t, post(h, askDiscover).Body.String(), `"reason":"UNAUTHENTICATED"`)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(askDiscover))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer ann")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Contains(t, w.Body.String(), `"openrpc":"1.3.2"`)
	require.Contains(t, w.Body.String(), `{"code":-32016,"message":"valid credentials are required"`)
	require.Contains(t, w.Body.String(), `{"code":-32007,"message":"a scope is missing"`)
}

type wrongExample struct {
	N int `json:"n" example:"many"`
}

// TestDiscoverFaults has a service whose types have wrong tags for documents.
func TestDiscoverFaults(t *testing.T) {
	t.Parallel()
	describe := func(s *single[wrongExample, int], m *jsonrpcx.Methods) { m.Method("do", &s.Do, jsonrpcx.Partial()) }
	fault := "jsonrpcx: the document of rpc.discover, which the option NoDiscover leaves out: jsonrpcx_test.wrongExample: field N: tag example \"many\": must be an integer"
	require.PanicsWithValue(t, fault, func() { handle(single[wrongExample, int]{}, describe) })
	handle(single[wrongExample, int]{}, describe, jsonrpcx.NoDiscover())
}
