package main

import (
	"testing"

	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, &Greeter{Hello: hello})
}
