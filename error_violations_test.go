package endpoint_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// TestErrorTextOfViolations wants the violations in the text of an error once, even if its
// cause has them as well.
func TestErrorTextOfViolations(t *testing.T) {
	t.Parallel()
	bad := endpoint.Define(endpoint.InvalidArgument, "shop", "BAD", "bad order")
	qty := endpoint.Violation{Pointer: "/qty", Detail: "must be a number"}
	limit := endpoint.Violation{Parameter: "query:limit", Detail: "missing"}
	whole := endpoint.Violation{Detail: "not valid JSON"}
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"none":                    {bad, "bad order"},
		"of each kind":            {bad.WithViolations(qty, limit, whole), "bad order: /qty must be a number; query:limit missing; not valid JSON"},
		"and a cause":             {bad.WithViolations(qty).WithCause(failed), "bad order: /qty must be a number: failed"},
		"and a cause in the text": {bad.WithViolations(qty).With("order 7: %w", failed), "order 7: failed: /qty must be a number"},
		"in a cause":              {bad.With("order 7: %w", bad.WithViolations(qty)), "order 7: bad order: /qty must be a number"},
		"in both":                 {bad.WithViolations(qty).With("order 7: %w", bad.WithViolations(qty)), "order 7: bad order: /qty must be a number"},
		"in the same cause":       {bad.WithViolations(qty).WithCause(bad.WithViolations(qty)), "bad order: /qty must be a number"},
		"a cause that is hidden":  {bad.WithViolations(qty).WithCause(mark.Unshown(failed)), "bad order: /qty must be a number"},
		"wrapped":                 {fmt.Errorf("shop: %w", bad.WithViolations(qty)), "shop: bad order: /qty must be a number"},
		"of a peer":               {endpoint.FromWire(endpoint.InvalidArgument, "shop", "BAD", "bad order").WithViolations(qty), "bad order"},
		"of a peer, as it came":   {endpoint.FromWire(endpoint.InvalidArgument, "shop", "BAD", "bad order").WithViolations(qty).WithCause(bad.WithViolations(qty)), "bad order"},
		"not graphic":             {bad.WithViolations(endpoint.Violation{Pointer: "/a\x1b\nb", Detail: "unknown"}), "bad order: /a\ufffd b unknown"},
	} {
		require.EqualError(t, tt.err, tt.want, name)
	}
	many := make([]endpoint.Violation, 1000)
	for i := range many {
		many[i] = endpoint.Violation{Pointer: "/" + strings.Repeat("x", 100), Detail: "unknown"}
	}
	text := bad.WithViolations(many...).Error()
	require.Less(t, len(text), 1100)
	require.Regexp(t, "…$", text)
}
