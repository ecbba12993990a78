// Package unrouted carries the path of a request that no route of a server matches,
// from its transport to logs. The path belongs to logs alone: it comes from a
// stranger, and as a label of a metric or as the name of a span it would have no
// bound.
package unrouted

import "context"

type pathKey struct{}

// WithPath returns a context with the path of a request. The caller cuts the path to
// a length that fits into a log.
func WithPath(ctx context.Context, path string) context.Context {
	return context.WithValue(ctx, pathKey{}, path)
}

// Path returns the path in ctx, or "".
func Path(ctx context.Context) string {
	path, _ := ctx.Value(pathKey{}).(string)
	return path
}
