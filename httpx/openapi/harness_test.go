package openapi_test

import (
	"encoding/json/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// at returns a value of a document.
func at(t *testing.T, document []byte, path ...string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(document, &v))
	for _, step := range path {
		switch parent := v.(type) {
		case map[string]any:
			require.Contains(t, parent, step)
			v = parent[step]
		case []any:
			i, err := strconv.Atoi(step)
			require.NoError(t, err)
			require.Less(t, i, len(parent))
			v = parent[i]
		default:
			t.Fatalf("%q of a %T", step, v)
		}
	}
	return v
}
