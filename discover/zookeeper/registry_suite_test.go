package zookeeper_test

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
		Lease:    lease + time.Second, // ZooKeeper looks for sessions that have ended with each tick
	}.Run(t)
}
