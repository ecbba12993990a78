package admin_test

import (
	"encoding/json/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/admin"
)

// TestEndpoints is the whole document of a server with all kinds of operations.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		isGet := func(op *endpoint.Operation) bool { return op.Name == "Get" }
		slo := observe.NewSLO(observe.Objective{Availability: 0.99}, observe.Promise(isGet, observe.Objective{
			Availability: 0.999, Latency: 100 * time.Millisecond, LatencyRatio: 0.95,
		}))
		src.Objectives = slo.Status
		for _, op := range []*endpoint.Operation{unroutedOp, askOp, watchOp, getOp} {
			src.Figures.Of(op)
			slo.For(op)
		}
		time.Sleep(2 * time.Second)
		end(t, src.Figures, getOp, 0, nil)
		end(t, src.Figures, getOp, 0, errMissing)
		end(t, src.Figures, getOp, 0, errSecret)
		src.Figures.Of(getOp).Begin()
		h := handler(t, src)
		resp := get(t, h, "/endpoints")
		body := resp.body
		require.Equal(t, "application/json", resp.header.Get("Content-Type"))
		require.NotContains(t, body, "secret")
		require.Equal(t, body, get(t, h, "/endpoints").body, "the order is always the same")

		var list admin.List
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		require.Equal(t, "profilesvc", list.Server)
		require.Equal(t, "running", list.State)
		require.True(t, src.Start.Equal(list.Start))
		require.True(t, time.Now().Equal(list.Now))
		require.Regexp(t, `^go1\.`, list.Build.Go)
		require.Len(t, list.Endpoints, 4)

		got := list.Endpoints[0]
		const few = 0.00001 // seconds: the end of the first bucket
		for _, sum := range []*admin.Sum{&got.Minute, &got.Total} {
			require.Less(t, sum.P99, few)
			sum.P50, sum.P90, sum.P99 = 0, 0, 0
		}
		require.Equal(t, admin.Endpoint{
			Service: "Profiles", Name: "Get", Side: "server", Transport: "http", Method: "GET", Path: "/profiles/{id}",
			Idempotent: true, Streams: "unary",
			Doc:       "Returns a profile.",
			Errors:    []admin.DeclaredError{{Code: "NOT_FOUND", Domain: "profiles", Reason: "MISSING"}},
			Objective: &admin.Objective{Availability: 0.999, Latency: 0.1, LatencyRatio: 0.95},
			Total:     admin.Sum{Calls: 3, ServerFaults: 1, CallerFaults: 1},
			Codes:     map[string]uint64{"OK": 1, "NOT_FOUND": 1, "INTERNAL": 1},
			Minute:    admin.Sum{Calls: 3, ServerFaults: 1, CallerFaults: 1},
			Seconds:   2, InFlight: 1,
		}, got)
		require.Equal(t, admin.Endpoint{
			Service: "Profiles", Name: "Watch", Side: "server", Transport: "grpc", Method: "/Profiles/Watch", Streams: "server stream",
			Objective: &admin.Objective{Availability: 0.99}, Seconds: 2,
		}, list.Endpoints[1])
		require.Equal(t, admin.Endpoint{
			Service: "Strings", Name: "Uppercase", Side: "client", Transport: "http", Streams: "unary",
			Objective: &admin.Objective{Availability: 0.99}, Seconds: 2,
		}, list.Endpoints[2])
		require.Equal(t, admin.Endpoint{
			Name: "unrouted", Side: "server", Transport: "http", Streams: "unary", Unrouted: true, Seconds: 2,
		}, list.Endpoints[3])
	})
}

// TestNoEndpoint is a server to which nothing was mounted.
func TestNoEndpoint(t *testing.T) {
	t.Parallel()
	require.Contains(t, get(t, handler(t, newSource()), "/endpoints").body, `"endpoints":[]`)
}
