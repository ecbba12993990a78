package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestReadme makes the requests of the README, one after the other, and gets the
// answers that stand below them.
func TestReadme(t *testing.T) {
	t.Parallel()
	addrs, stop := start(t)
	for _, c := range programtest.Commands(t, "../../README.md", "Ask it") {
		if c.Args[0] == "curl" {
			c.At(strings.NewReplacer("localhost:8080", addrs["HTTP"])).Curl(t)
		}
	}
	// The lines of go-kit's README.
	for _, c := range []programtest.Command{
		programtest.OfKit(`curl -X DELETE localhost:8080/profiles/1234`, "{}"),
		programtest.OfKit(`curl -d '{"id":"1234","Name":"Go Kit"}' -H "Content-Type: application/json" -X POST http://localhost:8080/profiles/`, "{}"),
		programtest.OfKit(`curl localhost:8080/profiles/1234`, `{"profile":{"id":"1234","name":"Go Kit"}}`),
	} {
		c.At(strings.NewReplacer("localhost:8080", addrs["HTTP"])).Curl(t)
	}
	log := stop()
	for _, name := range []string{
		"Post", "Get", "Put", "Patch", "Delete", "GetAddresses", "GetAddress", "PostAddress", "DeleteAddress",
	} {
		require.Regexp(t, "operation=Profiles."+name+" .*code=OK", log, "the README does not show the operation")
	}
}

// TestReadmeRegistry runs the commands with ZooKeeper.
func TestReadmeRegistry(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	s.Other = func(t *testing.T, c programtest.Command) (readme, addr string) {
		t.Helper()
		require.Equal(t, []string{"zkServer.sh", "start-foreground"}, c.Args)
		return "localhost:2181", registrytest.ZooKeeper(t).Addr
	}
	for _, c := range programtest.Commands(t, "../../README.md", "With a registry") {
		s.Run(t, c)
	}
	s.Processes[0].Await(t, "kind=registered endpoint.name=/services/profilesvc ")
	s.Processes[0].Stop(t)
}
