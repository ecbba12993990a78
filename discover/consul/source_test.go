package consul_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
)

// TestIndexGoesBackwards has a service asked at another Consul, whose index is lower, as after
// a loss of data that no connection has noticed.
func TestIndexGoesBackwards(t *testing.T) {
	t.Parallel()
	before, after := startDev(t), startDev(t)
	old, fresh := discover.Instance{Addr: "192.0.2.1:80"}, discover.Instance{Addr: "192.0.2.2:80"}
	set(t, newClient(t, after.Addr), []discover.Instance{fresh})
	client := newClient(t, before.Addr)
	for range 200 { // writes, with which the index grows
		_, err := client.KV().Put(&api.KVPair{Key: "any", Value: []byte(time.Now().String())}, nil)
		require.NoError(t, err)
	}
	set(t, client, []discover.Instance{old})
	p := newProxy(t, before.Addr, nil, nil)
	var errs []string
	var sets [][]string
	for set, err := range consul.New(newClient(t, p.addr), "rooms", consul.TTL(2*time.Second)).Watch(t.Context()) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		sets = append(sets, addrs(set))
		if len(sets) == 1 {
			p.lead(after.Addr)
		}
		if slices.Equal(addrs(set), []string{fresh.Addr}) {
			break
		}
	}
	require.Len(t, errs, 1)
	require.Regexp(t, `^consul: the index went backwards from \d+ to \d+: data may be lost$`, errs[0])
	require.Equal(t, [][]string{{old.Addr}, {old.Addr, fresh.Addr}, {fresh.Addr}}, sets)
	indexes := []string{}
	for _, q := range p.asked() {
		indexes = append(indexes, q.Get("index"))
	}
	require.Equal(t, 2, count(indexes, ""), "a query without an index at the start and after the loss: %q", indexes)
}

// TestLostConnection has the connection to the agent break. net/http takes another one
// without an error, and reaches an agent that has lost an instance and has a higher index.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	a, b := discover.Instance{Addr: "192.0.2.1:80"}, discover.Instance{Addr: "192.0.2.2:80"}
	before, after := startDev(t), startDev(t)
	set(t, newClient(t, before.Addr), []discover.Instance{a, b})
	client := newClient(t, after.Addr)
	for range 200 { // writes, with which the index grows
		_, err := client.KV().Put(&api.KVPair{Key: "any", Value: []byte(time.Now().String())}, nil)
		require.NoError(t, err)
	}
	set(t, client, []discover.Instance{a})
	for name, tt := range map[string]struct {
		breaks string // "waiting": while a query waits, "idle": between two queries
		to     string // the agent that is reached afterwards
		want   []string
	}{
		"between queries":    {"idle", after.Addr, []string{missing, "[192.0.2.1:80 192.0.2.2:80]", "[192.0.2.1:80]"}},
		"while waiting":      {"waiting", after.Addr, []string{missing, "[192.0.2.1:80 192.0.2.2:80]", "[192.0.2.1:80]"}},
		"nothing missing":    {"waiting", before.Addr, nil},
		"another connection": {"", after.Addr, []string{"[192.0.2.1:80]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			var p *proxy
			p = newProxy(t, before.Addr, func(r *http.Request) {
				if r.URL.Query().Get("index") == "" || !broken.CompareAndSwap(false, true) {
					return
				}
				r.URL.Host, p.to = tt.to, tt.to
				if tt.breaks == "waiting" {
					panic(http.ErrAbortHandler)
				}
			}, nil)
			var first, second http.Transport // for one request each, in turn
			t.Cleanup(first.CloseIdleConnections)
			t.Cleanup(second.CloseIdleConnections)
			client, err := api.NewClient(&api.Config{Address: p.addr, HttpClient: &http.Client{Transport: roundTrip(
				func(r *http.Request) (*http.Response, error) {
					switch {
					case r.URL.Query().Get("index") == "" || tt.breaks == "waiting":
						return first.RoundTrip(r)
					case tt.breaks == "idle":
						first.CloseIdleConnections()
					}
					return second.RoundTrip(r)
				})}})
			require.NoError(t, err)
			w := watch(t, consul.New(client, "rooms", consul.TTL(2*time.Second)))
			w.await(t, "[192.0.2.1:80 192.0.2.2:80]")
			for _, text := range tt.want {
				w.await(t, text)
			}
			wait(t, time.Second)
			require.Len(t, w.news(), 1+len(tt.want))
		})
	}
}

