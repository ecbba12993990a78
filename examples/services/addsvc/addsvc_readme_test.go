package addsvc_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// testReadme runs the commands of the README, and gets what stands below them.
func testReadme(t *testing.T, bin string) {
	p := launchAll(t, bin)
	place := p.addresses()
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

// testTransports calls the service as each row of the README's table does, and gets what stands
// there.
func testTransports(t *testing.T, bin string) {
	p := launchAll(t, bin)
	place := p.addresses()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| (\\S+) \\| `addcli (-\\S+ \\S+)` \\| `(.+?)` \\| `(.+?)` \\|$").FindAllStringSubmatch(string(readme), -1)
	calls := []string{"-method sum 1 2", "-method sum 2147483647 1"}
	var names []string
	for _, row := range rows {
		names = append(names, row[1])
		target := strings.Fields(place.Replace(row[2]))
		for i, call := range calls {
			got := programtest.Run(t, filepath.Join(bin, "addcli"), append(target, strings.Fields(call)...)...)
			require.Equal(t, row[3+i], strings.TrimSpace(got.Stdout+got.Stderr), "%s %s", row[1], call)
			require.Equal(t, i, got.Code, "%s %s", row[1], call)
		}
		require.Equal(t, rows[0][3:], row[3:], "the same over %s", row[1])
	}
	require.Equal(t, []string{"HTTP", "gRPC", "Thrift", "JSON-RPC", "net/rpc", "NATS"}, names)

	metrics := programtest.Get(t, p.addr["admin"]+"/metrics")
	for _, transport := range []string{"http", "grpc", "thrift", "jsonrpc", "netrpc", "nats"} {
		for code, n := range map[string]string{"OK": "1", "OUT_OF_RANGE": "1"} {
			require.Contains(t, metrics, `endpoint_calls_total{code="`+code+`",operation="Sum",service="Add",side="server",transport="`+transport+`"} `+n+"\n")
		}
	}
	require.Contains(t, metrics, "\nexample_addsvc_integers_summed_total 12\n")
	p.Signal(t, syscall.SIGTERM)
	require.Equal(t, 0, p.Wait(t))
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
