package browser

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Violation is what axe-core finds wrong with a page.
type Violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// Axe returns the serious and critical faults of accessibility that axe-core finds on the
// page. ENDPOINT_AXE names its program, as scripts/axe.sh prints it. Without it the test is
// skipped, but fails where ENDPOINT_CI is set.
func (p *Page) Axe(t *testing.T) []Violation {
	t.Helper()
	file := os.Getenv("ENDPOINT_AXE")
	switch {
	case file != "":
	case os.Getenv("ENDPOINT_CI") != "":
		t.Fatal("ENDPOINT_AXE does not name the program of axe-core")
	default:
		t.Skip("ENDPOINT_AXE does not name the program of axe-core; scripts/axe.sh installs it and prints where it is")
	}
	program, err := os.ReadFile(file)
	require.NoError(t, err)
	p.Eval(t, string(program)+"; undefined", nil)
	var result struct {
		Passes     int         `json:"passes"`
		Violations []Violation `json:"violations"`
	}
	p.Eval(t, `axe.run(document, {resultTypes: ["violations"]}).then((r) => ({
		passes: r.passes.length,
		violations: r.violations.map(({id, impact, help, nodes}) => ({id, impact, help, nodes: nodes.map((n) => n.html + " " + n.failureSummary)})),
	}))`, &result)
	require.Positive(t, result.Passes, "axe-core found nothing to check")
	return slices.DeleteFunc(result.Violations, func(v Violation) bool { return v.Impact != "serious" && v.Impact != "critical" })
}
