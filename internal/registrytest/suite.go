package registrytest

import (
	"os"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A Registry is a source and a registrar of one service.
type Registry interface {
	discover.Source
	discover.Registrar
}

// A Suite is what the tests need to know of a registry. Start, Registry and Lease are required.
type Suite struct {
	// Start starts a server of the registry, usually with [Launch], and returns once it
	// answers. Each test has a server of its own.
	Start func(t *testing.T) *Process
	// Registry returns the registry of a service at an address, which is that of a server
	// or of a network in front of it. Each call makes a client of its own, and closes it at
	// the end of the test. It must not wait for the server.
	Registry func(t *testing.T, addr, service string) Registry
	// Lease is the longest time for which the registry knows the instance of a process that
	// has been killed.
	Lease time.Duration
	// Outage is how long the registry is away. The default is 10 s, and a minute if
	// ENDPOINT_LONG is set.
	Outage time.Duration
	// Many is how many instances are registered at the same time. The default is 1,000.
	Many int
	// Changes is how many changes are made for the measurement of their cost. The default
	// is 1,000, and 10,000 if ENDPOINT_LONG is set.
	Changes int
}

const (
	patience = 20 * time.Second // of a change until it is seen
	comeback = 2 * time.Second  // of an instance, after the registry has come back
)

// Run runs the tests. Those that measure the process come first, one after the other; the
// test that calls Run must not be parallel.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	if s.Outage == 0 {
		s.Outage = long(10*time.Second, time.Minute)
	}
	if s.Many == 0 {
		s.Many = 1000
	}
	if s.Changes == 0 {
		s.Changes = long(1000, 10000)
	}
	if role := os.Getenv(roleEnv); role != "" {
		s.serve(t, role)
		return
	}
	t.Run("no goroutine is left", s.leavesNothing)
	t.Run("changes cost bounded CPU", s.changes)
	t.Run("many arrive complete", s.many)
	for _, o := range outages() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s.outage(t, o)
		})
	}
	for _, tt := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"a slow network", s.slowNetwork},
		{"a registry in which nothing changes", s.quiet},
		{"two registrars of one instance", s.twoRegistrars},
		{"a process that is killed", s.killedProcess},
		{"a process that stops", s.stoppedProcess},
		{"a process that is suspended", s.suspendedProcess},
		{"servers and a pool under load", s.endToEnd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t)
		})
	}
}

// long returns its second argument if ENDPOINT_LONG is set, else the first.
func long[T any](short, long T) T {
	if os.Getenv("ENDPOINT_LONG") != "" {
		return long
	}
	return short
}

// instance returns one with all that a registry holds.
func instance(addr string) discover.Instance {
	return discover.Instance{
		Addr: addr, Weight: 2.5, Zone: "eu-1a", Priority: 1,
		Meta: map[string]string{"version": "7", "text": "ä \"quoted\"\n"},
	}
}

// after waits for d.
func after(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
