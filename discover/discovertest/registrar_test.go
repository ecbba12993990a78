package discovertest_test

import (
	"testing"

	"github.com/typedkit/endpoint/discover/discovertest"
)

func TestRegistrar(t *testing.T) {
	t.Parallel()
	discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit { return newRegistry().registrarKit() })
}
