package house

import (
	"regexp"
	"testing"
)

// exportedFunc finds the functions of a golden API text: methods, which users
// find by their types, are not among them.
var exportedFunc = regexp.MustCompile(`(?m)^func ([A-Z]\w*)[\[(]`)

// TestGuideNamesAll has a user find every function and option of httpx in its
// guides.
func TestGuideNamesAll(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	api := read(t, root, "internal/house/testdata/api/httpx.txt")
	guides := read(t, root, "docs/http.md") + read(t, root, "docs/streams.md")
	names := exportedFunc.FindAllStringSubmatch(api, -1)
	if len(names) == 0 {
		t.Error("the golden text of httpx has no functions")
	}
	for _, name := range names {
		if !regexp.MustCompile(`\b` + name[1] + `\b`).MatchString(guides) {
			t.Errorf("docs/http.md and docs/streams.md do not name httpx.%s", name[1])
		}
	}
}
