//go:build !race

package items_test

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestAppendAllocations has two allocations: the texts of two durations.
func TestAppendAllocations(t *testing.T) {
	v := full()
	v.Any, v.Map, v.Keys, v.Hosts, v.Addr = nil, nil, nil, nil, netip.Addr{} // entries are sorted
	for name, f := range formats {
		c, err := f.Compile(reflect.TypeFor[order](), codec.Options{})
		require.NoError(t, err)
		buf, err := c.Append(nil, &v)
		require.NoError(t, err)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { buf, _ = c.Append(buf[:0], &v) }), 2.0, name)
	}
}
