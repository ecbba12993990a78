package promx_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/resilience"
)

// program returns where a program of Prometheus is. Without it the test is
// skipped, but fails where ENDPOINT_CI is set.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("ENDPOINT_CI") != "" {
		t.Fatalf("%v (it is in Debian's package prometheus)", err)
	}
	if err != nil {
		t.Skipf("%v (it is in Debian's package prometheus)", err)
	}
	return path
}

// used returns metrics with something in each series.
func used(t *testing.T) *promx.Metrics {
	t.Helper()
	m := promx.New(promx.Sizes(), promx.Exemplars(func(context.Context) string { return "0af7651916cd43dd8448eb211c80319c" }))
	breaker := resilience.NewBreaker(2, resilience.Named("stock"), resilience.OnEvent(m.Event))
	m.Watch(breaker.Gauges)
	e := endpoint.Chain(func(context.Context, int) (int, error) { return 0, endpoint.Errorf(endpoint.Unavailable, "") }, breaker.Wrap)
	for range 3 {
		_, _ = e(t.Context(), 1)
	}
	h := mount(t, m)
	for range 7 {
		require.Equal(t, 200, get(t, h, "/profiles/1"))
	}
	require.Equal(t, 404, get(t, h, "/profiles/nobody"))
	require.Equal(t, 200, get(t, h, "/profiles"))
	return m
}

func exposition(t *testing.T, m *promx.Metrics) http.Handler {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(m))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// TestPromtool has the names and the texts of the metrics judged by
// Prometheus's own linter.
func TestPromtool(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	exposition(t, used(t)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	cmd := exec.CommandContext(t.Context(), program(t, "promtool"), "check", "metrics")
	cmd.Stdin = w.Body
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
}

// TestPrometheus has a real server scrape the metrics and asks it what it has.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	path := program(t, "prometheus")
	target := httptest.NewServer(exposition(t, used(t)))
	defer target.Close()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	server := runServer(t, path, strings.TrimPrefix(target.URL, "http://"))

	const get = `service="Profiles",operation="Get",side="server",transport="http"`
	for query, want := range map[string]string{
		`sum(endpoint_calls_total{` + get + `})`:                                                    "8",
		`endpoint_calls_total{code="NOT_FOUND",` + get + `}`:                                        "1",
		`histogram_count(endpoint_call_duration_seconds{code="OK",` + get + `})`:                    "7",
		`endpoint_calls_in_flight{` + get + `}`:                                                     "0",
		`endpoint_events_total{source="breaker",name="stock",kind="opened"}`:                        "1",
		`endpoint_breaker_state{name="stock"} > bool 0`:                                             "1",
		`sum(endpoint_response_bytes_total{` + get + `})`:                                           "98",
		`histogram_count(endpoint_first_item_seconds{operation="List"})`:                            "1",
		`histogram_quantile(0.99, endpoint_call_duration_seconds{code="OK",` + get + `}) < bool 10`: "1",
	} {
		eventually(t, func() error { return answers(t.Context(), server, query, want) })
	}
}

// runServer starts a Prometheus that scrapes target each second, and returns its URL.
func runServer(t *testing.T, path, target string) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s}
scrape_configs:
- job_name: profiles
  static_configs: [{targets: [%q]}]
`, target), 0o600))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	var logs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+addr, "--enable-feature=native-histograms")
	cmd.Stdout, cmd.Stderr = &logs, &logs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus says:\n%s", logs.String())
		}
	})
	return "http://" + addr
}

// answers says why the server does not answer the query with one sample of the
// value.
func answers(ctx context.Context, server, query, want string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%w: %s", err, body)
	}
	if r := answer.Data.Result; len(r) != 1 || r[0].Value[1] != want {
		return fmt.Errorf("%s: %s, want %s", query, body, want)
	}
	return nil
}

// eventually tries until there is no error, for as long as a slow machine may
// take: what it asks is another process.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal(err)
		}
	}
}
