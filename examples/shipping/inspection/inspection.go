// Package inspection looks at cargos that were handled, and tells of those that went wrong
// or arrived.
package inspection

import (
	"context"

	"github.com/typedkit/endpoint/examples/shipping/bus"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/store"
)

// snippet: inspection

// A Service inspects each cargo that was handled. Its topics may have no subscriber.
type Service struct {
	Misdirected bus.Topic[cargo.Cargo] // cargos that were handled against their plan
	Arrived     bus.Topic[cargo.Cargo] // cargos that were unloaded at their destination

	store *store.Store
}

// New returns a service that inspects the cargos of st when they are handled.
func New(st *store.Store, handled *bus.Topic[cargo.HandlingEvent]) *Service {
	s := &Service{store: st}
	handled.Subscribe(s.inspect)
	return s
}

func (s *Service) inspect(ctx context.Context, e cargo.HandlingEvent) {
	c, err := s.store.Find(e.TrackingID)
	if err != nil {
		return
	}
	d := c.Delivery()
	if d.IsMisdirected {
		s.Misdirected.Publish(ctx, c)
	}
	if d.IsUnloadedAtDestination {
		s.Arrived.Publish(ctx, c)
	}
}

// end snippet
