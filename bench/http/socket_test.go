package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestServerProcess(t *testing.T) {
	t.Parallel()
	s := server(t)
	before, err := s.cpu()
	if err != nil {
		t.Fatal(err)
	}
	shape := shapes()[0]
	c, err := dial(shape, s.address(kindMount))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.run(1001); err != nil {
		t.Fatal(err)
	}
	after, err := s.cpu()
	if err != nil || after <= before {
		t.Errorf("after 1001 requests the server used %v, before %v; %v", after, before, err)
	}
}

func TestSocketFindsFaults(t *testing.T) {
	t.Parallel()
	s := server(t)
	wrong := *shapes()[0]
	wrong.body = []byte(`{"s":"other"}`)
	if _, err := dial(&wrong, s.address(kindHand)); err == nil || !strings.Contains(err.Error(), "want {V:HELLO}") {
		t.Errorf("the error is %v, want one about the answer", err)
	}
	wrong = *shapes()[0]
	wrong.target = "/lower"
	if _, err := dial(&wrong, s.address(kindHand)); err == nil || !strings.Contains(err.Error(), "the status is 404") {
		t.Errorf("the error is %v, want one about the status", err)
	}
	c, err := dial(shapes()[0], s.address(kindHand))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	// As many bytes as before, and others among them.
	c[1].want = bytes.Replace(c[1].want, []byte("HELLO"), []byte("HALLO"), 1)
	if err := c.run(100); !errors.Is(err, errAnswer) {
		t.Errorf("the error is %v, want %v", err, errAnswer)
	}
}

func TestServerTalksToItsParent(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := serve(strings.NewReader("cpu\ncpu\n"), &out); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != len(served())+2 {
		t.Errorf("it printed %q, want %d addresses and two times", out.String(), len(served()))
	}
}
