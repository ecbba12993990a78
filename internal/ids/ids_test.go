package ids_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/ids"
)

func TestValidRequest(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"":                       false,
		"a":                      true,
		"!~":                     true,
		strings.Repeat("x", 128): true,
		strings.Repeat("x", 129): false,
		"a b":                    false,
		"a\x7f":                  false,
		"ä":                      false,
	} {
		require.Equal(t, want, ids.ValidRequest(id), "%q", id)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, want := range map[string]bool{
		"00-" + trace + "-" + span + "-01":                    true,
		"01-" + trace + "-" + span + "-01":                    true,
		"01-" + trace + "-" + span + "-01-more":               true,
		"00-" + trace + "-" + span + "-01-more":               false,
		"01-" + trace + "-" + span + "-01more":                false,
		"ff-" + trace + "-" + span + "-01":                    false,
		"0g-" + trace + "-" + span + "-01":                    false,
		"00-" + trace + "-" + span + "-0g":                    false,
		"00-" + trace + "-" + span + "-0":                     false,
		"00_" + trace + "-" + span + "-01":                    false,
		"00-" + trace + "_" + span + "-01":                    false,
		"00-" + trace + "-" + span + "_01":                    false,
		"00-" + strings.ToUpper(trace) + "-" + span + "-01":   false,
		"00-" + trace + "-" + strings.ToUpper(span) + "-01":   false,
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01":  false,
		"00-" + trace + "-" + strings.Repeat("0", 16) + "-01": false,
		"": false,
	} {
		gotTrace, gotSpan := ids.Trace(header)
		if want {
			require.Equal(t, trace+span, gotTrace+gotSpan, "%q", header)
		} else {
			require.Empty(t, gotTrace+gotSpan, "%q", header)
		}
	}
}
