package discover_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestFixed: a source that cannot change passes what does not ask it to.
func TestFixed(t *testing.T) {
	t.Parallel()
	set := discover.Fixed(discover.Instance{Addr: "b"}, discover.Instance{Addr: "a"}, discover.Instance{Addr: "a", Weight: 2})
	n := 0
	for got, err := range set.Watch(t.Context()) {
		n++
		if err != nil || len(got) != 2 || got[0].Addr != "a" || got[0].Weight != 0 {
			t.Errorf("Watch yields %v, %v", got, err)
		}
		break
	}
	if n != 1 {
		t.Errorf("Watch yields %d sets", n)
	}
}

// TestFixedGivesCopies: neither the slice that Fixed got nor a set that it yielded is
// shared with a later Watch.
func TestFixedGivesCopies(t *testing.T) {
	t.Parallel()
	instances := []discover.Instance{{Addr: "a", Meta: map[string]string{"version": "1"}}}
	addrs := []string{"a"}
	for name, source := range map[string]discover.Source{"Fixed": discover.Fixed(instances...), "Static": discover.Static(addrs...)} {
		instances[0].Addr, addrs[0] = "x", "x"
		for range 2 {
			for set, err := range source.Watch(t.Context()) {
				require.NoError(t, err)
				require.Equal(t, "a", set[0].Addr, name)
				if name == "Fixed" {
					require.Equal(t, "1", set[0].Meta["version"])
					instances[0].Meta["version"], set[0].Meta["version"] = "x", "x"
				}
				set[0].Addr = "x"
				break
			}
		}
		instances[0].Addr, addrs[0] = "a", "a"
	}
}
