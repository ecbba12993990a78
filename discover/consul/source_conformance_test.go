package consul_test

import (
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// instances are three with all that Consul holds.
func instances() []discover.Instance {
	return []discover.Instance{
		{Addr: "192.0.2.1:80", Weight: 2.5, Zone: "a", Priority: 1, Meta: map[string]string{"version": "1"}},
		{Addr: "192.0.2.2:80", Weight: 3, Zone: "b", Priority: 2, Meta: map[string]string{"version": "2", "text": "ä \"b\"\n"}},
		{Addr: "[2001:db8::1]:80", Zone: "c"},
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	registrytest.ConsulProgram(t)
	discovertest.Source(t, func(t *testing.T) discovertest.SourceKit {
		t.Helper()
		p := startDev(t)
		client := newClient(t, p.Addr)
		return discovertest.SourceKit{
			Source:    consul.New(client, "rooms", consul.TTL(6*time.Second)),
			Set:       func(t *testing.T, all []discover.Instance) { t.Helper(); set(t, client, all) },
			Break:     func(*testing.T) { p.Stop() },
			Restore:   func(*testing.T) { p.Continue() },
			Instances: instances(),
		}
	})
}
