package profilesvc_test

import (
	"testing"

	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	httpxtest.Check(t, profilesvc.New(new(profilesvc.Store)), httpxtest.Values("path:id", "ann", "bob"), httpxtest.Values("/id", "ann", "bob"))
}
