package contractguide

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx/openapi"
)

func TestBadges(t *testing.T) {
	t.Parallel()
	d := openapi.New("badges", "1.0", new(Badges))
	require.NoError(t, d.Err())
	text := string(d.YAML())
	require.Equal(t, 2, strings.Count(text, "a guest:"), "a request and a response")
	require.Equal(t, 2, strings.Count(text, "deprecated: true"), "an operation and a member")
	require.Contains(t, text, "operationId: Badges.Print")
}
