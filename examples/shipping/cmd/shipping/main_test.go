package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestArguments(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	busy := taken.Addr().String()
	for name, tt := range map[string]struct {
		port, router string
		args         []string
		code         int
		says         string
	}{
		"help":              {"", "", []string{"-h"}, 0, `(default "http://localhost:7878")`},
		"help with a URL":   {"", "http://r:1", []string{"-h"}, 0, `(default "http://r:1")`},
		"unknown flag":      {"", "", []string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":          {"", "", []string{"x"}, 2, `shipping: unexpected argument "x"`},
		"no port":           {"", "", []string{"-http.addr", "localhost"}, 2, `invalid value "localhost" for flag -http.addr: `},
		"no address":        {"", "", []string{"-http.addr", ""}, 2, `invalid value "" for flag -http.addr: `},
		"no admin port":     {"", "", []string{"-debug.addr", "localhost"}, 2, `invalid value "localhost" for flag -debug.addr: `},
		"PORT in words":     {"nope", "", nil, 2, "shipping: PORT=nope: "},
		"no URL":            {"", "", []string{"-service.routing", "localhost"}, 2, "shipping: -service.routing: "},
		"a wrong variable":  {"", "localhost:7878", nil, 2, "shipping: -service.routing: "},
		"address in use":    {"", "", []string{"-http.addr", busy}, 1, `shipping: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
		"admin port in use": {"", "", []string{"-http.addr", "127.0.0.1:0", "-debug.addr", busy}, 1, "shipping: admin: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PORT", tt.port)
			t.Setenv("ROUTINGSERVICE_URL", tt.router)
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

// TestVariables starts the program with the variables of go-kit's example.
func TestVariables(t *testing.T) {
	asked := make(chan string, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(web.Close)
	t.Setenv("PORT", "0")
	t.Setenv("ROUTINGSERVICE_URL", web.URL)
	p := programtest.Launch(t, programtest.Self(t))
	addr := p.Addresses(t, "HTTP")["HTTP"]
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	require.Equal(t, "{}", programtest.Get(t, "127.0.0.1:"+port+"/booking/v1/cargos/ABC123/request_routes"))
	require.Equal(t, "/paths", <-asked)
	p.Stop(t)
}

// launch starts the program with a routing service at a URL.
func launch(t *testing.T, router string) (p *programtest.Process, addrs map[string]string) {
	t.Helper()
	p = programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0", "-debug.addr", "127.0.0.1:0", "-service.routing", router)
	return p, p.Addresses(t, "HTTP", "admin")
}

// TestRouterHangs has a routing service that does not answer: the program does, within three
// seconds. A stop meanwhile waits for the call.
func TestRouterHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 3)
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(web.Close)
	p, addrs := launch(t, web.URL)

	began := time.Now()
	answered := make(chan answer, 1)
	go func() { answered <- get("http://" + addrs["HTTP"] + "/booking/v1/cargos/ABC123/request_routes") }()
	<-asked
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, answer{status: http.StatusServiceUnavailable, body: `{"error":"the routing service does not answer"}`}, <-answered)
	require.Less(t, time.Since(began), 3*time.Second)
	require.Equal(t, 0, p.Wait(t))
	require.Regexp(t, `msg=call endpoint.operation=Booking.RequestRoutes .*code=UNAVAILABLE .*error.message="the routing service does not answer: not done within (450ms|1.5s)`, p.Log())
}

// An answer is what the program said, or why it said nothing.
type answer struct {
	status int
	body   string
	err    error
}

// get returns the answer to a GET. It fails no test, so that it may run on any goroutine.
func get(url string) answer {
	resp, err := http.Get(url)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(body), err}
}

// TestTelemetry looks at the log, the metrics and the admin page after a cargo went wrong.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	p, addrs := launch(t, "http://127.0.0.1:1")
	post := func(path, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addrs["HTTP"]+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	post("/booking/v1/cargos/ABC123/assign_to_route", `{"legs":[{"voyage_number":"V100","from":"SESTO","to":"CNHKG"}]}`)
	post("/handling/v1/incidents", `{"completion_time":"2030-01-03T00:00:00Z","tracking_id":"ABC123","location":"DEHAM","event_type":"Receive"}`)
	require.Contains(t, p.Await(t, "misdirected"), `level=WARN msg="cargo misdirected" tracking_id=ABC123 location=DEHAM`)
	post("/handling/v1/incidents", `{"completion_time":"2030-01-04T00:00:00Z","tracking_id":"ABC123","voyage":"V100","location":"CNHKG","event_type":"Unload"}`)
	require.Contains(t, p.Await(t, "arrived"), `level=INFO msg="cargo arrived" tracking_id=ABC123 location=CNHKG`)

	metrics := programtest.Get(t, addrs["HTTP"]+"/metrics")
	for _, line := range []string{
		"shipping_cargos_misdirected_total 1",
		"shipping_cargos_arrived_total 1",
		`endpoint_calls_total{code="OK",operation="AssignToRoute",service="Booking",side="server",transport="http"} 1`,
		`endpoint_calls_total{code="OK",operation="RegisterIncident",service="Handling",side="server",transport="http"} 2`,
	} {
		require.Contains(t, metrics, "\n"+line+"\n")
	}
	require.Contains(t, programtest.Get(t, addrs["admin"]+"/endpoints"), `"FindPaths"`)
	programtest.Document(t, addrs["HTTP"], "shipping", "/booking/v1/cargos", "/booking/v1/cargos/{id}", "/booking/v1/cargos/{id}/request_routes",
		"/booking/v1/cargos/{id}/assign_to_route", "/booking/v1/cargos/{id}/change_destination", "/booking/v1/locations", "/handling/v1/incidents", "/tracking/v1/cargos/{id}")
	p.Stop(t)
}

// TestPages makes requests as pages of other origins do: calls and their errors may be read,
// and the metrics may not.
func TestPages(t *testing.T) {
	t.Parallel()
	p, addrs := launch(t, "http://127.0.0.1:1")
	for name, tt := range map[string]struct {
		method, path, asks string
		status             int
		allowed            string
	}{
		"a call":            {http.MethodGet, "/booking/v1/cargos", "", 200, "*"},
		"an error":          {http.MethodGet, "/booking/v1/cargos/nope", "", 404, "*"},
		"an unknown path":   {http.MethodGet, "/nowhere", "", 404, "*"},
		"a preflight":       {http.MethodOptions, "/booking/v1/cargos", http.MethodPost, 204, "*"},
		"another preflight": {http.MethodOptions, "/booking/v1/cargos", http.MethodDelete, 204, ""},
		"the metrics":       {http.MethodGet, "/metrics", "", 200, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+addrs["HTTP"]+tt.path, http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Origin", "http://page.example")
		if tt.asks != "" {
			r.Header.Set("Access-Control-Request-Method", tt.asks)
			r.Header.Set("Access-Control-Request-Headers", "content-type")
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, tt.status, resp.StatusCode, name)
		require.Equal(t, tt.allowed, resp.Header.Get("Access-Control-Allow-Origin"), name)
		require.Empty(t, resp.Header.Get("Access-Control-Allow-Credentials"))
	}
	p.Stop(t)
}
