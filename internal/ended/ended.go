// Package ended says what it means that a context has ended.
package ended

import (
	"context"
	"errors"
	"fmt"
)

// Err returns the error of ctx, nil while it has not ended, and with its cause
// where that is another one: the cause alone may not tell that the caller gave up.
func Err(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, err) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return context.Cause(ctx)
}
