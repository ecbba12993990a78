package etcd_test

import (
	"testing"
	"time"

	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestSuite runs the tests that are the same for every registry.
func TestSuite(t *testing.T) { //nolint:paralleltest // the suite measures the process
	registrytest.Suite{
		Start: func(t *testing.T) *registrytest.Process {
			t.Helper()
			return startServer(t)
		},
		Registry: newRegistry,
		Lease:    lease + 2*time.Second, // etcd looks for leases that have ended twice a second
	}.Run(t)
}