const missing = "consul: instances are missing after a connection was lost: data may be lost"

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func count(texts []string, text string) int {
	n := 0
	for _, other := range texts {
		if other == text {
			n++
		}
	}
	return n
}

// TestHotIndex makes queries return immediately, either with the index zero or always with a
// newer one. The larger the set, the fewer queries are allowed.
func TestHotIndex(t *testing.T) {
	t.Parallel()
	few, many := startDev(t), startDev(t)
	setMany(t, newClient(t, few.Addr), 1)
	setMany(t, newClient(t, many.Addr), 2000)
	withoutIndex := func(r *http.Request) {
		q := r.URL.Query()
		q.Del("index")
		r.URL.RawQuery = q.Encode()
	}
	for name, tt := range map[string]struct {
		server   string
		request  func(*http.Request)
		response func(*http.Response) error
		gap      time.Duration
		index    string // of all queries but the first one
	}{
		"zero": {
			server:   few.Addr,
			response: func(r *http.Response) error { r.Header.Set("X-Consul-Index", "0"); return nil },
			gap:      100 * time.Millisecond,
			index:    "1",
		},
		"always newer":       {server: few.Addr, request: withoutIndex, gap: 100 * time.Millisecond},
		"many, always newer": {server: many.Addr, request: withoutIndex, gap: 1100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, tt.server, tt.request, tt.response)
			begun := time.Now()
			w := watch(t, consul.New(newClient(t, p.addr), "rooms"))
			wait(t, 3*time.Second)
			w.end()
			queries := p.asked()
			require.LessOrEqual(t, len(queries), int(time.Since(begun)/tt.gap)+3) // the burst, and the end of the first query
			require.GreaterOrEqual(t, len(queries), 3)
			if tt.index != "" {
				for _, q := range queries[1:] {
					require.Equal(t, tt.index, q.Get("index"))
				}
			}
			require.Len(t, w.news(), 1)
		})
	}
}

// TestWaits has nothing happen: each query waits, and the client waits longer than Consul.
func TestWaits(t *testing.T) {
	t.Parallel()
	server := startDev(t)
	set(t, newClient(t, server.Addr), []discover.Instance{{Addr: "192.0.2.1:80"}})
	p := newProxy(t, server.Addr, nil, nil)
	w := watch(t, consul.New(newClient(t, p.addr), "rooms", consul.TTL(4*time.Second)))
	wait(t, 5*time.Second)
	w.end()
	require.Equal(t, []string{"[192.0.2.1:80]"}, w.news())
	queries := p.asked()
	require.LessOrEqual(t, len(queries), 6)
	require.GreaterOrEqual(t, len(queries), 4)
	require.Equal(t, "1000ms", queries[1].Get("wait"))
}

// TestSilence has an agent say nothing: that is noticed before registrations end.
func TestSilence(t *testing.T) {
	t.Parallel()
	server := startDev(t)
	w := watch(t, consul.New(newClient(t, server.Addr), "rooms", consul.TTL(6*time.Second)))
	w.await(t, "[]")
	begun := time.Now()
	server.Stop()
	w.await(t, "context deadline exceeded")
	require.Less(t, time.Since(begun), 4*time.Second)
	server.Continue()
	w.await(t, "[]")
}

