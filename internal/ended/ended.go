// Package ended returns the error of a context that has ended.
package ended

import (
	"context"
	"errors"
	"fmt"
)

// Err returns the error of ctx, or nil if it has not ended. The error also wraps
// the cause if that is a different one. The cause alone is not enough, because it
// may not show that the caller gave up. A cause whose methods panic is left out.
func Err(ctx context.Context) (result error) {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			result = err
		}
	}()
	cause := context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
