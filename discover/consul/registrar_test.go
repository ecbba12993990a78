package consul_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestUnfit has instances that Consul cannot hold. It is not asked.
func TestUnfit(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 64 {
		many[fmt.Sprintf("key%02d", i)] = ""
	}
	for name, tt := range map[string]struct {
		in   discover.Instance
		want string
	}{
		"no address":   {discover.Instance{}, "consul: Register: the instance : the address is not host:port"},
		"no port":      {discover.Instance{Addr: "rooms"}, "consul: Register: the instance rooms: the address is not host:port"},
		"port zero":    {discover.Instance{Addr: "a:0"}, `consul: Register: the instance a:0: the port "0" is not a number from 1 to 65535`},
		"port of name": {discover.Instance{Addr: "a:http"}, `consul: Register: the instance a:http: the port "http" is not a number from 1 to 65535`},
		"other port":   {discover.Instance{Addr: "a:080"}, `consul: Register: the instance a:080: the port "080" is not a number from 1 to 65535`},
		"no host":      {discover.Instance{Addr: ":80"}, "consul: Register: the instance :80: the address names no machine"},
		"any host":     {discover.Instance{Addr: "[::]:80"}, "consul: Register: the instance [::]:80: the address names no machine"},
		"infinite":     {discover.Instance{Addr: "a:80", Weight: math.Inf(1)}, "consul: Register: the instance a:80: the weight +Inf is not a number up to 1e+12"},
		"not a number": {discover.Instance{Addr: "a:80", Weight: math.NaN()}, "consul: Register: the instance a:80: the weight NaN is not a number up to 1e+12"},
		"metadata": {
			discover.Instance{Addr: "a:80", Zone: strings.Repeat("z", 513), Meta: map[string]string{
				"": "", strings.Repeat("k", 129): "", strings.Repeat(".", 33): "", "long": strings.Repeat("v", 513), "raw": "\xff",
			}},
			"consul: Register: the instance a:80: a key of the metadata is empty\n" +
				`the key "` + strings.Repeat(".", 33) + `" takes 132 bytes, more than 128` + "\n" +
				`the key "` + strings.Repeat("k", 129) + `" takes 129 bytes, more than 128` + "\n" +
				`the value of "long" has 513 bytes, more than 512` + "\n" +
				`the value of "raw" is not UTF-8` + "\n" +
				`the value of "zone" has 513 bytes, more than 512`,
		},
		"pairs": {
			discover.Instance{Addr: "a:80", Priority: 1, Weight: 2, Meta: many},
			"consul: Register: the instance a:80: there are 66 pairs of metadata, more than 64: priority, weight",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, "127.0.0.1:1")
			require.EqualError(t, consul.New(client, "rooms").Register(t.Context(), tt.in), tt.want)
		})
	}
}

// TestFits has an instance that fills all that Consul allows.
func TestFits(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	in := discover.Instance{Addr: "[fe80::1%eth0]:65535", Weight: 1e12, Zone: strings.Repeat("z", 512), Priority: -3, Meta: map[string]string{}}
	for i := range 61 {
		in.Meta[fmt.Sprintf("%0128d", i)] = strings.Repeat("v", 512)
	}
	register(t, consul.New(client, "rooms"), in)
	eventually(t, consul.New(client, "rooms"), func(set []discover.Instance) bool { return len(set) == 1 && same(in, set[0]) })
}

func same(a, b discover.Instance) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

// TestKeys has keys of metadata that Consul does not allow, and some that look as if they were
// escaped.
func TestKeys(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	in := discover.Instance{Addr: "192.0.2.1:80", Meta: map[string]string{}}
	for _, key := range []string{
		"plain", "slo.Rooms.Get.latency", "with space", "ä", "\x00", "a_b", "a__b", "a__2eb", "a___2eb", "_", "__", "___", "_.", "._", "_2e",
		"weight", "zone", "priority", "consul-key", "consul", "__2e",
	} {
		in.Meta[key] = "of " + key
	}
	register(t, consul.New(client, "rooms"), in)
	eventually(t, consul.New(client, "rooms"), func(set []discover.Instance) bool {
		return len(set) == 1 && same(in, set[0])
	})
	services, err := client.Agent().Services()
	require.NoError(t, err)
	for _, s := range services {
		require.Equal(t, "of slo.Rooms.Get.latency", s.Meta["slo__2eRooms__2eGet__2elatency"])
		require.Equal(t, "of a_b", s.Meta["a_b"])
		require.Equal(t, "of plain", s.Meta["plain"])
	}
}

