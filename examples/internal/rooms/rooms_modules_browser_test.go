package rooms_test

import (
	"encoding/json/jsontext"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModules evaluates expressions with the page's own modules.
func TestModules(t *testing.T) {
	s := open(t, "/docs/", nil)
	s.Eval(t, `(async () => {
		const names = ["request", "place", "stream", "example", "schema", "spec", "dom"];
		globalThis.m = Object.assign({}, ...await Promise.all(names.map((name) => import("./" + name + ".js"))));
		globalThis.p = (where, style, explode) => ({name: "a b", in: where, parameter: JSON.parse(JSON.stringify({style, explode}))});
		globalThis.spec = (schemas) => new m.Spec({components: {schemas}}, location.href);
		globalThis.threw = (f) => { try { return f(); } catch (e) { return e.name; } };
		globalThis.lines = (...parts) => { const l = new m.Lines(); return [...parts.flatMap((part) => l.push(part)), ...l.end()]; };
		globalThis.events = (text) => { const e = new m.Events(); return text.split("\n").map((line) => e.line(line)).filter(Boolean); };
	})()`, nil)
	for _, tt := range []struct{ name, expression, want string }{
		{"form", `m.inQuery(p("query"), ["1", "&"])`, `["a%20b=1","a%20b=%26"]`},
		{"form of an object", `m.inQuery(p("query"), {x: 1, y: [2]})`, `["x=1","y=%5B2%5D"]`},
		{"form, one value", `m.inQuery(p("query", "form", false), ["1", ","])`, `["a%20b=1,%2C"]`},
		{"form of an object, one value", `m.inQuery(p("query", "form", false), {x: 1, y: 2})`, `["a%20b=x,1,y,2"]`},
		{"spaces", `m.inQuery(p("query", "spaceDelimited", false), ["1", "2"])`, `["a%20b=1%202"]`},
		{"pipes", `m.inQuery(p("query", "pipeDelimited", false), ["1", "2"])`, `["a%20b=1%7C2"]`},
		{"deep object", `m.inQuery(p("query", "deepObject", true), {x: 1})`, `["a%20b%5Bx%5D=1"]`},
		{"query string", `m.inQuery(p("querystring"), "?a=1&b=#")`, `["a=1&b=%23"]`},
		{"simple", `m.inPath(p("path"), ["/", "2"])`, `"%2F,2"`},
		{"simple, exploded", `m.inPath(p("path", "simple", true), {x: 1, y: 2})`, `"x=1,y=2"`},
		{"label", `m.inPath(p("path", "label", true), ["1", "2"])`, `".1.2"`},
		{"matrix", `[m.inPath(p("path", "matrix"), ["1", "2"]), m.inPath(p("path", "matrix", true), ["1", "2"])]`, `[";a%20b=1,2",";a%20b=1;a%20b=2"]`},
		{"header", `m.inHeader(p("header"), ["1", "2"])`, `"1,2"`},
		{"entered", `[m.entered("array", "a\n\nb"), m.entered("object", '{"__proto__": 1}'), threw(() => m.entered("object", "[]")), m.entered("", " x")]`, `[["a","b"],{"__proto__":1},"SyntaxError"," x"]`},
		{"path", `[m.pathOf("/a/{b}/{c...}", new Map([["b", "$&"], ["c", "d"]]), new Map())]`, `["/a/$&/d"]`},
		{"path that is another", `(() => { const f = new Map(); for (const v of ["", ".", "..", "%2e%2E"]) m.pathOf("/{b}", new Map([["b", v]]), f.set("n", (f.get("n") ?? 0) + f.delete("path:b"))); return f.get("n") + f.has("path:b"); })()`, `4`},
		{
			"url", `[["http://a", "/b?c"], ["http://a/x", "@evil/"], ["http://a", ".evil/"], ["http://a", ":99/"], ["", "/"], ["http://a", "/b#c"]].map(([s, path]) => threw(() => m.urlOf(s, path, [])))`,
			`["http://a/b?c","TypeError","TypeError","TypeError","TypeError","TypeError"]`,
		},
		{"servers", `m.serversOf(new m.Spec({servers: [{url: "/v1/"}, {url: "{s}://h", variables: {s: {default: "https"}}}, {url: "javascript:1"}, {url: "http://u@h"}]}, "http://d/x/doc.json"), {operation: {}, item: {}})`, `["http://d/v1","https://h"]`},
		{"no servers", `m.serversOf(new m.Spec({}, "http://d/x/doc.json"), {operation: {}, item: {}})`, `["http://d/x"]`},
		{
			"the server /", `[{}, {"/a": {}}, {"/x/a": {}, "/a": {}}, {"/x/a": {}, "/x/b": {}}, {"/xa": {}}]
			.map((paths) => m.serversOf(new m.Spec({servers: [{url: "/"}], paths}, "http://d/x/doc.json"), {operation: {}, item: {}})[0])`,
			`["http://d/x","http://d/x","http://d/x","http://d","http://d/x"]`,
		},
		{
			"curl", `m.curlOf({method: "POST", url: "http://a/b", headers: [["A", "it's"], ["B", ""]], secrets: ["-u", "x"], body: "'$(rm)"})`,
			`"curl -X POST 'http://a/b' -H 'A: it'\\''s' -H 'B;' -u x --data-raw ''\\''$(rm)'"`,
		},
		{"curl, an odd method", `m.curlOf({method: "a;b", url: "u", headers: [], secrets: []})`, `"curl -X 'a;b' 'u'"`},

		{"place", `m.placeOf('{"a": [1, {"b/": "x"}],\n "c": 5}', "/a/1/b~1")`, `{"start":17,"end":20,"line":1}`},
		{"place on another line", `m.placeOf('{"a": [[], {}],\n "c": 5}', "/c")`, `{"start":22,"end":23,"line":2}`},
		{"place of all", `m.placeOf(" [1]", "")`, `{"start":1,"end":4,"line":1}`},
		{"no place", `["/b", "/a/0", "/a/b"].map((at) => m.placeOf('{"a": []}', at))`, `[null,null,null]`},
		{"place in a text that is not JSON", `m.placeOf("[".repeat(1e5), "/0/0")`, `null`},

		{"lines", `lines("a\r", "\nb\n", "", "c\rd", "\r")`, `["a","b","c","d"]`},
		{"line without its end", `lines("a\nb")`, `["a","b"]`},
		{"line that is too long", `threw(() => lines("x".repeat(2 ** 20), "x"))`, `"RangeError"`},
		{
			"events", `events(":\nid: 7\nevent: e\ndata: a\ndata:b\nretry: 3\n\ndata\n\n\nevent: end\n\ndata: cut")`,
			`[{"name":"e","id":"7","data":"a\nb"},{"name":"","id":"7","data":""},{"name":"end","id":"7","data":""}]`,
		},
		{"event that is too long", `threw(() => { const e = new m.Events(); for (;;) e.line("data: " + "x".repeat(1000)); })`, `"RangeError"`},
		{"many items", `(() => { const i = new m.Items(0, () => {}); for (let n = 0; n < 1e5; n++) { i.add({name: "", id: "", data: "x"}); if (n % 300 === 0) i.flush(); } i.flush(); return [i.count, i.list.childElementCount]; })()`, `[100000,500]`},
		{"media of streams", `["text/event-stream", "application/x-ndjson", "application/json", "text/plain"].map(m.isStream)`, `[true,true,false,false]`},

		{
			"example", `m.exampleOf(spec({}), {properties: {a: {type: "string", minLength: 6}, b: {type: ["null", "integer"], exclusiveMinimum: 4}, c: {type: "number", maximum: -3}, d: {type: "integer", multipleOf: 5, minimum: 11},
			e: {format: "uuid", type: "string"}, f: {type: "array", minItems: 2, items: {type: "boolean"}}, g: {readOnly: true}, h: {enum: ["x"]}, i: {const: null}, j: {type: "string", maxLength: 2}, k: {type: "object", additionalProperties: {type: "number"}}}})`,
			`{"a":"texttt","b":5,"c":-3,"d":15,"e":"3fa85f64-5717-4562-b3fc-2c963f66afa6","f":[true,true],"h":"x","i":null,"j":"te","k":{"name":0.5}}`,
		},
		{"example of a circle", `m.exampleOf(spec({a: {type: "object", properties: {n: {type: "integer"}, next: {$ref: "#/components/schemas/a"}, all: {type: "array", items: {$ref: "#/components/schemas/a"}}}}}), {$ref: "#/components/schemas/a"})`, `{"n":1,"all":[]}`},
		{"example of all and one", `m.exampleOf(spec({}), {allOf: [{properties: {a: {const: 1}}}, {oneOf: [{properties: {b: {const: 2}}}, {}]}], properties: {c: {const: 3}}})`, `{"c":3,"a":1,"b":2}`},
		{"example with odd names", `Object.keys(m.exampleOf(spec({}), JSON.parse('{"properties": {"__proto__": {"const": 1}, "constructor": {"const": 2}}}')))`, `["__proto__","constructor"]`},

		{"types", `[{type: "string", format: "date"}, {type: ["array", "null"], items: {$ref: "#/components/schemas/A~1b"}}, {oneOf: [{type: "string"}, {const: 1}]}, {type: "object", additionalProperties: {type: "integer"}}, true, {$ref: "#/components/nothing"}, 7]
			.map((x) => m.typeOf(spec({"A/b": {}}), x))`, `["string (date)","array of A/b | null","string | 1","map of integer","any","#/components/nothing (not found)","malformed"]`},
		{
			"rules", `m.rulesOf({minLength: 1, maxLength: 1, minItems: 2, minimum: 0, exclusiveMaximum: 9, multipleOf: 3, uniqueItems: true, pattern: "^a", additionalProperties: false, maxProperties: "x"})`,
			`["1 character","at least 2 items","≥ 0","< 9","multiple of 3","no item twice","matches ^a","no other members"]`,
		},
		{
			"references", `[{$ref: "#/components/schemas/a"}, {$ref: "#/components/schemas/c%20d", title: "t"}, {$ref: "other.json#/x"}, {$ref: "#/%zz"}]
			.map((x) => spec({a: {$ref: "#/components/schemas/a"}, "c d": {title: "s", type: "x"}}).resolve(x)).map(({value, broken}) => [Object.entries(value), broken])`,
			`[[[],"#/components/schemas/a"],[[["title","t"],["type","x"]],""],[[],"other.json#/x"],[[],"#/%zz"]]`,
		},
		{
			"reference to an odd name", `(({value}) => [Object.keys(value), m.own(value, "type") ?? null, value.type ?? null])(spec({a: JSON.parse('{"__proto__": {"type": "x"}}')}).resolve({$ref: "#/components/schemas/a"}))`,
			`[["__proto__"],null,null]`,
		},
		{"links", `["https://a/", "javascript:1", "data:text/html,x", "mailto:a@b", "/x", "java\nscript:1"].map((u) => m.link(u, "l").href ?? "")`, `["https://a/","","","mailto:a@b","` + s.url + `/x",""]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got jsontext.Value
			s.Eval(t, tt.expression, &got)
			want := jsontext.Value(tt.want)
			require.NoError(t, got.Canonicalize())
			require.NoError(t, want.Canonicalize())
			require.Equal(t, string(want), string(got))
		})
	}
	s.quiet(t)
}
