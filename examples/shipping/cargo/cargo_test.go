package cargo_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
)

func TestNextTrackingID(t *testing.T) {
	t.Parallel()
	id := cargo.NextTrackingID()
	require.Regexp(t, `^[0-9A-F]{8}$`, id)
	require.NotEqual(t, id, cargo.NextTrackingID())
}
