package resilience

import (
	"context"

	"github.com/typedkit/endpoint"
)

// gate refuses the calls that a layer further in would have no place for, and takes
// none. It spares an overloaded server the work of the layers between.
type gate struct{ places endpoint.Admitter }

// For returns the gate to the form that the layer has for op.
func (g gate) For(op *endpoint.Operation) endpoint.Layer {
	r, ok := g.places.(endpoint.Resolver)
	if !ok {
		return g
	}
	places, ok := r.For(op).(endpoint.Admitter)
	if !ok { // it has none for op
		return nil
	}
	return gate{places}
}

// Enter asks whether there is a place.
func (g gate) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, g.places.Admit(ctx)
}

// Exit does nothing.
func (g gate) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
