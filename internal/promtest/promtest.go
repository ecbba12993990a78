// Package promtest has real programs of Prometheus look at metrics, for tests.
package promtest

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// T is the part of *testing.T that is in use. Neither the package testing nor what
// brings it may be in a package that is no test.
type T interface {
	Cleanup(end func())
	Context() context.Context
	Failed() bool
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Helper()
	Logf(format string, args ...any)
	TempDir() string
}

// Find returns where a program of Prometheus is. Its error is for a test to skip
// what needs it; where ENDPOINT_CI is set, the test fails.
func Find(t T, name string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("ENDPOINT_CI") != "" {
		t.Fatalf("%v (it is in Debian's package prometheus)", err)
	}
	return path, err
}

// Lint has promtool, which is at path, find nothing wrong with the metrics of a
// scrape.
func Lint(t T, path string, metrics io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, "check", "metrics")
	cmd.Stdin = metrics
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("promtool says: %v\n%s", err, out)
	}
}

// Scrape starts a Prometheus, which is at path, that scrapes target each second,
// and returns its URL.
func Scrape(t T, path, target string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s}
scrape_configs:
- job_name: test
  static_configs: [{targets: [%q]}]
`, target), 0o600))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	var logs bytes.Buffer
	args := append([]string{"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + addr}, flags...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &logs, &logs
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus says:\n%s", logs.String())
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + addr
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Expect asks the server until it answers each query with one sample of the
// value, for as long as a slow machine may take.
func Expect(t T, server string, answers map[string]string) {
	t.Helper()
	for query, want := range answers {
		Eventually(t, func() error { return ask(t.Context(), server, query, want) })
	}
}

// ask says why the server does not answer the query with one sample of the value.
func ask(ctx context.Context, server, query, want string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
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

// Eventually tries until there is no error, for half a minute: what it asks is
// another process.
func Eventually(t T, try func() error) {
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
