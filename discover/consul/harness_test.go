package consul_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// startDev starts an agent that is a server as well and keeps its data in memory.
func startDev(t *testing.T, flags ...string) *registrytest.Process {
	t.Helper()
	return start(t, func(string) []string { return append([]string{"-dev"}, flags...) })
}

// startServer starts an agent that is a server as well and keeps its data in a folder.
func startServer(t *testing.T) *registrytest.Process {
	t.Helper()
	return start(t, func(dir string) []string {
		return []string{"-server", "-bootstrap-expect=1", "-data-dir=" + dir, "-hcl=performance { raft_multiplier = 1 }"}
	})
}

func start(t *testing.T, flags func(dir string) []string) *registrytest.Process {
	t.Helper()
	program := registrytest.ConsulProgram(t)
	a := newAgent(t)
	return registrytest.Launch(t, a.http, func(dir string) *exec.Cmd {
		return exec.Command(program, a.args(flags(dir)...)...) //nolint:noctx,gosec // it ends with the test
	}, a.ready)
}

// An agent has its addresses before it starts.
type agent struct{ http, serf, server string }

func newAgent(t *testing.T) agent {
	t.Helper()
	return agent{registrytest.Addr(t), registrytest.Addr(t), registrytest.Addr(t)}
}

// args returns the command line of an agent that listens on this machine only.
func (a agent) args(flags ...string) []string {
	return append([]string{
		"agent", "-bind=127.0.0.1", "-client=127.0.0.1", "-node=node" + port(a.http),
		"-http-port=" + port(a.http), "-serf-lan-port=" + port(a.serf), "-server-port=" + port(a.server),
		"-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1", "-serf-wan-port=-1",
		"-log-level=warn", "-disable-host-node-id=true",
	}, flags...)
}

// ready reports why the agent does not know itself as healthy yet.
func (a agent) ready(ctx context.Context) error {
	client, err := api.NewClient(&api.Config{Address: a.http, Token: "root", Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		return err
	}
	found, _, err := client.Health().Service("consul", "", true, new(api.QueryOptions).WithContext(ctx))
	if err == nil && len(found) == 0 {
		err = errors.New("no server is healthy")
	}
	return err
}

func port(addr string) string {
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err)
	}
	return p
}

// newClient returns one of the agent at an address, whose connections end with the test.
func newClient(t *testing.T, addr string) *api.Client {
	t.Helper()
	client, _ := dial(t, addr)
	return client
}

func dial(t *testing.T, addr string) (*api.Client, *http.Transport) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 50}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := api.NewClient(&api.Config{Address: addr, Transport: transport})
	require.NoError(t, err)
	return client, transport
}

// set makes the catalog have these instances of rooms, and no others, on nodes that have no
// agent.
func set(t *testing.T, client *api.Client, instances []discover.Instance) {
	t.Helper()
	known, _, err := client.Catalog().Service("rooms", "", nil)
	require.NoError(t, err)
	stay := map[string]bool{}
	for _, in := range instances {
		r := registrationOf(t, in)
		stay[r.Service.ID] = true
		_, err := client.Catalog().Register(r, nil)
		require.NoError(t, err)
	}
	for _, s := range known {
		if stay[s.ServiceID] {
			continue
		}
		_, err := client.Catalog().Deregister(&api.CatalogDeregistration{Node: s.Node, ServiceID: s.ServiceID}, nil)
		require.NoError(t, err)
	}
}

// registrationOf returns the entry of an instance in the catalog, as another program writes it.
func registrationOf(t *testing.T, in discover.Instance) *api.CatalogRegistration {
	t.Helper()
	host, text, err := net.SplitHostPort(in.Addr)
	require.NoError(t, err)
	p, err := net.LookupPort("tcp", text)
	require.NoError(t, err)
	s := &api.AgentService{ID: in.Addr, Service: "rooms", Address: host, Port: p, Meta: map[string]string{}}
	maps.Copy(s.Meta, in.Meta)
	if in.Weight != 0 {
		s.Meta["weight"] = fmt.Sprint(in.Weight)
	}
	if in.Zone != "" {
		s.Meta["zone"] = in.Zone
	}
	if in.Priority != 0 {
		s.Meta["priority"] = fmt.Sprint(in.Priority)
	}
	return &api.CatalogRegistration{Node: "elsewhere", Address: "192.0.2.200", Service: s}
}

