package programtest

import (
	"encoding/json/v2"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Document requires the document of a service at an address, as JSON and as YAML, and its page.
// The document has this title and these paths.
func Document(t *testing.T, addr, title string, paths ...string) {
	t.Helper()
	var doc struct {
		Info struct {
			Title string `json:"title"`
		} `json:"info"`
		Paths map[string]any `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(Get(t, addr+"/openapi.json")), &doc))
	require.Equal(t, title, doc.Info.Title)
	slices.Sort(paths)
	require.Equal(t, paths, slices.Sorted(maps.Keys(doc.Paths)))
	require.Contains(t, Get(t, addr+"/openapi.yaml"), "\n  title: "+title+"\n")
	require.Contains(t, Get(t, addr+"/docs"), `src="./docs/main.js"`)
	require.NotEmpty(t, Get(t, addr+"/docs/main.js"))
}
