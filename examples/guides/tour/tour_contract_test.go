package tour

import (
	"testing"

	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, newProfiles(&Store{}), httpxtest.Values("path:id", "ann", "bob"), httpxtest.Values("/id", "ann", "bob"))
}
