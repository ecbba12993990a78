package httpx_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// verbs is a service with a route of each method.
type verbs struct {
	Get, Post, Put, Patch, Delete, Query, Safe endpoint.Endpoint[inPath[string], string]
}

func (v *verbs) HTTP(r *httpx.Routes) {
	r.GET("/{v}", &v.Get)
	r.POST("/{v}", &v.Post)
	r.PUT("/{v}", &v.Put)
	r.PATCH("/{v}", &v.Patch)
	r.DELETE("/{v}", &v.Delete)
	r.Handle("QUERY", "/{v}", &v.Query)
	r.POST("/{v}/safe", &v.Safe, httpx.Idempotent())
}

func (v *verbs) all() map[string]*endpoint.Endpoint[inPath[string], string] {
	return map[string]*endpoint.Endpoint[inPath[string], string]{
		"GET": &v.Get, "POST": &v.Post, "PUT": &v.Put, "PATCH": &v.Patch, "DELETE": &v.Delete, "QUERY": &v.Query, "POST, idempotent": &v.Safe,
	}
}

// TestVerbs has a route of each method, and which of them may be repeated (RFC
// 9110 §9.2.2).
func TestVerbs(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		svc, c := &verbs{}, &verbs{}
		operation := func(ctx context.Context) string {
			op := endpoint.CallFrom(ctx).Operation()
			text := op.Name + " " + op.Method
			if op.Idempotent {
				text += " again"
			}
			return text
		}
		for _, e := range svc.all() {
			*e = func(ctx context.Context, in inPath[string]) (string, error) { return in.V + " " + operation(ctx), nil }
		}
		require.NoError(t, httpx.Mount(r, svc))
		var atClient string
		dial(t, listen(t, r), c, httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) {
			atClient = operation(ctx)
			return ctx, nil
		}}))
		for name, want := range map[string]string{
			"GET": "Get GET again", "POST": "Post POST", "PUT": "Put PUT again", "PATCH": "Patch PATCH", "DELETE": "Delete DELETE again",
			"QUERY": "Query QUERY", "POST, idempotent": "Safe POST again",
		} {
			got, err := (*c.all()[name])(t.Context(), inPath[string]{"x"})
			require.NoError(t, err, name)
			require.Equal(t, "x "+want, got)
			require.Equal(t, want, atClient, "both ends say the same")
		}
	})
}
