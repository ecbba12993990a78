package main

import (
	"testing"
	"time"

	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, newTicker(time.Millisecond))
}
