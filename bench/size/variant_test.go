package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	const text = "first\n\t// each endpoint\n\tDo0001(\"0001\")\n\n\t// end\nlast\n"
	for _, tt := range []struct {
		name, text string
		n          int
		want       string
	}{
		{"none", text, 0, "first\nlast\n"},
		{"one", text, 1, "first\n\tDo0001(\"0001\")\n\nlast\n"},
		{"two", text, 2, "first\n\tDo0001(\"0001\")\n\n\tDo0002(\"0002\")\n\nlast\n"},
		{"two blocks", text + text, 1, "first\n\tDo0001(\"0001\")\n\nlast\nfirst\n\tDo0001(\"0001\")\n\nlast\n"},
		{"no number outside of blocks", "0001\n// each endpoint\n// end\n", 2, "0001\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := expand(tt.text, tt.n); err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	if got, err := expand(text, 100); err != nil || strings.Count(got, "Do0") != 100 || !strings.Contains(got, `Do0100("0100")`) {
		t.Errorf("a hundred are %v,\n%s", err, got)
	}
}

func TestExpandFails(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"package main\n":                       `no block begins with "// each endpoint"`,
		"// each endpoint\n":                   `the last block lacks "// end"`,
		"a\n// end\n":                          `line 2: "// end" outside a block`,
		"// each endpoint\n// each endpoint\n": `line 2: "// each endpoint" inside a block`,
	} {
		if _, err := expand(text, 1); err == nil || err.Error() != want {
			t.Errorf("the error of %q is %v, want %s", text, err, want)
		}
	}
	if _, err := source("ftp", 1); err == nil || err.Error() != `unknown variant "ftp"` {
		t.Errorf("the error of an unknown variant is %v", err)
	}
}

// TestSameTypes shows that all variants have endpoints of the same types and handlers:
// those of the first block.
func TestSameTypes(t *testing.T) {
	t.Parallel()
	first := func(variant string) string {
		text, err := programs.ReadFile("programs/" + variant + "/main.go")
		if err != nil {
			t.Fatal(err)
		}
		_, block, _ := strings.Cut(string(text), markEach)
		block, _, _ = strings.Cut(block, markEnd)
		return block
	}
	want := first(variantHTTP)
	for _, variant := range variants() {
		if got := first(variant); got != want {
			t.Errorf("%s has the block\n%s\nwant that of %s\n%s", variant, got, variantHTTP, want)
		}
	}
	folders, err := os.ReadDir("programs")
	if err != nil || len(folders) != len(variants()) {
		t.Errorf("there are %d programs and %d variants, %v", len(folders), len(variants()), err)
	}
}

// TestCompile compiles each variant with two endpoints, which no name may be of twice.
func TestCompile(t *testing.T) {
	t.Parallel()
	w := testWorkshop(t)
	for _, variant := range variants() {
		text, err := source(variant, 2)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(text, "0001") != strings.Count(text, "0002") {
			t.Errorf("%s has another number of mentions of its first endpoint than of the second", variant)
		}
		dir := filepath.Join(w.dir, variant)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := goCommand(t.Context(), w.dir, nil, "build", "./..."); err != nil { // which links nothing
		t.Error(err)
	}
}
