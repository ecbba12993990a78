package main

import (
	"os"
	"testing"
)

// TestMain lets the tests' own program be the server that the tests start.
func TestMain(m *testing.M) {
	if isServer() {
		os.Exit(runServer(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// server starts a server for one test.
func server(t *testing.T) *serverProcess {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

func TestCases(t *testing.T) {
	t.Parallel()
	all, err := casesWith(server(t))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, c := range all {
		name := c.Group + "/" + c.Kind
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if err := c.Run(10); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Clock == nil {
			continue
		}
		if used, err := c.Clock(); err != nil || used <= 0 {
			t.Errorf("%s: the clock says %v, %v", name, used, err)
		}
	}
	// Two kinds need no router and connect-go takes POSTs only: three kinds that
	// the GETs do not have.
	gets := 2
	want := len(shapes())*len(handlerKinds()) - gets*3 +
		len(socketShapes())*len(served()) +
		len(clientShapes())*len(clientWays())*len(clientKinds())
	if len(all) != want {
		t.Errorf("there are %d cases, want %d", len(all), want)
	}
}
