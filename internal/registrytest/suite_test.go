package registrytest_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestSuite runs the tests against a registry that does what they want.
func TestSuite(t *testing.T) { //nolint:paralleltest // the suite measures the process
	toySuite().Run(t)
}

func toySuite() registrytest.Suite {
	return registrytest.Suite{Start: startToy, Registry: newClient, Lease: lease, Outage: 3 * time.Second, Many: 200}
}

func startToy(t *testing.T) *registrytest.Process {
	t.Helper()
	addr := registrytest.Addr(t)
	return registrytest.Launch(t, addr, func(dir string) *exec.Cmd {
		cmd := exec.Command(os.Args[0]) //nolint:noctx // it ends with the test
		cmd.Env = append(os.Environ(), toyEnv+"="+addr+" "+dir)
		return cmd
	}, func(ctx context.Context) error {
		c := &client{url: "http://" + addr, http: http.DefaultClient}
		return c.tell(ctx, http.MethodGet, "/ready", nil)
	})
}

func newClient(_ *testing.T, addr, _ string) registrytest.Registry {
	return &client{"http://" + addr, &http.Client{Timeout: within, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
}
