package addsvc_test

import (
	"bufio"
	"encoding/json/v2"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/resilience"
)

// testLimits has go-kit's limit of Sum hold over all transports together, and not for Concat.
func testLimits(t *testing.T, bin string) {
	p := launchAll(t, bin, "-sum.limit", "0.001:1", "-concat.limit", "0.001:3")
	addcli := filepath.Join(bin, "addcli")
	for i, target := range [][]string{
		{"-thrift-addr", p.addr["Thrift"]},
		{"-http-addr", p.addr["HTTP"]},
		{"-grpc-addr", p.addr["gRPC"]},
		{"-jsonrpc-addr", p.addr["JSON-RPC"]},
		{"-netrpc-addr", p.addr["net/rpc"]},
		{"-nats.url", p.addr["NATS"]},
	} {
		got := programtest.Run(t, addcli, append(target, "1", "2")...)
		if i == 0 {
			require.Equal(t, programtest.Result{Stdout: "1 + 2 = 3\n"}, got)
			continue
		}
		require.Equal(t, programtest.Result{Code: 1, Stderr: "error: too many requests\n"}, got, target[0])
	}
	// The admin page shows how many calls pass, and the breakers.
	require.Contains(t, programtest.Get(t, p.addr["admin"]+"/readyz?verbose"), "[+]breaker/Sum ok\n")
	require.Regexp(t, `"source":"breaker","name":"Sum","metric":"state","value":0\}.*"source":"limiter","name":"Sum","metric":"tokens","value":0`, firstFigures(t, p))
	// A breaker opens after six failures in a row, and what a limit rejects is none.
	var c addsvc.Add
	require.NoError(t, httpx.Client(httpx.To("http://"+p.addr["HTTP"]), &c))
	for i := range 12 {
		_, err := c.Concat(t.Context(), addsvc.ConcatRequest{A: "foo", B: "bar"})
		if i < 3 {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, resilience.ErrRateLimited)
		require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err))
	}
}

// firstFigures returns the first item of the figures of the admin page.
func firstFigures(t *testing.T, p *process) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.addr["admin"]+"/live", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewReader(resp.Body); ; {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if strings.HasPrefix(line, "data: ") {
			return line
		}
	}
}

// testZipkin has the program send a span to a Zipkin, in the trace of a caller that speaks
// B3.
func testZipkin(t *testing.T, bin string) {
	type span struct {
		Trace  string `json:"traceId"`
		Parent string `json:"parentId"`
		Name   string `json:"name"`
		Kind   string `json:"kind"`
	}
	spans := make(chan span, 10)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all []span
		body, err := io.ReadAll(r.Body)
		if err == nil && r.URL.Path == "/api/v2/spans" && json.Unmarshal(body, &all) == nil {
			for _, s := range all {
				spans <- s
			}
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(web.Close)

	p := launch(t, bin, "-zipkin-url", web.URL)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.addr["HTTP"]+"/sum", strings.NewReader(`{"a":1,"b":2}`))
	require.NoError(t, err)
	const trace, parent = "80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("b3", trace+"-"+parent+"-1")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_ = resp.Body.Close()
	p.Signal(t, syscall.SIGTERM) // it sends what it has
	require.Equal(t, 0, p.Wait(t))
	require.Len(t, spans, 1)
	require.Equal(t, span{trace, parent, "POST /sum", "SERVER"}, <-spans)
}
