package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/admin"
	"github.com/typedkit/endpoint/server/internal/figures"
)

var (
	errSecret  = errors.New("secret")
	errMissing = endpoint.Define(endpoint.NotFound, "profiles", "MISSING", "no such profile")
	getOp      = &endpoint.Operation{
		Service: "Profiles", Name: "Get", Side: endpoint.ServerSide, Transport: "http", Method: "GET", Pattern: "/profiles/{id}",
		Idempotent: true, Doc: "Returns a profile.", Fails: []*endpoint.Error{errMissing},
	}
	watchOp = &endpoint.Operation{
		Service: "Profiles", Name: "Watch", Side: endpoint.ServerSide, Transport: "grpc", Method: "/Profiles/Watch", Streams: endpoint.ServerStream,
	}
	askOp      = &endpoint.Operation{Service: "Strings", Name: "Uppercase", Side: endpoint.ClientSide, Transport: "http"}
	unroutedOp = &endpoint.Operation{Side: endpoint.ServerSide, Transport: "http", Method: "PUT", Unrouted: true}
)

// newSource returns a source without anything to show.
func newSource() *admin.Source {
	set := figures.New()
	return &admin.Source{Name: "profilesvc", Start: set.Start(), State: func() string { return "running" }, Figures: set, Events: &admin.Events{}}
}

// handler returns the handler of the pages of src.
func handler(t *testing.T, src *admin.Source, hosts ...string) http.Handler {
	t.Helper()
	h, err := admin.New(src, hosts, nil)
	require.NoError(t, err)
	return h
}

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// end counts a call of op that took so long.
func end(t *testing.T, set *figures.Set, op *endpoint.Operation, took time.Duration, err error) {
	t.Helper()
	ctx, _, startErr := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(map[string][]string{
		"X-Request-Id": {"r-1"}, "Traceparent": {"00-" + traceID + "-00f067aa0ba902b7-01"},
	}), endpoint.Header{})
	require.NoError(t, startErr)
	o, now := set.Of(op), set.Now()
	o.Begin()
	o.End(ctx, now-took, now, err)
}

// An answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks h on this machine. header has names and values.
func get(t *testing.T, h http.Handler, path string, header ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return serve(h, r)
}

func serve(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}
