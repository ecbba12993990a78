package discovertest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
)

// A kit is the source and what acts on the registry behind it. A test hands a
// func that makes one to Source:
//
//	func TestSource(t *testing.T) { discovertest.Source(t, newKit) }
func ExampleSourceKit() {
	newKit := func(*testing.T) discovertest.SourceKit {
		r := newRegistry()
		return discovertest.SourceKit{
			Source:  r,
			Set:     func(_ *testing.T, set []discover.Instance) { r.hold(set) },
			Break:   func(*testing.T) { r.fail(true) },
			Restore: func(*testing.T) { r.fail(false) },
		}
	}

	kit := newKit(nil)
	kit.Set(nil, []discover.Instance{{Addr: "192.0.2.1:80"}})
	for set, err := range kit.Source.Watch(context.Background()) {
		fmt.Println(set[0].Addr, err)
		break
	}
	// Output: 192.0.2.1:80 <nil>
}
