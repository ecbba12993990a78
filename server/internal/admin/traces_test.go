package admin_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/admin"
)

func TestTraces(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"http://localhost:16686/trace/{trace}", "https://traces.example/?id={trace}&x=1", "https://traces.example/#/{trace}",
	} {
		got, err := admin.NewTraces(pattern)
		require.NoError(t, err)
		require.Equal(t, admin.Traces(pattern), got)
	}
	for pattern, fault := range map[string]string{
		"":                                 `"" is not a URL of http or https`,
		"localhost:16686/{trace}":          "is not a URL of http or https",
		"javascript:alert({trace})":        "is not a URL of http or https",
		"http:///{trace}":                  "is not a URL of http or https",
		"http://localhost/trace":           "does not have {trace} once, behind its host",
		"http://localhost/{trace}/{trace}": "does not have {trace} once, behind its host",
		"http://{trace}/x":                 "does not have {trace} once, behind its host",
		"http://{trace}.example/{trace}":   "does not have {trace} once, behind its host",
		"http://me:pass@localhost/{trace}": `the URL for "localhost" has a user`,
	} {
		_, err := admin.NewTraces(pattern)
		require.ErrorContains(t, err, fault, pattern)
		require.NotContains(t, err.Error(), "pass")
	}
}
