package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/server"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestDemo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, programtest.Self(t))
	require.Equal(t, 0, got.Code, "stderr: %s", got.Stderr)
	require.Equal(t, "HELLO, WORLD\n12\nan empty string is the declared error: empty string\n", got.Stdout)
	require.Contains(t, got.Stderr, "msg=call endpoint.operation=Strings.Uppercase")
	require.Contains(t, got.Stderr, "code=INVALID_ARGUMENT")
}

func TestFlags(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"help":           {[]string{"-h"}, 0, "-listen"},
		"unknown flag":   {[]string{"-nope"}, 2, "-nope"},
		"argument":       {[]string{"x"}, 2, `unexpected argument "x"`},
		"bad address":    {[]string{"-listen", "nowhere:x"}, 2, `invalid value "nowhere:x" for flag -listen: `},
		"address in use": {[]string{"-listen", taken.Addr().String()}, 1, "quickstart: HTTP: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

// TestListen serves until a signal.
func TestListen(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-listen", "127.0.0.1:0")
	addrs := p.Addresses(t, "HTTP", "admin")

	var c Strings
	require.NoError(t, httpx.Client(httpx.To("http://"+addrs["HTTP"]), &c))
	got, err := c.Count(t.Context(), Text{"日本"})
	require.NoError(t, err)
	require.Equal(t, Count{2}, got)

	programtest.Document(t, addrs["HTTP"], "strings", "/uppercase", "/count")
	for path, want := range map[string]string{
		"/debug/vars": `"server http Strings.Count": {"calls":`,
		"/endpoints":  `"Count"`,
		"/":           "<title>",
	} {
		require.Contains(t, programtest.Get(t, addrs["admin"]+path), want, path)
	}
	p.Stop(t)
}

// TestReadme makes the requests of the README of the project.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-listen", "127.0.0.1:0")
	addr := p.Addresses(t, "HTTP", "admin")["HTTP"]
	for _, c := range programtest.Commands(t, "../../README.md", "A first program") {
		c.At(strings.NewReplacer("localhost:8080", addr)).Curl(t)
	}
	p.Stop(t)
}

// TestAnswers holds the answers that the README promises to curl.
func TestAnswers(t *testing.T) {
	t.Parallel()
	h, err := newHandler(server.New("quickstart"), slog.New(slog.DiscardHandler))
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

func TestLimit(t *testing.T) {
	t.Parallel()
	h, err := newHandler(server.New("quickstart"), slog.New(slog.DiscardHandler))
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
