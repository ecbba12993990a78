package rooms_test

import (
	"encoding/json/v2"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type object = map[string]any

const script = `<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">`

// hostile returns a document that attacks its reader, and is large: 10,000 operations, 5 MB.
func hostile(t *testing.T) []byte {
	t.Helper()
	bad := object{
		"operationId": "bad", "summary": script, "description": script + "\n\n`" + script + "`", "tags": []any{"__proto__", script},
		"externalDocs": object{"url": "javascript:window.hacked=3", "description": "docs"},
		"parameters": []any{
			object{"name": "__proto__", "in": "query", "required": true, "schema": object{"$ref": "#/components/schemas/a"}},
			object{"name": "constructor", "in": "header", "schema": object{"type": "string", "enum": []any{script, "x"}}},
			object{"name": script, "in": "query", "schema": object{"$ref": "#/components/schemas/b"}},
			object{"$ref": "#/components/parameters/loop"},
			7, nil, "text",
			[]any{},
		},
		"requestBody": object{"content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/deep"}}, script: object{"schema": true}}},
		"responses": object{
			"200":            object{"description": script, "headers": object{script: object{"schema": object{"type": script}}}, "content": object{"text/html": object{"schema": object{"$ref": "https://evil.example/x"}, "examples": object{"toString": object{"externalValue": "javascript:window.hacked=4"}}}}},
			"400":            object{"content": object{"application/problem+json": object{"examples": object{script: object{"value": object{"code": script, "detail": script, "status": object{}}}}}}},
			"hasOwnProperty": 5,
		},
		"security": []any{object{"__proto__": []any{}}, object{"odd": []any{}}},
	}
	paths := object{"/{" + script + "}": object{"get": bad, "post": bad, "additionalOperations": object{script: bad}, "parameters": "none"}, "//evil.example/x": object{"get": object{"operationId": "elsewhere"}}, "/pr": object{"$ref": "#/paths/~1pr"}}
	filler := strings.Repeat("lorem ipsum ", 40)
	for i := range 10000 {
		paths[fmt.Sprintf("/things/%d", i)] = object{"get": object{"operationId": fmt.Sprint("thing", i), "summary": fmt.Sprint("Thing ", i), "description": filler}}
	}
	wide := object{}
	for i := range 5000 {
		wide[fmt.Sprint("member", i)] = object{"$ref": "#/components/schemas/wide"}
	}
	many := make([]any, 10)
	for i := range many {
		many[i] = object{"$ref": "#/components/schemas/deep"}
	}
	text, err := json.Marshal(object{
		"openapi": "3.2.0", "info": object{"title": script, "version": script, "description": script, "termsOfService": "javascript:window.hacked=5", "contact": object{"url": "data:text/html," + script, "name": "me"}},
		"servers": []any{object{"url": "javascript:window.hacked=6"}, object{"url": "https://evil.example"}, object{"url": "http://user:pw@127.0.0.1"}, object{"url": "{constructor}"}},
		"paths":   paths,
		"tags":    []any{object{"name": "__proto__", "description": script}, 3},
		"components": object{
			"parameters": object{"loop": object{"$ref": "#/components/parameters/loop"}},
			"schemas": object{
				"a": object{"$ref": "#/components/schemas/b"}, "b": object{"$ref": "#/components/schemas/a"}, "wide": object{"properties": wide},
				"deep": object{"oneOf": many, "anyOf": many, "allOf": many, "properties": object{"__proto__": object{"type": "string", "default": script}, "wide": object{"$ref": "#/components/schemas/wide"}, "deep": object{"type": "array", "minItems": 1e9, "items": object{"$ref": "#/components/schemas/deep"}}, "text": object{"type": "string", "minLength": 1e12}}},
			},
			"securitySchemes": object{"odd": object{"type": "http", "scheme": "constructor"}, "__proto__": object{"type": "apiKey", "in": "header", "name": "X\r\nY"}},
		},
	})
	require.NoError(t, err)
	require.Greater(t, len(text), 5_000_000)
	return text
}