// TestAddresses reads what other programs have registered.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		node, service string
		port          int
		want          []string
		event         string
	}{
		"service over node": {"192.0.2.1", "192.0.2.2", 80, []string{"192.0.2.2:80"}, ""},
		"node":              {"192.0.2.1", "", 80, []string{"192.0.2.1:80"}, ""},
		"IPv6":              {"192.0.2.1", "2001:db8::1", 80, []string{"[2001:db8::1]:80"}, ""},
		"IPv6 of the node":  {"2001:db8::1", "", 80, []string{"[2001:db8::1]:80"}, ""},
		"IPv6 in brackets":  {"192.0.2.1", "[2001:db8::1]", 80, []string{"[2001:db8::1]:80"}, ""},
		"name":              {"192.0.2.1", "rooms.internal", 80, []string{"rooms.internal:80"}, ""},
		"no port":           {"192.0.2.1", "", 0, []string{}, `one: consul: the address "192.0.2.1" with the port 0 is not complete`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, startDev(t).Addr)
			_, err := client.Catalog().Register(&api.CatalogRegistration{
				Node: "elsewhere", Address: tt.node,
				Service: &api.AgentService{ID: "one", Service: "rooms", Address: tt.service, Port: tt.port},
			}, nil)
			require.NoError(t, err)
			var e events
			w := watch(t, consul.New(client, "rooms", consul.OnEvent(e.on)))
			w.await(t, fmt.Sprint(tt.want))
			_, err = client.Catalog().Register(&api.CatalogRegistration{
				Node: "elsewhere", Address: tt.node,
				Service: &api.AgentService{ID: "two", Service: "rooms", Address: "192.0.2.9", Port: 80},
			}, nil)
			require.NoError(t, err)
			w.await(t, "192.0.2.9:80")
			if tt.event == "" {
				require.Empty(t, e.texts("malformed"))
			} else {
				require.Equal(t, []string{tt.event}, e.texts("malformed"), "once, though there were two responses")
			}
		})
	}
}

// TestWeights reads weights from metadata and from Consul, with checks that pass and that warn.
func TestWeights(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	for i, s := range []struct {
		meta             map[string]string
		passing, warning int
		status           string
	}{
		{nil, 1, 1, api.HealthPassing},
		{nil, 7, 3, api.HealthPassing},
		{nil, 7, 3, api.HealthWarning},
		{nil, 7, 0, api.HealthWarning},
		{map[string]string{"weight": "2.5"}, 7, 3, api.HealthWarning},
		{map[string]string{"weight": "heavy", "priority": "low", "zone": "a"}, 7, 3, api.HealthPassing},
		{map[string]string{"weight": "NaN"}, 1, 1, api.HealthPassing},
		{nil, 7, 3, api.HealthCritical},
	} {
		_, err := client.Catalog().Register(&api.CatalogRegistration{
			Node: fmt.Sprint("node", i), Address: "192.0.2.200",
			Service: &api.AgentService{
				ID: fmt.Sprint("id", i), Service: "rooms", Address: fmt.Sprint("192.0.2.", i), Port: 80, Meta: s.meta,
				Weights: api.AgentWeights{Passing: s.passing, Warning: s.warning},
			},
			Check: &api.AgentCheck{CheckID: fmt.Sprint("check", i), ServiceID: fmt.Sprint("id", i), Name: "any", Status: s.status},
		}, nil)
		require.NoError(t, err)
	}
	var e events
	got, err := next(t, consul.New(client, "rooms", consul.OnEvent(e.on)), 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, []discover.Instance{
		{Addr: "192.0.2.0:80"},
		{Addr: "192.0.2.1:80", Weight: 7},
		{Addr: "192.0.2.5:80", Weight: 7, Zone: "a"},
		{Addr: "192.0.2.6:80"},
	}, got)
	told := e.texts("malformed")
	slices.Sort(told)
	require.Len(t, told, 2)
	require.Contains(t, told[0], `consul: the weight "heavy" is not a positive number`)
	require.Contains(t, told[0], `consul: the priority "low" is not a number`)
	require.Equal(t, `id6: consul: the weight "NaN" is not a positive number`, told[1])

	got, err = next(t, consul.New(client, "rooms", consul.Warning()), 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, []discover.Instance{
		{Addr: "192.0.2.0:80"},
		{Addr: "192.0.2.1:80", Weight: 7},
		{Addr: "192.0.2.2:80", Weight: 3},
		{Addr: "192.0.2.4:80", Weight: 2.5},
		{Addr: "192.0.2.5:80", Weight: 7, Zone: "a"},
		{Addr: "192.0.2.6:80"},
	}, got)
}

