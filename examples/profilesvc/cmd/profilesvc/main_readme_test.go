package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/internal/programtest"
)

// TestReadme makes the requests of the README, one after the other, and gets the
// answers that stand below them.
func TestReadme(t *testing.T) {
	t.Parallel()
	addr, stop := start(t)
	for _, c := range programtest.Commands(t, "../../README.md") {
		if c.Args[0] == "curl" {
			c.At(strings.NewReplacer("localhost:8080", addr)).Curl(t)
		}
	}
	log := stop()
	for _, name := range []string{
		"Post", "Get", "Put", "Patch", "Delete", "GetAddresses", "GetAddress", "PostAddress", "DeleteAddress",
	} {
		require.Regexp(t, "operation=Profiles."+name+" .*code=OK", log, "the README does not show the operation")
	}
}
