package httpx_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// setType returns a layer that sets the Content-Type, before or after the handler.
func setType(media string, after bool) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		set := func() { endpoint.CallFrom(ctx).Reply().Set("content-type", media) }
		if !after {
			set()
		}
		return ctx, func(err error) error {
			if after {
				set()
			}
			return err
		}, nil
	}
}

// TestContentTypeOfReply has a handler and layers set the Content-Type: it goes out, on
// every kind of route but those of response streams. That of a middleware does not.
func TestContentTypeOfReply(t *testing.T) {
	t.Parallel()
	const csv = "text/csv; charset=utf-8"
	handler := func(media ...string) *one[endpoint.Empty, Text] {
		return route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (Text, error) {
			for _, m := range media {
				endpoint.CallFrom(ctx).Reply().Set("Content-Type", m)
			}
			return Text{"x"}, nil
		})
	}
	around := func(media string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", media)
				next.ServeHTTP(w, r)
			})
		}
	}
	same := func(next http.Handler) http.Handler { return next }
	for name, tt := range map[string]struct {
		svc    httpx.Service
		opts   []httpx.Option
		around func(http.Handler) http.Handler
		want   string
	}{
		"nobody":                        {handler(), nil, same, "application/json"},
		"the handler":                   {handler(csv), nil, same, csv},
		"the handler, twice":            {handler("text/plain", csv), nil, same, csv},
		"a layer":                       {handler(), []httpx.Option{httpx.Use(setType(csv, false))}, same, csv},
		"a layer, at its Exit":          {handler("text/plain"), []httpx.Option{httpx.Use(setType(csv, true))}, same, csv},
		"a middleware":                  {handler(), nil, around(csv), "application/json"},
		"a middleware and the handler":  {handler(csv), nil, around("text/plain"), csv},
		"both, the same":                {handler(csv), nil, around(csv), csv},
		"a middleware and a layer":      {handler(), []httpx.Option{httpx.Use(setType(csv, true))}, around("text/plain"), csv},
		"nobody, with a second format":  {handler(), []httpx.Option{httpx.Formats(codec.XML(), codec.JSON())}, around("text/plain"), "application/xml"},
		"the handler, with two formats": {handler(csv), []httpx.Option{httpx.Formats(codec.JSON(), codec.XML())}, same, csv},
	} {
		onRouters(t, func(t *testing.T, r muxer) {
			require.NoError(t, httpx.Mount(r, tt.svc, tt.opts...))
			h := tt.around(r)
			for range 2 { // what is kept of an exchange is not the next one's
				require.Equal(t, []string{tt.want}, ask(t, h, "GET", "/", "").header["Content-Type"], name)
			}
			require.Equal(t, []string{tt.want}, ask(t, h, "HEAD", "/", "").header["Content-Type"], name)
		})
	}
	failed := route("GET", "/", func(ctx context.Context, _ endpoint.Empty) (Text, error) {
		endpoint.CallFrom(ctx).Reply().Set("Content-Type", csv)
		return Text{}, io.EOF
	})
	require.Equal(t, []string{"application/problem+json"}, ask(t, mounted(t, failed), "GET", "/", "").header["Content-Type"])
	// A client reads the body of its route whatever the type says.
	c := route[endpoint.Empty, Text]("GET", "/", nil)
	dial(t, listen(t, mounted(t, handler(csv))), c)
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, Text{"x"}, got)
}

// TestContentTypeOfStream has a Content-Type for a response stream, which is none that
// clients would know: an error of the call, for layers as well.
func TestContentTypeOfStream(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items []Text
		layer bool
	}{
		"items":            {[]Text{{"a"}, {"b"}}, false},
		"no items":         {nil, false},
		"items, and layer": {[]Text{{"a"}}, true},
	} {
		var ended error
		svc := &downward{status: 200, Down: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[Text], error) {
			if !tt.layer {
				endpoint.CallFrom(ctx).Reply().Set("Content-Type", "text/plain")
			}
			if tt.items == nil {
				return nil, nil
			}
			return func(yield func(Text, error) bool) {
				for _, item := range tt.items {
					if !yield(item, nil) {
						return
					}
				}
			}, nil
		}}
		layers := []endpoint.Layer{endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { ended = err; return err }, nil
		})}
		if tt.layer {
			layers = append(layers, setType("text/plain", false))
		}
		a := ask(t, mounted(t, svc, httpx.Use(layers...)), "GET", "/", "")
		require.Equal(t, 500, a.status, "%s: %s", name, a.body)
		require.Equal(t, []string{"application/problem+json"}, a.header["Content-Type"], name)
		require.ErrorContains(t, ended, "its Content-Type was set, and that of a stream is text/event-stream", name)
	}
}