// TestHostile requires that a document neither runs anything nor holds up the page.
func TestHostile(t *testing.T) {
	s := open(t, "/docs-hostile.json/", map[string][]byte{"hostile.json": hostile(t)})
	require.Contains(t, s.text(t, "#title"), "<script>")
	require.Contains(t, s.text(t, "#found"), "10004 operations")
	var took float64
	s.Eval(t, `performance.now()`, &took)
	require.Less(t, took, 20_000.0, "milliseconds until the page shows the document")

	check := func() {
		t.Helper()
		var seen struct {
			Hacked   bool     `json:"hacked"`
			Polluted bool     `json:"polluted"`
			Nodes    int      `json:"nodes"`
			Scripts  int      `json:"scripts"`
			Links    []string `json:"links"`
		}
		s.Eval(t, `({hacked: "hacked" in window, polluted: Object.keys(Object.prototype).length > 0 || ({}).type !== undefined,
			nodes: document.querySelectorAll("*").length, scripts: document.querySelectorAll("script, img, iframe, object, embed").length,
			links: [...document.querySelectorAll("a")].map((a) => a.protocol).filter((p) => p !== "http:")})`, &seen)
		require.False(t, seen.Hacked)
		require.False(t, seen.Polluted)
		require.Equal(t, 1, seen.Scripts, "only the page's own script")
		require.Less(t, seen.Nodes, 20_000)
		require.Empty(t, seen.Links)
	}
	check()
	for _, key := range []string{"bad", "bad%202", "bad%203"} {
		s.Eval(t, fmt.Sprintf(`location.hash = "#%s"`, key), nil)
		s.Until(t, `document.querySelector("article.operation") && decodeURIComponent(location.hash.slice(1)).startsWith("bad")`)
		s.Eval(t, `document.querySelectorAll("details").forEach((d) => { d.open = true; })`, nil)
		s.Eval(t, `new Promise((later) => requestAnimationFrame(() => requestAnimationFrame(later))).then(() => 1)`, nil)
		s.send(t)
		s.Until(t, `!document.querySelector(".try .primary").disabled`)
		check()
	}
	s.Eval(t, `location.hash = "#elsewhere"`, nil)
	s.Until(t, `document.querySelector("main h2").innerText.includes("evil.example")`)
	s.Until(t, `document.querySelector(".curl code").innerText === "curl 'https://evil.example//evil.example/x'"`)
	s.send(t)
	s.answered(t, "failed")
	s.Until(t, `document.querySelectorAll("#list a").length === 200`)
	s.Eval(t, `document.querySelector("#list .more").click()`, nil)
	s.Until(t, `document.querySelectorAll("#list a").length === 400 && document.activeElement === document.querySelectorAll("#list a")[200]`)
	s.Eval(t, `(() => { const f = document.getElementById("filter"); f.value = "thing 9999"; f.dispatchEvent(new Event("input")); })()`, nil)
	s.Until(t, `document.getElementById("found").innerText === "1 of 10004 operations"`)
	check()
	for _, f := range s.Faults() {
		require.Contains(t, f, "https://evil.example", "the policy stops the request to another host, and there is no other fault")
	}
}

// TestUnreadable has documents that are none.
func TestUnreadable(t *testing.T) {
	s := open(t, "/docs-old.json/", map[string][]byte{"old.json": []byte(`{"swagger": "2.0"}`), "broken.json": []byte(`{"openapi": `), "list.json": []byte(`[]`)})
	for name, want := range map[string]string{"old": "not of OpenAPI 3.1 or 3.2", "broken": "JSON", "list": "not of OpenAPI 3.1 or 3.2"} {
		s.Go(t, s.url+"/docs-"+name+".json/")
		s.Until(t, fmt.Sprintf(`document.querySelector("main .bad").innerText.includes(%q)`, want))
	}
	s.Go(t, s.url+"/docs-old.json/")
	s.Until(t, `[...document.querySelectorAll("main button")].some((b) => b.innerText === "Try again")`)
	s.quiet(t)
}