// TestService shows what an operator sees of an instance.
func TestService(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	register(t, consul.New(client, "rooms", consul.Tags("v2")), discover.Instance{Addr: "[2001:db8::1]:80", Weight: 2.5, Zone: "a"})
	eventually(t, consul.New(client, "rooms"), func(set []discover.Instance) bool { return len(set) == 1 })
	services, err := client.Agent().Services()
	require.NoError(t, err)
	require.Len(t, services, 1)
	for id, s := range services {
		require.Regexp(t, `^rooms-\[2001:db8::1\]:80-[0-9a-f]{16}$`, id)
		require.Equal(t, "2001:db8::1", s.Address)
		require.Equal(t, 80, s.Port)
		require.Equal(t, []string{"v2"}, s.Tags)
		require.Equal(t, map[string]string{"weight": "2.5", "zone": "a"}, s.Meta)
		require.Equal(t, api.AgentWeights{Passing: 3, Warning: 1}, s.Weights)
	}
	checks, err := client.Agent().Checks()
	require.NoError(t, err)
	require.Len(t, checks, 1)
	for _, c := range checks {
		require.Equal(t, "ttl", c.Type)
		require.Equal(t, api.HealthPassing, c.Status)
	}
}

// TestTakenOutByAnother deregisters the instance directly, just before its registration ends.
// Later versions of Consul then report an unknown service.
func TestTakenOutByAnother(t *testing.T) {
	t.Parallel()
	server := startDev(t)
	client := newClient(t, server.Addr)
	for name, status := range map[string]int{"this version": http.StatusOK, "later versions": http.StatusNotFound} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, server.Addr, nil, func(r *http.Response) error {
				if strings.HasPrefix(r.Request.URL.Path, "/v1/agent/service/deregister/") {
					r.StatusCode = status
				}
				return nil
			})
			service := fmt.Sprint("rooms", status)
			stop := register(t, consul.New(newClient(t, p.addr), service), discover.Instance{Addr: "192.0.2.1:80"})
			eventually(t, consul.New(client, service), func(set []discover.Instance) bool { return len(set) == 1 })
			services, err := client.Agent().ServicesWithFilter("Service == " + service)
			require.NoError(t, err)
			for id := range services {
				require.NoError(t, client.Agent().ServiceDeregister(id))
			}
			stop() // fails the test if there is an error
		})
	}
}

// TestForgottenByAgent has an agent that loses an instance with a long TTL.
func TestForgottenByAgent(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	registry := consul.New(client, "rooms", consul.TTL(time.Hour))
	register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	w := watch(t, consul.New(client, "rooms"))
	w.await(t, "[192.0.2.1:80]")
	services, err := client.Agent().Services()
	require.NoError(t, err)
	for id := range services {
		require.NoError(t, client.Agent().ServiceDeregister(id))
	}
	begun := time.Now()
	w.await(t, "[]")
	w.await(t, "[192.0.2.1:80]")
	require.Less(t, time.Since(begun), 3*time.Second) // two, on a machine that has time
}

// TestCriticalAtAgent has an agent that still knows an instance, as critical, when it is
// registered again, as after a restart.
func TestCriticalAtAgent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	begun := time.Now()
	took := map[string]time.Duration{} // until a request that is one of these, in a row
	p := newProxy(t, startDev(t).Addr, nil, func(r *http.Response) error {
		parts := strings.SplitN(r.Request.URL.Path, "/", 6)
		if parts[2] != "agent" {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, parts[4])
		took[strings.Join(asked, " ")] = time.Since(begun)
		if len(asked) == 2 {
			r.StatusCode = http.StatusInternalServerError
		}
		return nil
	})
	registry := consul.New(newClient(t, p.addr), "rooms")
	stop := register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	wait(t, 3*time.Second)
	stop()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"register", "update", "register", "update"}, asked[:4])
	require.Less(t, took["register update register update"]-took["register update register"], 700*time.Millisecond)
}

// TestToldOnce has an agent that is away for a while: an event tells of it, and another one of
// its return.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	var e events
	registry := consul.New(newClient(t, p.Addr), "rooms", consul.OnEvent(e.on))
	register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	eventually(t, registry, func(set []discover.Instance) bool { return len(set) == 1 })
	p.Kill()
	wait(t, 5*time.Second)
	p.StartEmpty()
	require.Eventually(t, func() bool { return len(e.texts("registered")) == 2 }, 10*time.Second, 10*time.Millisecond)
	failed := e.texts("register_failed")
	require.Contains(t, failed[0], "192.0.2.1:80: consul: the check of the instance: ")
	require.LessOrEqual(t, len(failed), 4, "%q", failed) // of the check, of the registration, and while Consul starts
}

