package apigateway_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestRegistries runs the programs with each registry, under a constant load through the
// gateway. Instances are killed, drained and added; the registry is silenced and killed, and
// loses its data. No call may fail.
func TestRegistries(t *testing.T) {
	t.Parallel()
	bin := programtest.Build(t, "../stringsvc/...", "../profilesvc/...", "../addsvc/...", "./...")
	var all sync.WaitGroup // side by side, whatever -parallel is: they wait most of the time
	for name, tt := range map[string]struct {
		start         func(t *testing.T) *registrytest.Process
		scheme, path  string
		flag, without string // of the gateway, and what its value has not of the URL
	}{
		"etcd":      {registrytest.Etcd, "etcd://", "/test/services", "-registry", ""},
		"Consul":    {registrytest.Consul, "consul://", "", "-consul.addr", "consul://"},
		"ZooKeeper": {registrytest.ZooKeeper, "zk://", "/test/services", "-registry", ""},
	} {
		all.Go(func() {
			t.Run(name, func(t *testing.T) {
				registry := tt.start(t)
				c := newCluster(t, bin, tt.scheme+registry.Addr+tt.path)
				l := startLoad(t, c.startGateway(tt.flag, strings.TrimPrefix(c.registry, tt.without)))
				c.change(registry)
				l.end()
			})
		})
	}
	all.Wait()
}

// change lets instances come and go, while the registry is there and while it is not.
func (c *cluster) change(registry *registrytest.Process) {
	c.t.Helper()
	c.serve()
	c.kill()
	c.add()
	c.serve()
	c.drain()
	c.add()
	c.serve()

	registry.Stop()
	c.kill()
	after(c.t, outage())
	registry.Continue()
	c.add()
	c.serve()

	registry.Kill()
	c.drain()
	after(c.t, outage())
	registry.Start()
	c.add()
	c.serve()

	registry.Kill()
	after(c.t, outage())
	registry.StartEmpty()
	c.add()
	c.serve()
	c.drain()
	c.serve()
}

// outage is how long a registry is away.
func outage() time.Duration {
	if os.Getenv("ENDPOINT_LONG") != "" {
		return time.Minute
	}
	return 10 * time.Second
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

// An instance is a process of a service.
type instance struct {
	*programtest.Process

	addr string // that the gateway calls
	call string // in its log, for each call
}

// A cluster is the instances of all services, which register in one registry, and a gateway.
type cluster struct {
	t        *testing.T
	bin      string
	registry string                // the URL
	live     map[string][]instance // by the name of the program, the oldest first
	removed  []instance
	gateway  *programtest.Process
}

// newCluster returns one with two instances of each service.
func newCluster(t *testing.T, bin, registry string) *cluster {
	t.Helper()
	c := &cluster{t: t, bin: bin, registry: registry, live: map[string][]instance{}}
	c.add()
	c.add()
	return c
}

// startGateway starts the gateway, and returns its URL when it knows all instances.
func (c *cluster) startGateway(flag, registry string) string {
	c.t.Helper()
	// The machine may be busy with other tests, and a call must not fail for that.
	c.gateway = programtest.Launch(c.t, filepath.Join(c.bin, "apigateway"), "-http.addr", "127.0.0.1:0", "-retry.timeout", "10s", flag, registry)
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("the gateway says:\n%s", c.gateway.Log())
		}
	})
	for _, live := range c.live {
		for range live {
			c.gateway.Await(c.t, "kind=joined ")
		}
	}
	return "http://" + c.gateway.Addresses(c.t, "HTTP")["HTTP"]
}

// add starts an instance of each service. No port is used twice: the gateway may still call an
// instance that is gone.
func (c *cluster) add() {
	c.t.Helper()
	c.launch("stringsvc", "method=uppercase", "-listen", registrytest.Addr(c.t))
	c.launch("profilesvc", "operation=Profiles.Put", "-http.addr", registrytest.Addr(c.t))
	c.launch("addsvc", "operation=Add.Sum", "-debug.addr", "", "-http-addr", registrytest.Addr(c.t), "-grpc-addr", registrytest.Addr(c.t))
}

// launch starts an instance. The last argument is the address that the gateway calls.
func (c *cluster) launch(program, call string, args ...string) {
	c.t.Helper()
	addr := args[len(args)-1]
	p := programtest.Launch(c.t, filepath.Join(c.bin, program), append(args, "-registry", c.registry)...)
	c.live[program] = append(c.live[program], instance{p, addr, call})
}

// kill kills the oldest instance of each service.
func (c *cluster) kill() {
	c.t.Helper()
	c.remove(syscall.SIGKILL, -1)
}

// drain stops the oldest instance of each service.
func (c *cluster) drain() {
	c.t.Helper()
	c.remove(syscall.SIGTERM, 0)
}

func (c *cluster) remove(sig os.Signal, code int) {
	c.t.Helper()
	var removed []instance
	for program, live := range c.live {
		live[0].Signal(c.t, sig)
		removed = append(removed, live[0])
		c.live[program] = live[1:]
	}
	for _, in := range removed {
		require.Equal(c.t, code, in.Wait(c.t), in.addr)
	}
	c.removed = append(c.removed, removed...)
}

// serve waits until the gateway calls every instance, and knows none that was removed.
func (c *cluster) serve() {
	c.t.Helper()
	for _, live := range c.live {
		for _, in := range live {
			in.SkipLog()
			in.Await(c.t, in.call)
		}
	}
	for _, in := range c.removed {
		left := regexp.MustCompile("kind=left .*detail=" + regexp.QuoteMeta(in.addr) + "\n")
		for !left.MatchString(c.gateway.Log()) {
			c.gateway.Await(c.t, "kind=left ")
		}
	}
	c.removed = nil
}
