package addsvc_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// testReadme runs the commands of the README, and gets what stands below them.
func testReadme(t *testing.T, bin string) {
	p := launch(t, bin)
	place := strings.NewReplacer("localhost:8081", p.addr["HTTP"], "localhost:8082", p.addr["gRPC"])
	seen := map[string]bool{}
	for _, c := range programtest.Commands(t, "README.md") {
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
