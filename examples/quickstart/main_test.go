package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 0, run(t.Context(), nil, &stdout, &stderr), "stderr: %s", &stderr)
	require.Equal(t, "HELLO, WORLD\n12\nan empty string is the declared error: empty string\n", stdout.String())
	require.Contains(t, stderr.String(), "msg=call endpoint.operation=Strings.Uppercase")
	require.Contains(t, stderr.String(), "code=INVALID_ARGUMENT")
}

func TestFlags(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"help":         {[]string{"-h"}, 0, "-listen"},
		"unknown flag": {[]string{"-nope"}, 2, "-nope"},
		"argument":     {[]string{"x"}, 2, `unexpected argument "x"`},
		"bad address":  {[]string{"-listen", "nowhere:x"}, 1, "quickstart:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, tt.code, run(t.Context(), tt.args, &stdout, &stderr))
			require.Contains(t, stderr.String(), tt.says)
		})
	}
}

// TestListen serves until its context ends, as a signal ends it.
func TestListen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"-listen", "127.0.0.1:0"}, w, io.Discard) }()
	line := make([]byte, 256)
	n, err := r.Read(line)
	require.NoError(t, err)
	addr, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	require.True(t, ok, "printed %q", line[:n])

	var c Strings
	require.NoError(t, httpx.Client(httpx.To("http://"+addr), &c))
	got, err := c.Count(t.Context(), Text{"日本"})
	require.NoError(t, err)
	require.Equal(t, Count{2}, got)

	cancel()
	require.Equal(t, 0, <-code)
}

// TestAnswers holds the answers that the README promises to curl.
func TestAnswers(t *testing.T) {
	t.Parallel()
	h, err := newHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	tests := map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"right":        {"POST", "/uppercase", `{"s":"hello"}`, 200, `{"s":"HELLO"}`},
		"empty string": {"POST", "/uppercase", `{"s":""}`, 400, `"domain":"strings","reason":"EMPTY"`},
		"wrong body":   {"POST", "/count", `{"s":7,"t":1}`, 400, `"errors":[{"pointer":"/s","detail":"must be a string"},{"pointer":"/t","detail":"unknown member"}]`},
		"wrong path":   {"POST", "/nowhere", `{}`, 404, `"reason":"NO_ROUTE"`},
		"wrong method": {"GET", "/count", ``, 405, `"reason":"METHOD_NOT_ALLOWED"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tt.status, resp.StatusCode, "body %s", body)
			require.Contains(t, string(body), tt.want)
		})
	}
}

// TestFigures has what the telemetry tells at /debug/vars.
func TestFigures(t *testing.T) {
	t.Parallel()
	h, err := newHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	var body string
	for _, path := range []string{"/count", "/debug/vars"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(`{"s":"x"}`)))
		body = w.Body.String()
	}
	require.Contains(t, body, `"server http Strings.Count": {"calls":`)
}

func TestLimit(t *testing.T) {
	t.Parallel()
	h, err := newHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	refused := 0
	for range 200 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/count", strings.NewReader(`{"s":"x"}`)))
		if w.Code == http.StatusTooManyRequests {
			refused++
			require.Equal(t, "1", w.Header().Get("Retry-After"))
		}
	}
	require.Positive(t, refused)
}
