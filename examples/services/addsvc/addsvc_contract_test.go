package addsvc_test

import (
	"testing"

	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, addsvc.New())
}
