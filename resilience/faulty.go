package resilience

import (
	"context"

	"github.com/typedkit/endpoint"
)

// faulty is a layer that has the Stack refuse every call with the faults of a
// policy that is no Layer itself.
type faulty struct{ err error }

func (f faulty) Err() error { return f.err }

func (faulty) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (faulty) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
