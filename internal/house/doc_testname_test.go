package house

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestTestNames requires that the name of each test file in every module says
// which source file it tests.
func TestTestNames(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	report(t, misnamed(tracked(t, root)),
		"a test file is named for a source file in the same folder: x_test.go or x_something_test.go tests x.go")
}

// isGeneral reports whether base begins with a word for test files that belong
// to a whole package.
func isGeneral(base string) bool {
	return slices.ContainsFunc([]string{"main", "example", "harness", "alloc", "fuzz"},
		func(word string) bool { return strings.HasPrefix(base, word) })
}

// misnamed returns a fault for each test file among files that is not named for
// a source file in its folder. Files in a testdata folder are ignored.
func misnamed(files []string) []string {
	var faults []string
	for _, name := range files {
		tested, isTest := strings.CutSuffix(name, "_test.go")
		if !isTest || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue
		}
		if !isGeneral(path.Base(tested)) && !namesSource(tested, files) {
			faults = append(faults, fmt.Sprintf("%s: there is no %s.go, nor a source file with a shorter part of that name", name, tested))
		}
	}
	return faults
}

// namesSource reports whether files contain tested with the extension ".go", or a
// shorter tested from whose end parts such as "_example" were cut.
func namesSource(tested string, files []string) bool {
	for {
		if slices.Contains(files, tested+".go") {
			return true
		}
		cut := strings.LastIndexByte(tested, '_')
		if cut < strings.LastIndexByte(tested, '/') || cut < 0 {
			return false
		}
		tested = tested[:cut]
	}
}

func TestMisnamed(t *testing.T) {
	t.Parallel()
	sources := []string{"call.go", "cpu_unix.go", "a_b/call.go", "doc.go", "pkg/doc.go", "pkg/conn.go"}
	for name, named := range map[string]bool{
		"call_test.go": true, "call_example_test.go": true, "call_slow_reader_test.go": true,
		"cpu_unix_test.go": true, "cpu_test.go": false, "pkg/doc_edge_test.go": true,
		"callslow_test.go": false, "slow_call_test.go": false,
		"pkg/conn_test.go": true, "pkg/call_test.go": false, "conn_test.go": false,
		"a_b/call_test.go": true, "a_b/slow_test.go": false,
		"main_test.go": true, "pkg/example_test.go": true, "pkg/harness_proxy_test.go": true,
		"alloc_test.go": true, "allocs_test.go": true, "fuzz_test.go": true, "pkg/main/slow_test.go": false,
		"pkg/testdata/any_test.go": true, "any.md": true,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if !named {
				want = []string{name + ": there is no " + strings.TrimSuffix(name, "_test.go") + ".go, nor a source file with a shorter part of that name"}
			}
			if got := misnamed(append(slices.Clone(sources), name)); !slices.Equal(got, want) {
				t.Errorf("misnamed finds %q, want %q", got, want)
			}
		})
	}
}
