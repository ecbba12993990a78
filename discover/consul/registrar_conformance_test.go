package consul_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

func TestRegistrar(t *testing.T) {
	t.Parallel()
	registrytest.ConsulProgram(t)
	discovertest.Registrar(t, func(t *testing.T) discovertest.RegistrarKit {
		t.Helper()
		p := startDev(t)
		client := newClient(t, p.Addr)
		registry := consul.New(client, "rooms", consul.TTL(6*time.Second))
		return discovertest.RegistrarKit{
			Registrar: registry, Source: registry,
			Forget: func(t *testing.T) {
				t.Helper()
				all, err := client.Agent().Services()
				require.NoError(t, err)
				for id := range all {
					require.NoError(t, client.Agent().ServiceDeregister(id))
				}
			},
			Break:     func(*testing.T) { p.Stop() },
			Restore:   func(*testing.T) { p.Continue() },
			Instances: instances()[1:],
		}
	})
}
