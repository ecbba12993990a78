package construct_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/observe/internal/construct"
)

// An option notes that it was applied.
type option string

func (o option) apply(applied *[]string) { *applied = append(*applied, string(o)) }

type applier interface{ apply(applied *[]string) }

func TestFaults(t *testing.T) {
	t.Parallel()
	faults := construct.By("kit: New")
	require.True(t, faults.Check(true, "never seen"))
	require.NoError(t, faults.Err())

	var applied []string
	construct.Options(&faults, &applied, []applier{nil, option("a"), nil, option("b")}, applier.apply)
	require.Equal(t, []string{"a", "b"}, applied)
	require.False(t, faults.Check(false, "Size(%d): %w", 0, io.EOF))
	require.EqualError(t, faults.Err(), "kit: New: option 0 is nil\nkit: New: option 2 is nil\nkit: New: Size(0): EOF")
	require.ErrorIs(t, faults.Err(), io.EOF)
	require.EqualError(t, construct.Unmade("kit: Thing", "New"), "kit: Thing: make it with New")
}
