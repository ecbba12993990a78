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

// TestDeleteIgnoresBody has a DELETE with a body that nobody asked for, which is ignored
// as that of a GET is. A type with members is declared to be one, and is read.
func TestDeleteIgnoresBody(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, echo[inPath[string]]("DELETE", "/one/{v}", httpx.MaxBody(1))))
		require.NoError(t, httpx.Mount(r, accepting[endpoint.Empty]("DELETE", "/all")))
		require.NoError(t, httpx.Mount(r, echo[Text]("DELETE", "/some")))
		require.NoError(t, httpx.Mount(r, echo[inPath[string]]("PUT", "/one/{v}")))
		url := listen(t, r)
		for name, body := range map[string]string{"none": "", "JSON": `{"x":1}`, "no JSON": "<x>", "larger than MaxBody": `{"v":"y"}`} {
			for _, media := range []string{"application/json", "text/plain", "no/type; ;"} {
				a := fetch(t, "DELETE", url+"/one/7", body, "Content-Type", media)
				require.Equal(t, 200, a.status, "%s: %s: %s", name, media, a.body)
				require.Contains(t, a.body, `"7"`)
				require.Equal(t, 200, fetch(t, "DELETE", url+"/all", body, "Content-Type", media, "Content-Encoding", "br").status, name)
			}
		}
		require.JSONEq(t, `{"s":"x"}`, fetch(t, "DELETE", url+"/some", `{"s":"x"}`, "Content-Type", "application/json").body)
		require.Equal(t, 400, fetch(t, "DELETE", url+"/some", `{"x":1}`, "Content-Type", "application/json").status)
		require.Equal(t, 400, fetch(t, "PUT", url+"/one/7", `{"x":1}`, "Content-Type", "application/json").status, "a PUT reads it")
	})
}
