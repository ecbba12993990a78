package addsvc_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// testReadme runs the commands of the README, and gets what stands below them.
func testReadme(t *testing.T, bin string) {
	p := launch(t, bin)
	place := strings.NewReplacer("localhost:8081", p.addr["HTTP"], "localhost:8082", p.addr["gRPC"])
	seen := map[string]bool{}
	for _, c := range programtest.Commands(t, "README.md", "Call it") {
		c = c.At(place)
		seen[c.Args[0]] = true
		if c.Args[0] == "curl" {
			c.Curl(t)
			continue
		}
		got := programtest.Run(t, filepath.Join(bin, c.Args[0]), c.Args[1:]...)
		require.Equal(t, c.Answer, strings.TrimSpace(got.Stdout+got.Stderr), "%q", c.Args)
	}
	// Requests of go-kit's tests, and those of its clients of JSON-RPC.
	for _, c := range []programtest.Command{
		programtest.OfKit(`curl -XPOST -d '{"a":1,"b":2}' localhost:8081/sum`, `{"v":3}`),
		programtest.OfKit(`curl -XPOST -d '{"A":"1","B":"2"}' localhost:8081/concat`, `{"v":"12"}`),
	} {
		c.At(place).Curl(t)
	}
	require.Equal(t, map[string]bool{"curl": true, "addcli": true}, seen)
}

// TestReadmeRegistry runs the commands with Consul.
func TestReadmeRegistry(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	s.Other = func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"consul", "agent", "-dev"}, c.Args)
		return "localhost:8500", registrytest.Consul(t).Addr
	}
	for _, c := range programtest.Commands(t, "README.md", "With a registry") {
		if c.Args[0] == "curl" {
			s.Processes[0].Await(t, "kind=registered ")
			s.Processes[0].Await(t, "kind=registered ")
		}
		s.Run(t, c)
	}
	require.Equal(t, 1, s.Requests)
	s.Processes[0].Stop(t)
}
