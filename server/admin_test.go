package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// ask gets a page of the admin address, with another Host unless it is empty.
func ask(t *testing.T, url, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Host, r.Close = host, true
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

// announced returns the address of each listener, in the order of their lines.
func announced(t *testing.T, lines io.Reader, names ...string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for range names {
		var name, on, addr string
		_, err := fmt.Fscan(lines, &name, &on, &addr)
		require.NoError(t, err)
		all[name] = addr
	}
	return all
}

// TestAdmin serves an operation, calls it, and looks at its figures by all names of the
// server.
func TestAdmin(t *testing.T) {
	t.Parallel()
	lines, announce := io.Pipe()
	s := server.New("greeter", quiet(), server.Announce(announce))
	mux := http.NewServeMux()
	failing := errors.New("secret")
	svc := &Greeter{Greet: func(context.Context, endpoint.Empty) (string, error) { return "", failing }}
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(s)))
	own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("own")) })
	s.Add(
		server.HTTP(free, httpx.Problems(mux, httpx.Use(s))),
		server.Admin(free, server.Metrics(own), server.Handle("/debug/", own), server.Hosts("greeter.example"),
			server.Traces("http://localhost:16686/trace/{trace}")))
	require.NoError(t, s.Err())
	stop := running(t, s)
	at := announced(t, lines, "HTTP", "admin")
	url := "http://" + at["admin"]

	status, _ := ask(t, "http://"+at["HTTP"]+"/", "")
	require.Equal(t, 500, status)
	status, _ = ask(t, "http://"+at["HTTP"]+"/nothing", "")
	require.Equal(t, 404, status)

	status, body := ask(t, url+"/endpoints", "")
	require.Equal(t, 200, status)
	require.Regexp(t, `"server":"greeter","state":"running".*"service":"Greeter","name":"Greet","side":"server","transport":"http","method":"GET","path":"/",`+
		`.*"total":{"calls":1,"serverFaults":1,"callerFaults":0,.*"name":"unrouted".*"total":{"calls":1,"serverFaults":0,"callerFaults":1,`, body)
	require.NotContains(t, body, "secret")

	for path, want := range map[string]int{"/": 200, "/metrics": 200, "/debug/x": 200, "/nothing": 404} {
		for _, host := range []string{"", "localhost", "greeter.example:1"} {
			status, _ := ask(t, url+path, host)
			require.Equal(t, want, status, "%s by %q", path, host)
		}
		status, _ := ask(t, url+path, "evil.example")
		require.Equal(t, 421, status, path)
	}
	require.NoError(t, stop())
}

func TestAdminFaults(t *testing.T) {
	t.Parallel()
	s := server.New("greeter", quiet())
	s.Add(server.Admin(free, nil, server.Hosts("http://x"), server.Metrics(nil), server.Handle("GET /{$}", http.NotFoundHandler()), server.Traces("x")), server.Admin(free))
	for _, want := range []string{
		"server: Admin: option 0 is nil", `server: Admin: the host "http://x" is not a host name`,
		`the handler of "GET /metrics" is nil`, `the pattern "GET /{$}"`, "two listeners have the name admin",
		`server: Admin: Traces: "x" is not a URL of http or https`,
	} {
		require.ErrorContains(t, s.Err(), want)
	}
}

// TestAdminUntilTheEnd has an admin page that is there while the server drains. Its
// readers do not hold the stop.
func TestAdminUntilTheEnd(t *testing.T) {
	t.Parallel()
	lines, announce := io.Pipe()
	s := server.New("greeter", quiet(), server.Announce(announce))
	draining, looked := make(chan struct{}), make(chan struct{})
	s.Add(server.Admin(free), server.Close("database", func() error {
		close(draining)
		<-looked
		return nil
	}))
	stop := running(t, s)
	url := "http://" + announced(t, lines, "admin")["admin"]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/live", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	<-draining
	_, body := ask(t, url+"/endpoints", "")
	require.Contains(t, body, `"state":"draining"`)
	began := time.Now()
	close(looked)
	require.NoError(t, <-ended)
	require.Less(t, time.Since(began), 5*time.Second)
	require.Equal(t, server.StateStopped, s.State())
}

// TestEventsAreShown has the events of the server itself, and of others.
func TestEventsAreShown(t *testing.T) {
	t.Parallel()
	lines, announce := io.Pipe()
	s := server.New("greeter", quiet(), server.Announce(announce))
	s.Add(server.Admin(free))
	s.Event(t.Context(), endpoint.Event{Source: "breaker", Name: "strings", Kind: "opened"})
	stop := running(t, s)
	url := "http://" + announced(t, lines, "admin")["admin"]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/live", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	item, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `"source":"server","name":"greeter","kind":"starting",.*"source":"breaker","name":"strings","kind":"opened"`, item)
	require.NoError(t, stop())
}