// TestBadRequest has an agent that does not take the instance.
func TestBadRequest(t *testing.T) {
	t.Parallel()
	p := newProxy(t, startDev(t).Addr, nil, func(r *http.Response) error {
		if strings.HasPrefix(r.Request.URL.Path, "/v1/agent/service/register") {
			r.StatusCode = http.StatusBadRequest
		}
		return nil
	})
	err := consul.New(newClient(t, p.addr), "rooms").Register(t.Context(), discover.Instance{Addr: "192.0.2.1:80"})
	require.ErrorContains(t, err, "consul: the registration: Unexpected response code: 400")
}

// TestRemovalIsBounded has an agent that is silent, and one that is not there.
func TestRemovalIsBounded(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(p *registrytest.Process){
		"silent": (*registrytest.Process).Stop, "gone": (*registrytest.Process).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startDev(t)
			registry := consul.New(newClient(t, p.Addr), "rooms")
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 100)
			for i := range cap(ended) {
				go func() { ended <- registry.Register(ctx, discover.Instance{Addr: fmt.Sprintf("192.0.2.%d:80", i)}) }()
			}
			eventually(t, registry, func(set []discover.Instance) bool { return len(set) == cap(ended) })
			leave(p)
			begun := time.Now()
			cancel()
			for range cap(ended) {
				require.ErrorContains(t, <-ended, ":80 may be known for 10s: consul: the end of the registration: ")
			}
			require.Less(t, time.Since(begun), 6*time.Second)
		})
	}
}

// TestToken has a token that ends and comes back: the set stays as it was, and the instance
// registers again.
func TestToken(t *testing.T) {
	t.Parallel()
	p := startDev(t, `-hcl=acl { enabled = true, default_policy = "deny", tokens { initial_management = "root", agent = "root" } }`)
	root := tokenClient(t, p.Addr, "root")
	const secret = "6a9f2b64-6e9b-4f0b-9d3c-6a5f4b1f3c11"
	token := createToken(t, root, secret)
	var e events
	client := tokenClient(t, p.Addr, secret)
	registry := consul.New(client, "rooms", consul.TTL(3*time.Second), consul.OnEvent(e.on))
	register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	w := watch(t, registry)
	w.await(t, "[192.0.2.1:80]")
	before := len(w.news())
	_, err := root.ACL().TokenDelete(token, nil)
	require.NoError(t, err)
	w.await(t, "403")
	wait(t, 4*time.Second) // the registration ends
	createToken(t, root, secret)
	w.await(t, "[192.0.2.1:80]")
	eventually(t, consul.New(root, "rooms"), func(set []discover.Instance) bool { return len(set) == 1 })
	for _, text := range w.news()[before:] {
		if strings.HasPrefix(text, "[") {
			require.Equal(t, "[192.0.2.1:80]", text)
		}
	}
	require.NotEmpty(t, e.texts("register_failed"))
}

func tokenClient(t *testing.T, addr, token string) *api.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := api.NewClient(&api.Config{Address: addr, Token: token, Transport: transport})
	require.NoError(t, err)
	return client
}

// createToken creates one that may do all, and returns the ID by which it is deleted.
func createToken(t *testing.T, root *api.Client, secret string) string {
	t.Helper()
	policies, _, err := root.ACL().PolicyList(nil)
	require.NoError(t, err)
	token, _, err := root.ACL().TokenCreate(&api.ACLToken{SecretID: secret, Policies: []*api.ACLTokenPolicyLink{{ID: policies[0].ID}}}, nil)
	require.NoError(t, err)
	return token.AccessorID
}

// TestForgotten has a process that was killed: after its TTL the instance is not known, and a
// minute later the agent has forgotten it.
func TestForgotten(t *testing.T) {
	t.Parallel()
	if os.Getenv("ENDPOINT_LONG") == "" {
		t.Skip("it takes a minute; ENDPOINT_LONG is not set")
	}
	p := startDev(t)
	client := newClient(t, p.Addr)
	dies := newProxy(t, p.Addr, nil, nil)
	registry := consul.New(newClient(t, dies.addr), "rooms", consul.TTL(2*time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- registry.Register(ctx, discover.Instance{Addr: "192.0.2.1:80"}) }()
	eventually(t, consul.New(client, "rooms"), func(set []discover.Instance) bool { return len(set) == 1 })
	dies.lead("127.0.0.1:1")
	cancel()
	require.ErrorContains(t, <-ended, "the instance 192.0.2.1:80 may be known for 2s: consul: the end of the registration: ")
	eventually(t, consul.New(client, "rooms"), func(set []discover.Instance) bool { return len(set) == 0 })
	services, err := client.Agent().Services()
	require.NoError(t, err)
	require.Len(t, services, 1)
	wait(t, 100*time.Second) // Consul looks twice a minute
	services, err = client.Agent().Services()
	require.NoError(t, err)
	require.Empty(t, services)
}
