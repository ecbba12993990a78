package discover_test

import (
	"testing"

	"github.com/typedkit/endpoint/discover"
)

// TestFixed: a source that cannot change passes what does not ask it to.
func TestFixed(t *testing.T) {
	t.Parallel()
	set := discover.Fixed(discover.Instance{Addr: "b"}, discover.Instance{Addr: "a"}, discover.Instance{Addr: "a", Weight: 2})
	n := 0
	for got, err := range set.Watch(t.Context()) {
		n++
		if err != nil || len(got) != 2 || got[0].Addr != "a" || got[0].Weight != 0 {
			t.Errorf("Watch yields %v, %v", got, err)
		}
		break
	}
	if n != 1 {
		t.Errorf("Watch yields %d sets", n)
	}
}
