package admin_test

import (
	"bufio"
	"context"
	"encoding/json/v2"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/admin"
)

// A stream is what a reader of the figures gets.
type stream struct {
	status int
	header http.Header
	body   io.Reader
}

// watch opens the stream of a server. It ends with stop, or with the test.
func watch(t *testing.T, url string) (s stream, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/live", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	stop = func() {
		cancel()
		_ = resp.Body.Close()
	}
	t.Cleanup(stop)
	return stream{resp.StatusCode, resp.Header, resp.Body}, stop
}

// next returns the next item of a stream.
func next(t *testing.T, body io.Reader) admin.Snapshot {
	t.Helper()
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var s admin.Snapshot
			require.NoError(t, json.Unmarshal([]byte(data), &s))
			return s
		}
	}
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s.URL
}

// TestReadersAreBounded has as many readers as there is room for, and one more.
func TestReadersAreBounded(t *testing.T) {
	t.Parallel()
	url := listen(t, handler(t, newSource()))
	var stops []func()
	for range 16 {
		resp, stop := watch(t, url)
		require.Equal(t, http.StatusOK, resp.status)
		require.Equal(t, "text/event-stream", resp.header.Get("Content-Type"))
		stops = append(stops, stop)
	}
	resp, stop := watch(t, url)
	require.Equal(t, http.StatusServiceUnavailable, resp.status)
	require.Equal(t, "5", resp.header.Get("Retry-After"))
	body, err := io.ReadAll(resp.body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"reason":"TOO_MANY_READERS"`)
	stop()
	stops[0]()
	require.Eventually(t, func() bool {
		resp, stop := watch(t, url)
		defer stop()
		return resp.status == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond, "a place that is free is taken again")
}

// TestSnapshot is an item with all that the page shows.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	src := newSource()
	slo := observe.NewSLO(observe.Objective{Availability: 0.9, Latency: time.Second, LatencyRatio: 0.5})
	slo.For(getOp)
	src.Objectives = slo.Status
	src.Listeners = func() []admin.Listener { return []admin.Listener{{Name: "HTTP", Address: "[::]:80"}} }
	check := admin.Check{Name: "database", Status: "fail", Error: "refused", Critical: true, Since: time.Unix(1, 0).UTC(), Took: 0.5}
	src.Checks = func() []admin.Check { return []admin.Check{check} }
	src.Gauges = func(yield func(endpoint.Gauge) bool) {
		for _, g := range []endpoint.Gauge{
			{Source: "slo", Metric: "calls", Value: 3},
			{Source: "breaker", Name: "strings", Metric: "state", Operation: askOp, Value: 2},
			{Source: "pool", Name: "b", Metric: "instances", Value: 1},
			{Source: "pool", Name: "a", Metric: "instances", Value: 3},
			{Source: "pool", Name: "a", Metric: "serving", Value: 2},
			{Source: "pool", Name: "a", Metric: "ejected", Value: 1},
			{Source: "pool", Name: "a", Metric: "age_seconds", Value: 9},
			{Source: "pool", Name: "a", Metric: "pending", Detail: "x:1", Value: 4},
			{Source: "pool", Name: "a", Metric: "weight", Detail: "x:1", Value: 0.5},
			{Source: "pool", Name: "a", Metric: "out", Detail: "y:1", Value: 1},
		} {
			if !yield(g) {
				return
			}
		}
	}
	src.Traces = "http://localhost:16686/trace/{trace}"
	src.Events.Add(t.Context(), endpoint.Event{Source: "pool", Kind: "ejected"})
	end(t, src.Figures, getOp, time.Millisecond, nil)
	end(t, src.Figures, getOp, 0, errMissing)
	end(t, src.Figures, askOp, 0, errSecret)
	end(t, src.Figures, unroutedOp, 0, errMissing)

	resp, _ := watch(t, listen(t, handler(t, src)))
	got := next(t, resp.body)
	require.Equal(t, "profilesvc", got.Server)
	require.Equal(t, "running", got.State)
	require.WithinDuration(t, src.Start, got.Start, 0)
	require.WithinDuration(t, time.Now(), got.Now, time.Minute)
	require.Equal(t, []admin.Listener{{Name: "HTTP", Address: "[::]:80"}}, got.Listeners)
	require.Equal(t, []admin.Check{check}, got.Checks)
	require.Equal(t, "ejected", got.Events[0].Kind)

	require.Equal(t, uint64(3), got.Served.Calls, "without what is called")
	require.Equal(t, uint64(2), got.Served.Minute.CallerFaults)
	require.Len(t, got.Series, 60)
	require.Len(t, got.Endpoints, 3)
	require.Equal(t, uint64(2), got.Endpoints[0].Minute.Calls)
	require.Len(t, got.Endpoints[0].P99, 12)
	require.Positive(t, got.Endpoints[0].P99[11])

	require.Len(t, got.Calls, 3)
	require.Equal(t, "unrouted", got.Calls[0].Operation)
	require.Equal(t, "server fault", got.Calls[1].Kind)
	call := got.Calls[2]
	call.At = time.Time{}
	require.Equal(t, admin.Call{
		Kind: "caller fault", Operation: "Profiles.Get", Side: "server", Transport: "http", Code: "NOT_FOUND",
		Domain: "profiles", Reason: "MISSING", RequestID: "r-1",
		TraceID: traceID, TraceURL: "http://localhost:16686/trace/" + traceID,
	}, call)

	require.Equal(t, []admin.Gauge{{Source: "breaker", Name: "strings", Operation: "Strings.Uppercase", Metric: "state", Value: 2}}, got.Gauges)
	require.Equal(t, []admin.Pool{
		{Name: "a", Instances: 3, Serving: 2, Ejected: 1, Age: 9, Members: []admin.Instance{
			{Address: "y:1", Out: true}, {Address: "x:1", Pending: 4, Weight: 0.5},
		}},
		{Name: "b", Instances: 1, Members: []admin.Instance{}},
	}, got.Pools)
	require.Len(t, got.Promises, 2)
	require.Equal(t, "Profiles.Get", got.Promises[0].Operation)
	require.Equal(t, "availability", got.Promises[0].Part)
	require.Len(t, got.Promises[0].Burn, 3)
	require.InDelta(t, 1, got.Promises[1].Limit, 0)

	end(t, src.Figures, getOp, 0, nil)
	require.Equal(t, uint64(4), next(t, resp.body).Served.Calls, "a second later")
}