// TestHealthChanges follows a check of an operator's, and maintenance.
func TestHealthChanges(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	require.NoError(t, client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		ID: "one", Name: "rooms", Address: "192.0.2.1", Port: 80,
		Check: &api.AgentServiceCheck{CheckID: "c", TTL: "1h", Status: api.HealthPassing},
	}))
	strict, lenient := watch(t, consul.New(client, "rooms")), watch(t, consul.New(client, "rooms", consul.Warning()))
	strict.await(t, "[192.0.2.1:80]")
	lenient.await(t, "[192.0.2.1:80]")
	require.NoError(t, client.Agent().UpdateTTL("c", "", api.HealthWarning))
	strict.await(t, "[]")
	require.NoError(t, client.Agent().UpdateTTL("c", "", api.HealthCritical))
	lenient.await(t, "[]")
	require.NoError(t, client.Agent().UpdateTTL("c", "", api.HealthPassing))
	strict.await(t, "[192.0.2.1:80]")
	lenient.await(t, "[192.0.2.1:80]")
	require.NoError(t, client.Agent().EnableServiceMaintenance("one", "any"))
	strict.await(t, "[]")
	lenient.await(t, "[]")
}

// TestTags filters by all tags.
func TestTags(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	register(t, consul.New(client, "rooms", consul.Tags("v2", "blue")), discover.Instance{Addr: "192.0.2.1:80"})
	register(t, consul.New(client, "rooms", consul.Tags("v2")), discover.Instance{Addr: "192.0.2.2:80"})
	register(t, consul.New(client, "rooms"), discover.Instance{Addr: "192.0.2.3:80"})
	for _, tt := range []struct {
		tags []string
		want []string
	}{
		{nil, []string{"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"}},
		{[]string{"v2"}, []string{"192.0.2.1:80", "192.0.2.2:80"}},
		{[]string{"blue", "v2"}, []string{"192.0.2.1:80"}},
		{[]string{"green"}, []string{}},
	} {
		eventually(t, consul.New(client, "rooms", consul.Tags(tt.tags...)), func(set []discover.Instance) bool {
			return slices.Equal(addrs(set), tt.want)
		})
	}
}

// TestConsistency asks in each of Consul's modes.
func TestConsistency(t *testing.T) {
	t.Parallel()
	server := startDev(t)
	set(t, newClient(t, server.Addr), []discover.Instance{{Addr: "192.0.2.1:80"}})
	for mode, opts := range map[string][]consul.Option{"": nil, "stale": {consul.Stale()}, "consistent": {consul.Consistent()}} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, server.Addr, nil, nil)
			got, err := next(t, consul.New(newClient(t, p.addr), "rooms", opts...), 10*time.Second)
			require.NoError(t, err)
			require.Equal(t, []string{"192.0.2.1:80"}, addrs(got))
			for _, q := range p.asked() {
				require.Equal(t, mode == "stale", q.Has("stale"))
				require.Equal(t, mode == "consistent", q.Has("consistent"))
			}
		})
	}
}

// TestManyServices has more services than a set may have.
func TestManyServices(t *testing.T) {
	t.Parallel()
	client := newClient(t, startDev(t).Addr)
	const n = 10_001
	setMany(t, client, n)
	slow := consul.TTL(time.Minute) // a query has half of it
	_, err := next(t, consul.New(client, "rooms", slow), time.Minute)
	require.EqualError(t, err, "consul: there are more than 10000 instances of rooms")
	_, err = client.Catalog().Deregister(&api.CatalogDeregistration{Node: "elsewhere", ServiceID: "0"}, nil)
	require.NoError(t, err)
	got, err := next(t, consul.New(client, "rooms", slow), time.Minute)
	require.NoError(t, err)
	require.Len(t, got, n-1)
}

// setMany makes the catalog have n instances of rooms.
func setMany(t *testing.T, client *api.Client, n int) {
	t.Helper()
	_, err := client.Catalog().Register(&api.CatalogRegistration{Node: "elsewhere", Address: "192.0.2.200"}, nil)
	require.NoError(t, err)
	all := make(api.TxnOps, n)
	for i := range all {
		all[i] = &api.TxnOp{Service: &api.ServiceTxnOp{Verb: api.ServiceSet, Node: "elsewhere", Service: api.AgentService{
			ID: fmt.Sprint(i), Service: "rooms", Address: fmt.Sprintf("198.51.%d.%d", i/250, i%250), Port: 80,
		}}}
	}
	for ops := range slices.Chunk(all, 64) {
		ok, resp, _, err := client.Txn().Txn(ops, nil)
		require.NoError(t, err)
		require.True(t, ok, "%+v", resp)
	}
}
