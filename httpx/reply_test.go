package httpx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// replyOut is a response with headers.
type replyOut struct {
	Location string   `header:"Location" json:"-"`
	Tags     []string `header:"X-Tag" json:"-"`
	Token    string   `cookie:"token" json:"-"`
	Vary     string   `header:"Vary" json:"-"`
}

// TestReplyAtExit has the headers of the response in the reply at the Exit of a layer, each
// once, whoever else set them, and not in the answer for an error.
func TestReplyAtExit(t *testing.T) {
	t.Parallel()
	svc := route("POST", "/", func(context.Context, endpoint.Empty) (replyOut, error) {
		return replyOut{Location: "/rooms/1", Tags: []string{"a", "b"}, Token: "t", Vary: "X-Kind"}, nil
	})
	refused := endpoint.Errorf(endpoint.Aborted, "too late")
	for name, tt := range map[string]struct {
		enter, exit func(h *endpoint.Header)
		err         error
		want        map[string][]string
	}{
		"the response alone": {want: map[string][]string{"Location": {"/rooms/1"}, "X-Tag": {"a", "b"}, "Vary": {"X-Kind"}}},
		"a layer before": {
			enter: func(h *endpoint.Header) {
				h.Set("Location", "/x")
				h.Set("X-Tag", "x")
				h.Set("Vary", "Origin")
				h.Set("X-Own", "1")
			},
			want: map[string][]string{"Location": {"/rooms/1"}, "X-Tag": {"a", "b"}, "Vary": {"Origin", "X-Kind"}, "X-Own": {"1"}},
		},
		"a layer after": {
			exit: func(h *endpoint.Header) {
				h.Set("Location", "/x")
				h.Add("X-Tag", "x")
				h.Add("Vary", "Origin")
			},
			want: map[string][]string{"Location": {"/rooms/1"}, "X-Tag": {"a", "b"}, "Vary": {"X-Kind", "Origin"}},
		},
		"an error": {err: refused, want: map[string][]string{"Location": nil, "X-Tag": nil, "Vary": nil, "Set-Cookie": nil}},
		"an error, and a layer before": {
			enter: func(h *endpoint.Header) { h.Set("X-Tag", "x"); h.Set("Vary", "Origin") },
			err:   refused, want: map[string][]string{"Location": nil, "X-Tag": {"x"}, "Vary": {"Origin"}},
		},
		"an error, and a layer after": {
			exit: func(h *endpoint.Header) { h.Set("Location", "/x"); h.Add("X-Tag", "x") },
			err:  refused, want: map[string][]string{"Location": {"/x"}, "X-Tag": {"x"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				h := endpoint.CallFrom(ctx).Reply()
				if tt.enter != nil {
					tt.enter(h)
				}
				return ctx, func(err error) error {
					require.NoError(t, err)
					require.Equal(t, "/rooms/1", h.Get("Location"))
					require.Equal(t, []string{"a", "b"}, h.Values("X-Tag"))
					require.Contains(t, h.Get("Set-Cookie"), "token=t")
					if tt.exit != nil {
						tt.exit(h)
					}
					return tt.err
				}, nil
			})
			a := ask(t, mounted(t, svc, httpx.Use(layer)), "POST", "/", "")
			for key, want := range tt.want {
				require.Equal(t, want, a.header.Values(key), key)
			}
			if tt.err == nil {
				require.Len(t, a.header.Values("Set-Cookie"), 1)
			}
		})
	}
}

type shopOut struct {
	N int `json:"n"`
}

// TestBytesOfErrors has the size of the answer for an error at the Exit of a layer,
// whoever made the error.
func TestBytesOfErrors(t *testing.T) {
	t.Parallel()
	failed := endpoint.Define(endpoint.NotFound, "shop", "GONE", "the shop is gone")
	refuse := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, nil, endpoint.Errorf(endpoint.ResourceExhausted, "slow down").WithRetryAfter(1)
	})
	type in struct {
		N int `query:"n"`
	}
	handler := func(_ context.Context, r in) (shopOut, error) {
		if r.N > 0 {
			return shopOut{}, failed.WithMeta("n", "1")
		}
		return shopOut(r), nil
	}
	for name, tt := range map[string]struct {
		target string
		inner  []endpoint.Layer
		opts   []httpx.RouteOption
	}{
		"a success":   {target: "/"},
		"a handler":   {target: "/?n=1"},
		"a parameter": {target: "/?n=x"},
		"a layer":     {target: "/", inner: []endpoint.Layer{refuse}},
		"an error of one's own": {target: "/?n=1", opts: []httpx.RouteOption{httpx.MapErrors(
			func(e *endpoint.Error) (int, string) { return 0, e.Message() + "!" },
			func(int, string) *endpoint.Error { return nil },
		)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got int64
			watch := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error {
					got = endpoint.CallFrom(ctx).ResponseBytes()
					return err
				}, nil
			})
			h := mounted(t, route("GET", "/", handler, tt.opts...), httpx.Use(append([]endpoint.Layer{watch}, tt.inner...)...))
			a := ask(t, h, "GET", tt.target, "")
			require.Positive(t, got)
			require.EqualValues(t, len(a.body), got)
		})
	}
}

// TestBytesOfStreamErrors counts the bytes of an error before, at and after the first
// item of a stream. The event of an error has its wait as well.
func TestBytesOfStreamErrors(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		failed := endpoint.Errorf(endpoint.NotFound, "gone")
		if n > 2 {
			failed = endpoint.Errorf(endpoint.Unavailable, "stopping").WithRetryAfter(2500 * time.Millisecond)
		}
		svc := &oneStream[endpoint.Empty, int]{Do: func(context.Context, endpoint.Empty) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				for i := range n % 3 {
					if !yield(i, nil) {
						return
					}
				}
				yield(0, failed)
			}, nil
		}}
		var got int64
		watch := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error {
				got = endpoint.CallFrom(ctx).ResponseBytes()
				return err
			}, nil
		})
		a := ask(t, mounted(t, svc, httpx.Use(watch)), "GET", "/", "")
		require.EqualValues(t, len(a.body), got, "%d items: %s", n%3, a.body)
	}
}
