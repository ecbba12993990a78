package consul_test

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// lease is the TTL of the suite's registrations.
const lease = 10 * time.Second

// TestSuite runs the tests that are the same for every registry.
func TestSuite(t *testing.T) { //nolint:paralleltest // the suite measures the process
	registrytest.ConsulProgram(t)
	registrytest.Suite{Start: startFor, Registry: newRegistry, Lease: lease}.Run(t)
}

// startFor starts an agent for a test of the suite. Tests that count get one that keeps its
// data in memory: the other kind writes a change to the disk four times.
func startFor(t *testing.T) *registrytest.Process {
	t.Helper()
	if strings.Contains(t.Name(), "/changes_") || strings.Contains(t.Name(), "/many_") {
		return startDev(t)
	}
	return startServer(t)
}

func newRegistry(t *testing.T, addr, service string) registrytest.Registry {
	t.Helper()
	client, transport := dial(t, addr)
	ttl := lease
	if strings.Contains(t.Name(), "/many_") {
		ttl *= 4 // a thousand checks in one process keep a busy agent from doing anything else
	}
	return &tidy{Registry: consul.New(client, service, consul.TTL(ttl)), transport: transport}
}

// A tidy registry closes the connections that net/http keeps for later requests as soon as
// nobody uses it, so that their goroutines are not taken for its own.
type tidy struct {
	*consul.Registry
	transport *http.Transport
	users     atomic.Int32
}

func (r *tidy) leave() {
	if r.users.Add(-1) == 0 {
		r.transport.CloseIdleConnections()
	}
}

func (r *tidy) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		r.users.Add(1)
		defer r.leave()
		r.Registry.Watch(ctx)(yield)
	}
}

func (r *tidy) Register(ctx context.Context, in discover.Instance) error {
	r.users.Add(1)
	defer r.leave()
	return r.Registry.Register(ctx, in)
}
