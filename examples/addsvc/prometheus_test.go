package addsvc_test

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testPrometheus has a real Prometheus scrape the program, and asks it for what the
// test has called. Its linter finds nothing in the metrics.
func testPrometheus(t *testing.T, debug string, metrics []byte) {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("ENDPOINT_CI") != "" {
			t.Fatal("prometheus is missing: ", err)
		}
		t.Log("prometheus is missing, so nothing scrapes the program: ", err)
		return
	}
	lint := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	lint.Stdin = bytes.NewReader(metrics)
	out, err := lint.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
	server := "http://" + startPrometheus(t, path, debug)
	for query, want := range map[string]string{
		`endpoint_calls_total{operation="Sum",transport="http",code="OK"}`:      "4",
		`sum(endpoint_calls_total{operation="Sum",transport="grpc"})`:           "4",
		`sum(endpoint_call_duration_seconds_count{operation="Sum"})`:            "12",
		`sum(endpoint_calls_total{code="INVALID_ARGUMENT",operation="Concat"})`: "3",
		`sum(endpoint_calls_in_flight)`:                                         "0",
	} {
		within(t, func() error { return ask(server, query, want) })
	}
}

// startPrometheus starts a server that scrapes a program each second, and returns
// its address.
func startPrometheus(t *testing.T, path, program string) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s}
scrape_configs:
- job_name: addsvc
  static_configs: [{targets: [%q]}]
`, program), 0o600))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus says:\n%s", log.String())
		}
	})
	return addr
}

// ask says why a server does not answer a query with one sample of the value.
func ask(server, query, want string) error {
	resp, err := http.Get(server + "/api/v1/query?query=" + url.QueryEscape(query)) //nolint:noctx // a test
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Value []any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	err = json.Unmarshal(body, &answer)
	if r := answer.Data.Result; err != nil || len(r) != 1 || len(r[0].Value) != 2 || r[0].Value[1] != want {
		return errors.Join(err, fmt.Errorf("%s: %s, want %s", query, body, want))
	}
	return nil
}

// within tries until there is no error, for as long as a slow machine may take:
// what it asks is another process.
func within(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(time.Minute)
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
