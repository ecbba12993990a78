package gokithttp_test

import (
	"context"
	"net/http"
	"testing"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit/gokithttp"
)

// TestWithRequest compares what functions of go-kit see of a request with and without it.
func TestWithRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wrap      func(http.Handler) http.Handler
		path, uri string
		host      bool
	}{
		"without": {func(h http.Handler) http.Handler { return h }, "/say", "", false},
		"with":    {gokithttp.WithRequest, "/say", "/say", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := &sayer{Say: func(ctx context.Context, n number) (word, error) {
				require.Equal(t, tt.path, ctx.Value(kithttp.ContextKeyRequestPath))
				require.Equal(t, tt.uri, ctx.Value(kithttp.ContextKeyRequestURI))
				require.Equal(t, tt.host, ctx.Value(kithttp.ContextKeyRequestHost) != "")
				require.Equal(t, "application/json; charset=utf-8", ctx.Value(ctxType{}))
				return say(ctx, n)
			}}
			mux := http.NewServeMux()
			require.NoError(t, httpx.Mount(mux, svc, httpx.Use(gokithttp.ServerBefore(kithttp.PopulateRequestContext, contentType))))
			var c sayer
			gokithttp.Set(&c.Say, kitClient(t, start(t, tt.wrap(mux))))
			got, err := c.Say(t.Context(), number{1})
			require.NoError(t, err, "the body is left to the endpoint")
			require.Equal(t, word{"fine"}, got)
		})
	}
}

type ctxType struct{}

// contentType reads a header and what there is of a body.
func contentType(ctx context.Context, r *http.Request) context.Context {
	_, _ = r.Body.Read(make([]byte, 1))
	return context.WithValue(ctx, ctxType{}, r.Header.Get("Content-Type"))
}
