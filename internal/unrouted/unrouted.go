// Package unrouted passes the path of a request that no route matches from a transport
// to logs. Clients can send any path, so metrics and spans must not use it: there is no
// bound on the number of labels and names.
package unrouted

import "context"

type pathKey struct{}

// WithPath returns a context with the path of a request. The caller bounds its length.
func WithPath(ctx context.Context, path string) context.Context {
	return context.WithValue(ctx, pathKey{}, path)
}

// Path returns the path in ctx, or "" if there is none.
func Path(ctx context.Context) string {
	path, _ := ctx.Value(pathKey{}).(string)
	return path
}