// next returns the set that the source yields, within a time.
func next(t *testing.T, source discover.Source, within time.Duration) ([]discover.Instance, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for set, err := range source.Watch(ctx) {
		return set, err
	}
	return nil, ctx.Err()
}

// eventually waits until the source yields a set that satisfies is.
func eventually(t *testing.T, source discover.Source, is func(set []discover.Instance) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var last []discover.Instance
	var lastErr error
	for set, err := range source.Watch(ctx) {
		last, lastErr = set, err
		if err == nil && is(set) {
			return
		}
	}
	t.Fatalf("the last error is %v, the last set has %d instances: %q", lastErr, len(last), addrs(last))
}

func addrs(set []discover.Instance) []string {
	all := []string{}
	for _, in := range set {
		all = append(all, in.Addr)
	}
	return all
}

// register registers an instance until the test ends, or stop is called.
func register(t *testing.T, r *consul.Registry, in discover.Instance) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.Register(ctx, in); err != nil {
			t.Errorf("Register: %v", err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// A proxy is in front of an agent. It changes requests and responses, and counts the queries of
// Watch.
type proxy struct {
	addr string

	mu      sync.Mutex // guards the fields below
	to      string
	queries []url.Values
}

func newProxy(t *testing.T, to string, request func(*http.Request), change func(*http.Response) error) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: l.Addr().String(), to: to}
	transport := &http.Transport{}
	srv := &http.Server{Handler: &httputil.ReverseProxy{ //nolint:gosec // of a test, on loopback
		Rewrite: func(r *httputil.ProxyRequest) {
			p.mu.Lock()
			defer p.mu.Unlock()
			r.SetURL(&url.URL{Scheme: "http", Host: p.to})
			if strings.HasPrefix(r.In.URL.Path, "/v1/health/service/") {
				p.queries = append(p.queries, r.In.URL.Query())
			}
			if request != nil {
				request(r.Out)
			}
		},
		ModifyResponse: change,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		Transport:      transport,
	}}
	var serving sync.WaitGroup
	serving.Go(func() { _ = srv.Serve(l) })
	t.Cleanup(func() {
		_ = srv.Close()
		serving.Wait()
		transport.CloseIdleConnections()
	})
	return p
}

// lead makes the proxy reach another agent from now on.
func (p *proxy) lead(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// asked returns the queries since the last call.
func (p *proxy) asked() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	queries := p.queries
	p.queries = nil
	return queries
}

// wait waits for d.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// events collects the events of a registry.
type events struct {
	mu  sync.Mutex // guards the field below
	all []endpoint.Event
}

func (e *events) on(_ context.Context, event endpoint.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// texts returns the events of a kind as "detail: error".
func (e *events) texts(kind string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var texts []string
	for _, event := range e.all {
		if event.Kind == kind {
			texts = append(texts, fmt.Sprintf("%s: %v", event.Detail, event.Err))
		}
	}
	return texts
}

// A watching is a Watch whose sets and errors are kept as texts.
type watching struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex // guards the fields below
	texts   []string
	next    int // the first text that await has not seen
	changed chan struct{}
}

// watch follows the source until the test ends.
func watch(t *testing.T, source discover.Source) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for set, err := range source.Watch(ctx) {
			w.note(set, err)
		}
	}()
	t.Cleanup(w.end)
	return w
}

func (w *watching) note(set []discover.Instance, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := fmt.Sprint(addrs(set))
	if err != nil {
		text = err.Error()
	}
	w.texts = append(w.texts, text)
	close(w.changed)
	w.changed = make(chan struct{})
}

// end ends the Watch, and waits for that.
func (w *watching) end() {
	w.cancel()
	<-w.ended
}

// news returns all that came.
func (w *watching) news() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts)
}

// await waits until something comes that contains the text, and that it has not seen before.
func (w *watching) await(t *testing.T, text string) {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	for {
		w.mu.Lock()
		texts, changed := w.texts, w.changed
		for w.next < len(texts) {
			w.next++
			if strings.Contains(texts[w.next-1], text) {
				w.mu.Unlock()
				return
			}
		}
		w.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("no %q; there came %q", text, texts)
		}
	}
}
