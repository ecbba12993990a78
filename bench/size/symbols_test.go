package main

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	requestShape  = `go.shape.struct { ID string "json:\"id\""; Name0042 string "json:\"name_0042\""; Tags []string }`
	responseShape = `go.shape.struct { ID string "json:\"id\""; Total0042 int64 "json:\"total_0042\"" }`
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for symbol, want := range map[string]string{
		"net/http.(*Server).Serve.func2": "net/http.(*Server).Serve.func2",
		"main.handle0042":                "main.handleN",
		"main.newService.func42":         "main.newService.func#",
		"main.newService.func42.1":       "main.newService.func#.1",
		"main..stmp_17":                  "main..stmp_#",
		"main..typeAssert.17":            "main..typeAssert.#",
		"github.com/typedkit/endpoint.race[" + responseShape + "].func2": "github.com/typedkit/endpoint.race[go.shape.Response].func2",
		"httpx.call[" + requestShape + "," + responseShape + "]":         "httpx.call[go.shape.Request,go.shape.Response]",
		"type:.namedata.*struct { F uintptr; X0 " + requestShape + " }-": "type:.namedata.*struct { F uintptr; X0 go.shape.Request }-",
		"x[go.shape.struct { Body " + requestShape + " }]":               "x[go.shape.struct { Body go.shape.Request }]",
		"x[go.shape.struct { A int },main.Request0042]":                  "x[go.shape.struct { A int },main.RequestN]",
		"x[go.shape.struct { A int":                                      "x[go.shape.struct { A int",
	} {
		if got := normalize(symbol); got != want {
			t.Errorf("normalize(%q)\n%q, want\n%q", symbol, got, want)
		}
	}
}

func TestTypeName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		symbol, want string
		ok           bool
	}{
		{"type:main.Request0042", "*main.Request0042", true},
		{"type:*main.Request0042", "*main.Request0042", true},
		{"type:github.com/typedkit/endpoint/httpx.messages[main.Request0042]", "*httpx.messages[main.Request0042]", true},
		{"type:noalg.*struct { F uintptr; X0 *github.com/typedkit/endpoint/httpx.route }", "*struct { F uintptr; X0 *httpx.route }", true},
		{"type:.namedata.*main.Request0042.", "*main.Request0042", true},
		{"type:.namedata.*httpx.call[main.Request0042]-", "*httpx.call[main.Request0042]", true},
		{"type:.eq.SSI", "", false},
		{"main.handle0042", "", false},
	} {
		if got, ok := typeName(tt.symbol); ok != tt.ok || ok && got != tt.want {
			t.Errorf("typeName(%q) = %q, %v; want %q, %v", tt.symbol, got, ok, tt.want, tt.ok)
		}
	}
}

func TestAddTypes(t *testing.T) {
	t.Parallel()
	const nm = "" +
		"  1000     216 R type:main.Request0001\n" +
		"  2000     216 R type:main.Request0002\n" +
		"  3000     100 R type:main.Dropped0001\n" +
		"  4000      50 T main.main\n" +
		"               U type:string\n"
	l := &listing{entries: map[string]*entry{}}
	if err := l.addTypes(nm, []byte("\x00\x12*main.Request0001\x00\x12*main.Request0002")); err != nil {
		t.Fatal(err)
	}
	if e := l.at("type:main.RequestN"); len(l.entries) != 1 || e.data != 432 || e.count != 2 {
		t.Errorf("there are %d entries, and %+v", len(l.entries), e)
	}
	if err := l.addTypes("  1000  many R type:main.Request0001\n", []byte("*main.Request0001")); err == nil {
		t.Error("a size that is no number is no error")
	}
}

func TestCutNames(t *testing.T) {
	t.Parallel()
	table := append(make([]byte, 48), "main.main\x00other\x00more"...)
	binary.LittleEndian.PutUint64(table[32:], 48)
	binary.LittleEndian.PutUint64(table[40:], 48+16)
	names, err := cutNames(table, binary.LittleEndian)
	if err != nil || !slices.Equal(names, []string{"main.main", "other"}) {
		t.Errorf("the names are %q, %v", names, err)
	}
	binary.LittleEndian.PutUint64(table[40:], 1000)
	if _, err := cutNames(table, binary.LittleEndian); err == nil {
		t.Error("names beyond the table are no error")
	}
}

func TestPerEndpoint(t *testing.T) {
	t.Parallel()
	one := &listing{
		entries: map[string]*entry{
			"main.callN": {"main.callN", 1, 100, 20, 0},
			"shared":     {"shared", 1, 1000, 7, 0},
		},
		sections: map[string]float64{".text": 1100, ".data": 64},
	}
	many := &listing{
		entries: map[string]*entry{
			"main.callN": {"main.callN", 11, 1100, 220, 0},
			"shared":     {"shared", 1, 1000, 7, 0},
			"type:N":     {"type:N", 10, 0, 0, 3000},
		},
		sections: map[string]float64{".text": 2100, ".data": 64, ".go.type": 3000},
	}
	entries, sections := perEndpoint(one, many, 10)
	want := []entry{{"type:N", 1, 0, 0, 300}, {"main.callN", 1, 100, 20, 0}}
	if !slices.Equal(entries, want) {
		t.Errorf("the entries are %v, want %v", entries, want)
	}
	if sections[".text"] != 100 || sections[".go.type"] != 300 || sections[".data"] != 0 {
		t.Errorf("the sections are %v", sections)
	}
	const text = "" +
		"   bytes     code     name     data  symbols  of one more endpoint\n" +
		"     300        0        0      300        1  type:N\n" +
		"     120      100       20        0        1  (1 others)\n" +
		"     420      100       20      300        2  (all)\n" +
		"\n" +
		"sections of the file, in which the tables of lines and of stacks are as well:\n" +
		"     300  .go.type\n" +
		"     100  .text\n"
	if got := listed(entries, sections, 1); got != text {
		t.Errorf("it prints\n%s\nwant\n%s", got, text)
	}
}

// TestList lists the symbols of real binaries: most of what they differ by has a name.
func TestList(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs ELF binaries")
	}
	w := testWorkshop(t)
	p, err := w.pair(t.Context(), variantChain, 3)
	if err != nil {
		t.Fatal(err)
	}
	one, err := w.list(t.Context(), p.one)
	if err != nil {
		t.Fatal(err)
	}
	many, err := w.list(t.Context(), p.many)
	if err != nil {
		t.Fatal(err)
	}
	entries, sections := perEndpoint(one, many, 2)
	named, file := 0.0, 0.0
	for _, e := range entries {
		named += e.bytes()
		if strings.Contains(e.symbol, "0002") {
			t.Errorf("%s is not normalized", e.symbol)
		}
	}
	for _, size := range sections {
		file += size
	}
	if named < 0.5*file || named > 1.2*file {
		t.Errorf("symbols have %.0f of %.0f bytes", named, file)
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.symbol == "main.handleN" })
	if i < 0 {
		t.Fatal("the handlers are not listed")
	}
	if e := entries[i]; e.count != 1 || e.code == 0 || e.name != float64(len("main.handle0001")+1) {
		t.Errorf("a handler is listed as %+v", e)
	}
}
