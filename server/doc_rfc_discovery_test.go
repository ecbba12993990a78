package server_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
)

// metadata returns what the registry knows of its instances.
func (r *registry) metadata() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]string{}
	for _, in := range r.set {
		maps.Copy(all, in.Meta)
	}
	return all
}

// TestRFC000ServerReportsSLA has a server tell a registry what it promises for each
// operation.
func TestRFC000ServerReportsSLA(t *testing.T) {
	t.Parallel()
	slo := observe.NewSLO(observe.Objective{Availability: 0.999, Latency: 100 * time.Millisecond, LatencyRatio: 0.99})
	r := newRegistry()
	newHost(t, served(double), setup{
		layers: []endpoint.Layer{slo}, items: []server.Item{server.Watch(slo)}, listen: []server.ListenOption{server.Register(r)},
	})
	r.await(1)
	for _, op := range []string{"Post", "Put"} {
		require.Equal(t, "0.999", r.metadata()["slo.posts."+op+".availability"])
		require.Equal(t, "0.99<100ms", r.metadata()["slo.posts."+op+".latency"])
	}
}

// TestRFC000ServerExposesSLI looks at what was measured of each operation, beside what was
// promised.
func TestRFC000ServerExposesSLI(t *testing.T) {
	t.Parallel()
	slo := observe.NewSLO(observe.Objective{Availability: 0.999})
	h := newHost(t, &posts{Post: double, Put: func(context.Context, int) (int, error) { return 0, errDown }}, setup{
		layers: []endpoint.Layer{slo}, items: []server.Item{server.Watch(slo)},
	})
	for _, transport := range transports {
		c := h.client(t, transport)
		_, err := c.Post(t.Context(), 1)
		require.NoError(t, err)
		_, err = c.Put(t.Context(), 1)
		require.Error(t, err)
	}
	_, body := ask(t, "http://"+h.addr["admin"]+"/endpoints", "")
	var list struct {
		Endpoints []struct {
			Name      string
			Transport string
			Objective struct{ Availability float64 }
			Total     struct {
				Calls, ServerFaults int
				P99Seconds          float64
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &list, json.MatchCaseInsensitiveNames(true)))
	require.Len(t, list.Endpoints, 4)
	for _, e := range list.Endpoints {
		require.InDelta(t, 0.999, e.Objective.Availability, 1e-9)
		require.Equal(t, 1, e.Total.Calls, "%s over %s", e.Name, e.Transport)
		require.Equal(t, map[string]int{"Post": 0, "Put": 1}[e.Name], e.Total.ServerFaults, "%s over %s", e.Name, e.Transport)
		require.Positive(t, e.Total.P99Seconds)
	}
}

// TestRFC000ServerRegisters has a client find a server in a registry, by its registration
// alone.
func TestRFC000ServerRegisters(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	newHost(t, served(double), setup{listen: []server.ListenOption{server.Register(r)}})
	r.await(1)
	pool := discover.New(httpx.Dialer())
	follow(t, func(ctx context.Context) error { return pool.Run(ctx, r) })
	var c posts
	require.NoError(t, httpx.Client(pool, &c))
	got, err := c.Post(t.Context(), 21)
	require.NoError(t, err)
	require.Equal(t, 42, got)
}

// TestRFC000ServerDeregisters ends servers in several ways. Each tries to leave the registry,
// and goes on with the stop if that fails.
func TestRFC000ServerDeregisters(t *testing.T) {
	t.Parallel()
	fails := func(context.Context) error { return errors.New("away") }
	for name, tt := range map[string]struct {
		work, leave behaviour // a work of the server, and the end of the registrar: nil hangs
		err         string    // of Run, "" for any or none
	}{
		"stop":                 {untilEnd, well, ""},
		"failure of a part":    {fails, well, "work: away"},
		"panic of a part":      {panics, well, "work: panic: boom"},
		"leaving fails":        {untilEnd, fails, ""},
		"leaving panics":       {untilEnd, panics, ""},
		"leaving does not end": {untilEnd, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, release, leave := newJournal(), make(chan struct{}), tt.leave
				defer close(release)
				if leave == nil {
					leave = func(context.Context) error { <-release; return nil }
				}
				s := server.New("rooms", quiet())
				s.Add(
					server.Listen("broker", free, newPart(j, well), server.Register(&registrar{journal: j, after: leave})),
					server.Go("work", func(ctx context.Context) error { time.Sleep(time.Second); return tt.work(ctx) }))
				stop := running(t, s)
				time.Sleep(2 * time.Second)
				err := stop()
				if tt.err != "" {
					require.ErrorContains(t, err, tt.err)
				}
				require.Regexp(t, `(?s)\d register\n.*\d deregister\n.*\d part drain\n`, strings.Join(j.all(), "\n"))
			})
		})
	}
}

// A file is a registrar of one's own: it appends what happens to a text.
type file struct {
	text strings.Builder
	seen chan struct{}
}

func (f *file) Register(ctx context.Context, in discover.Instance) error {
	f.text.WriteString("+" + in.Addr)
	close(f.seen)
	<-ctx.Done()
	f.text.WriteString(" -" + in.Addr)
	return nil
}

// TestRFC000DiscoveryIsInterchangeable registers one listener with registries of two kinds.
func TestRFC000DiscoveryIsInterchangeable(t *testing.T) {
	t.Parallel()
	memory, own := newRegistry(), &file{seen: make(chan struct{})}
	h := newHost(t, served(double), setup{listen: []server.ListenOption{server.Register(memory), server.Register(own)}})
	memory.await(1)
	<-own.seen
	addr := h.addr["HTTP"]
	require.NoError(t, h.stop())
	memory.await(0)
	require.Equal(t, "+"+addr+" -"+addr, own.text.String())
}
