package resilience

import (
	"context"

	"github.com/typedkit/endpoint"
)

// faulty is a layer with faults. A Stack reports them, and refuses every call
// with them, as its Enter does. See decision 120.
type faulty struct{ err error }

func (f faulty) Err() error { return f.err }

func (f faulty) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, endpoint.Errorf(endpoint.Internal, "%w", f.err)
}

func (faulty) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
