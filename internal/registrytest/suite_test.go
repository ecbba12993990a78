package registrytest_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestSuite runs the tests against a registry that does what they want.
func TestSuite(t *testing.T) { //nolint:paralleltest // the suite measures the process
	toySuite().Run(t)
}

func toySuite() registrytest.Suite {
	return registrytest.Suite{Start: startToy, Registry: newClient, Lease: lease, Outage: 8 * time.Second, Many: 200, Changes: 100}
}

// faultEnv names the fault that this process has, when a test below started it.
const faultEnv = "REGISTRYTEST_FAULT"

// TestSuiteFaults has clients with faults: the tests for these find them.
func TestSuiteFaults(t *testing.T) { //nolint:tparallel // one of the two is not parallel
	if os.Getenv(faultEnv) != "" { // not parallel then
		toySuite().Run(t)
		return
	}
	t.Parallel()
	for _, tt := range []struct {
		fault      fault
		test, says string
	}{
		{unsettled, "the registry is killed and loses its data", "sets differ from [192.0.2.1:80 192.0.2.2:80 192.0.2.3:80]"},
		{empty, "the network resets connections", "sets differ from [192.0.2.1:80 192.0.2.2:80 192.0.2.3:80]"},
		{one, "two registrars of one instance", `sets differ from [192.0.2.1:80]`},
		{onceOnly, "the registry is restarted and loses its data", "a watch of afterwards: no set"},
		{stays, "a process that stops", "the watch: no set []"},
		{leaves, "no goroutine is left", "goroutines outlive Watch and Register"},
		{incomplete, "many arrive complete", "a new watch takes 2 sets to be complete"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			pattern := "^TestSuiteFaults$/^" + strings.ReplaceAll(tt.test, " ", "_") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern)
			cmd.Env = append(os.Environ(), faultEnv+"="+string(tt.fault))
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.says) {
				t.Errorf("%q passes or says something else than %q: %v\n%s", tt.test, tt.says, err, out)
			}
		})
	}
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
	transport := &http.Transport{MaxIdleConnsPerHost: 1000}
	return &client{"http://" + addr, &http.Client{Timeout: within, Transport: transport}, fault(os.Getenv(faultEnv))}
}
