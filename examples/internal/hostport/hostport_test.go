package hostport_test

import (
	"testing"

	"github.com/typedkit/endpoint/examples/internal/hostport"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		":8080": true, "localhost:0": true, "no.such.host:http": true, "[::1]:65535": true, "host:": true,
		"": false, "8080": false, "::1:80": false, ":99999": false, "host:words": false, ":-1": false,
	} {
		if err := hostport.Check(addr); (err == nil) != ok {
			t.Errorf("Check(%q) = %v", addr, err)
		}
	}
}
