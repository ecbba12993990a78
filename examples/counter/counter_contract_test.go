package counter_test

import (
	"testing"

	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, counter.New())
}
