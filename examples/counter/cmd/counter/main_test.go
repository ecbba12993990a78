package main

import (
	"net"
	"net/http"
	"strings"
	"testing"

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
		port string
		args []string
		code int
		says string
	}{
		"help":              {"", []string{"-h"}, 0, "(default :8080)"},
		"help with PORT":    {"5000", []string{"-h"}, 0, "-http.addr address"},
		"unknown flag":      {"", []string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":          {"", []string{"x"}, 2, `counter: unexpected argument "x"`},
		"no port":           {"", []string{"-http.addr", "localhost"}, 2, `invalid value "localhost" for flag -http.addr: `},
		"no address":        {"", []string{"-http.addr", ""}, 2, `invalid value "" for flag -http.addr: `},
		"PORT in words":     {"nope", nil, 2, "counter: PORT=nope: "},
		"PORT out of range": {"99999", nil, 2, "counter: PORT=99999: "},
		"address in use":    {"", []string{"-http.addr", busy}, 1, `counter: HTTP: address "` + busy + `": bind: address already in use` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PORT", tt.port)
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

// TestPort starts the program with PORT, which a flag replaces.
func TestPort(t *testing.T) {
	t.Setenv("PORT", "0")
	p := programtest.Launch(t, programtest.Self(t))
	require.Regexp(t, `^\[::\]:[1-9]`, p.Addresses(t, "HTTP")["HTTP"])
	p.Stop(t)

	t.Setenv("PORT", "1")
	p = programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0")
	require.Regexp(t, `^127\.0\.0\.1:[1-9]`, p.Addresses(t, "HTTP")["HTTP"])
	p.Stop(t)
}

// TestServe has two lines in the log for a call, one for a call that cannot be decoded, and
// counts them all.
func TestServe(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0")
	addr := p.Addresses(t, "HTTP")["HTTP"]
	require.Equal(t, "{\"request.count\": 0}\n", programtest.Get(t, addr+"/debug/vars"))

	for i, tt := range []struct {
		body, retryAfter string
		status           int
		line             string
	}{
		{`{"v":7}`, "", 200, "msg=add path=/add request=7 result=7 err=<nil> request_id=id-0 elapsed="},
		{`{"v":8}`, `^[12]$`, 429, `msg=add path=/add request=8 result=0 err="rate limit exceeded" request_id=id-1 elapsed=`},
		{`{"v":"9"}`, "", 400, "msg=call endpoint.operation=Counter.Add "},
		{`{"v":` + strings.Repeat("0", 2000), "", 413, "msg=call endpoint.operation=Counter.Add "},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/add", strings.NewReader(tt.body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		id := "id-" + string(rune('0'+i))
		r.Header.Set("X-Request-Id", id)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, tt.status, resp.StatusCode, tt.body)
		require.Regexp(t, "^"+strings.Trim(tt.retryAfter, "^$")+"$", resp.Header.Get("Retry-After"))
		require.Equal(t, id, resp.Header.Get("X-Request-Id"))
		require.Contains(t, p.Await(t, id), tt.line)
	}
	require.Equal(t, "{\"request.count\": 4}\n", programtest.Get(t, addr+"/debug/vars"))
	resp, err := http.Get("http://" + addr + "/debug/vars")
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	programtest.Document(t, addr, "counter", "/add")
	p.Stop(t)
	require.Contains(t, p.Log(), programtest.Draining)
}
