package house

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRFC requires that each statement in docs/rfc000.md names a test, and that the tests
// that are named for the RFC and those that the page names are the same.
func TestRFC(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	var code strings.Builder
	for _, name := range tracked(t, root) {
		if ok, _ := path.Match("server/*_test.go", name); ok {
			code.WriteString(read(t, root, name))
		}
	}
	report(t, unheld(read(t, root, "docs/rfc000.md"), code.String()), "each statement of docs/rfc000.md has one test, and each test TestRFC000… a statement")
}

var (
	statement = regexp.MustCompile(`(?m)^\| (?:definition|SHALL|MAY) \|.*$`)
	rfcTest   = regexp.MustCompile(`\bTestRFC000\w+`)
	rfcFunc   = regexp.MustCompile(`(?m)^func (TestRFC000\w+)\(t \*testing\.T\)`)
)

// unheld returns a fault for each statement of the page that does not name one test of the
// code, and for each test that no statement names.
func unheld(page, code string) []string {
	var faults, tests []string
	for _, m := range rfcFunc.FindAllStringSubmatch(code, -1) {
		tests = append(tests, m[1])
	}
	named := make(map[string]bool)
	for _, row := range statement.FindAllString(page, -1) {
		names := rfcTest.FindAllString(row, -1)
		if len(names) != 1 {
			faults = append(faults, fmt.Sprintf("%d tests, want 1: %s", len(names), row))
		}
		for _, name := range names {
			switch {
			case !slices.Contains(tests, name):
				faults = append(faults, "there is no test "+name)
			case named[name]:
				faults = append(faults, "two statements name "+name)
			}
			named[name] = true
		}
	}
	for _, name := range tests {
		if !named[name] {
			faults = append(faults, "no statement names "+name)
		}
	}
	return faults
}

func TestUnheld(t *testing.T) {
	t.Parallel()
	const a, b = "func TestRFC000A(t *testing.T) {\n", "func TestRFC000B(t *testing.T) {\n"
	for name, tt := range map[string]struct {
		page, code string
		want       []string
	}{
		"all held":      {"| SHALL | a | TestRFC000A |\n| MAY | b | TestRFC000B |\n", a + b, nil},
		"no test named": {"| MAY | a | none |\n", "", []string{"0 tests, want 1: | MAY | a | none |"}},
		"no such test":  {"| SHALL | a | TestRFC000A |\n", "// TestRFC000A\n", []string{"there is no test TestRFC000A"}},
		"part of one":   {"| SHALL | a | TestRFC000 A |\n", a, []string{"0 tests, want 1: | SHALL | a | TestRFC000 A |", "no statement names TestRFC000A"}},
		"not named":     {"| definition | a | TestRFC000A |\n", a + b, []string{"no statement names TestRFC000B"}},
		"named outside": {"TestRFC000A\n", a, []string{"no statement names TestRFC000A"}},
		"two of one":    {"| MAY | a | TestRFC000A TestRFC000B |\n", a + b, []string{"2 tests, want 1: | MAY | a | TestRFC000A TestRFC000B |"}},
		"one for two":   {"| MAY | a | TestRFC000A |\n| MAY | b | TestRFC000A |\n", a, []string{"two statements name TestRFC000A"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := unheld(tt.page, tt.code); !slices.Equal(got, tt.want) {
				t.Errorf("unheld finds %q, want %q", got, tt.want)
			}
		})
	}
}
