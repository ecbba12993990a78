// snippet: layer

package stringsvc

import (
	"context"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
)

// LogCalls returns a layer that logs the end of each call. It looks at no request and no
// response, so it fits every endpoint of every service.
func LogCalls(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		method := endpoint.CallFrom(ctx).Operation().Name
		return ctx, func(err error) error {
			log.InfoContext(ctx, "called endpoint", "method", method, "code", endpoint.CodeOf(err))
			return err
		}, nil
	}
}

// end snippet

// snippet: logging

// Logging returns next with a line in the log for each call: what comes in, and what goes out.
func Logging(log *slog.Logger, next *Strings) *Strings {
	uppercase := func(ctx context.Context, t Text) (u Uppercased, err error) {
		defer func(begin time.Time) {
			log.InfoContext(ctx, "call", "method", "uppercase", "input", t.S, "output", u.V, "err", err, "took", time.Since(begin))
		}(time.Now())
		return next.Uppercase(ctx, t)
	}
	count := func(ctx context.Context, t Text) (c Counted, err error) {
		defer func(begin time.Time) {
			log.InfoContext(ctx, "call", "method", "count", "input", t.S, "n", c.V, "err", err, "took", time.Since(begin))
		}(time.Now())
		return next.Count(ctx, t)
	}
	return &Strings{Uppercase: uppercase, Count: count}
}

// end snippet
