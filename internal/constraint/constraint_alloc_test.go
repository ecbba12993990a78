package constraint_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/race"
)

func TestAllocs(t *testing.T) {
	if race.Enabled() {
		t.Skip("the race detector makes pools forget")
	}
	p := compile[room](t)
	r := valid()
	r.Second, r.Third = &address{"x"}, codec.Some(3)
	r.Others = []room{valid(), valid()}
	r.ByName = map[string]address{"a": {"x"}, "b": {"y"}}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if p.Check(&r, nil) != nil {
			panic("not valid")
		}
	}))
}
