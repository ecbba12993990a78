// Package credential is what the transports of a server tell package auth about a request
// beside its headers.
package credential

import (
	"context"
	"crypto/tls"
	"net/url"

	"github.com/typedkit/endpoint/internal/mark"
)

// An Origin is a request, for the time of its call.
type Origin interface {
	// Query returns the values of a parameter of the query; none without a query.
	Query(name string) []string
	// Connection returns the state of TLS, or nil without it.
	Connection() *tls.ConnectionState
}

// Query returns the values of a parameter of the request that is being served.
func Query(ctx context.Context, name string) []string {
	if o := origin(ctx); o != nil {
		return o.Query(name)
	}
	return nil
}

// Connection returns the state of TLS of the request that is being served, or nil.
func Connection(ctx context.Context) *tls.ConnectionState {
	if o := origin(ctx); o != nil {
		return o.Connection()
	}
	return nil
}

func origin(ctx context.Context) Origin {
	w := mark.WireOf(ctx)
	if w == nil {
		return nil
	}
	o, _ := w.Origin.(Origin)
	return o
}

// queryKey is the key of the parameters that WithQuery adds.
type queryKey struct{}

// param is a parameter of the query, after those of outer.
type param struct {
	outer       *param
	name, value string
}

// WithQuery returns a context whose client call over HTTP has a parameter more in its query.
func WithQuery(ctx context.Context, name, value string) context.Context {
	outer, _ := ctx.Value(queryKey{}).(*param)
	return context.WithValue(ctx, queryKey{}, &param{outer, name, value})
}

// AddQuery adds the parameters of WithQuery to a query. Those of the same name replace each
// other.
func AddQuery(ctx context.Context, query string) string {
	p, _ := ctx.Value(queryKey{}).(*param)
	if p == nil {
		return query
	}
	values, _ := url.ParseQuery(query)
	seen := map[string]bool{}
	for ; p != nil; p = p.outer {
		if !seen[p.name] {
			seen[p.name] = true
			values.Set(p.name, p.value)
		}
	}
	return values.Encode()
}
