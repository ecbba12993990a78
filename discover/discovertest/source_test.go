package discovertest_test

import (
	"testing"

	"github.com/typedkit/endpoint/discover/discovertest"
)

func TestSource(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(*testing.T) discovertest.SourceKit { return newRegistry().sourceKit() })
}

// TestAddrs has the registry hold addresses only, of one's own and by default.
func TestAddrs(t *testing.T) {
	t.Parallel()
	for name, addrs := range map[string][]string{"default": nil, "own": {"c:1", "a:1", "b:1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
				kit := newRegistry().sourceKit()
				kit.Instances, kit.Addrs = nil, addrs
				return kit
			})
			discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
				kit := newRegistry().registrarKit()
				kit.Instances, kit.Addrs = nil, addrs
				return kit
			})
		})
	}
}
