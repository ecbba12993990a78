package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// unread is a body that must not be read.
type unread struct{ t testing.TB }

func (u unread) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }

// TestRefusalLeavesBody has a layer that refuses a call before anything of it
// is read.
func TestRefusalLeavesBody(t *testing.T) {
	t.Parallel()
	limited := endpoint.Define(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "too many calls")
	limiter := &layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, limited }}
	h := mounted(t, &Strings{Upper: upper, Count: count}, httpx.Use(limiter))
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/upper", unread{t})
	r.ContentLength = 100
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Contains(t, w.Body.String(), `"reason":"RATE_LIMITED"`)
}

// TestLayersSeeRefusals has each refusal of the transport pass the layers, with
// its status.
func TestLayersSeeRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path, body string
		header     []string
		want       *endpoint.Error
		status     int
	}{
		"a success":         {"/1", `{"name":"x"}`, nil, nil, 200},
		"a bad body":        {"/1", `{"name":1}`, nil, httpx.ErrInvalidRequest, 400},
		"a large body":      {"/1", `{"name":"` + strings.Repeat("x", 100) + `"}`, nil, httpx.ErrBodyTooLarge, 413},
		"a type":            {"/1", `<name/>`, []string{"Content-Type", "text/xml"}, httpx.ErrUnsupportedMediaType, 415},
		"an Accept":         {"/1", `{}`, []string{"Accept", "text/html"}, httpx.ErrNotAcceptable, 406},
		"a time":            {"/1", `{}`, []string{"Connect-Timeout-Ms", "soon"}, httpx.ErrInvalidRequest, 400},
		"the service's own": {"/none", `{}`, nil, ErrNotFound, 404},
		"a panic":           {"/panic", `{}`, nil, nil, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := route("PUT", "/{id}", func(_ context.Context, r NewProfile) (endpoint.Empty, error) {
				switch r.ID {
				case "none":
					return endpoint.Empty{}, ErrNotFound
				case "panic":
					panic("no")
				}
				return endpoint.Empty{}, nil
			}, httpx.MaxBody(64))
			var saw error
			status := -1
			h := mounted(t, svc, httpx.Use(&layer{exit: func(ctx context.Context, err error) error {
				saw, status = err, endpoint.CallFrom(ctx).Status(err)
				return err
			}}))
			a := ask(t, h, "PUT", tt.path, tt.body, tt.header...)
			require.Equal(t, tt.status, status)
			switch {
			case tt.want != nil:
				require.ErrorIs(t, saw, tt.want)
				require.Equal(t, tt.status, a.status)
			case tt.status == 500:
				var p *endpoint.PanicError
				require.ErrorAs(t, saw, &p)
				require.Equal(t, "no", p.Value)
				require.Equal(t, 500, a.status)
			default:
				require.NoError(t, saw)
			}
		})
	}
}

// rich is a response that leaves traces everywhere.
type rich struct {
	ETag   string `header:"ETag"`
	Tag    string `header:"X-Trace"`
	Cookie string `cookie:"trace"`
	Code   int    `status:"true"`
	Name   string `json:"name"`
}

// TestExitMakesError has a layer turn a success into an error: the answer is as
// if there never was one.
func TestExitMakesError(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		svc := route("GET", "/", func(context.Context, endpoint.Empty) (rich, error) {
			return rich{"trace", "trace", "trace", 203, strings.Repeat("trace", 1000)}, nil
		})
		turned := endpoint.Define(endpoint.Unavailable, "endpoint", "TEST", "not today")
		turn := &layer{exit: func(context.Context, error) error { return turned }}
		var outer error
		see := &layer{exit: func(_ context.Context, err error) error { outer = err; return err }}
		var hooked error
		hook := httpx.ErrorHook(func(_ context.Context, err error) { hooked = err })
		require.NoError(t, httpx.Mount(r, svc, httpx.Use(see, turn), hook))
		a := fetch(t, "GET", listen(t, r), "")
		require.Equal(t, http.StatusServiceUnavailable, a.status)
		p := a.problem(t)
		require.Equal(t, "not today", p.Detail)
		require.NotContains(t, a.body, "trace")
		for k, vs := range a.header {
			require.NotContains(t, strings.Join(vs, " "), "trace", k)
		}
		require.ErrorIs(t, outer, turned)
		require.ErrorIs(t, hooked, turned)
	})
}

// TestExitReplacesError has the innermost and the outermost of layers replace
// an error.
func TestExitReplacesError(t *testing.T) {
	t.Parallel()
	replace := func(from, to error) endpoint.Layer {
		return &layer{exit: func(_ context.Context, err error) error {
			require.ErrorIs(t, err, from)
			return to
		}}
	}
	first, second, third := errors.New("first"), errors.New("second"), endpoint.Errorf(endpoint.NotFound, "third")
	h := mounted(t, failing(first), httpx.Use(replace(second, third), replace(first, second), replace(first, nil)))
	a := ask(t, h, "POST", "/", "")
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, "third", a.problem(t).Detail)
}

// TestContextOfLayers has a value of a layer reach the endpoint, and the hook
// the call.
func TestContextOfLayers(t *testing.T) {
	t.Parallel()
	type key struct{}
	var got any
	svc := route("POST", "/", func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		got = ctx.Value(key{})
		return endpoint.Empty{}, errors.New("no")
	})
	var op string
	h := mounted(t, svc, httpx.Use(&layer{enter: func(ctx context.Context) (context.Context, error) {
		return context.WithValue(ctx, key{}, "v"), nil
	}}), httpx.ErrorHook(func(ctx context.Context, _ error) { op = endpoint.CallFrom(ctx).Operation().Name }))
	ask(t, h, "POST", "/", "")
	require.Equal(t, "v", got)
	require.Equal(t, "Do", op)
}

// TestHooks has several hooks, all of which are called, in order.
func TestHooks(t *testing.T) {
	t.Parallel()
	var got []string
	hook := func(name string) httpx.Option {
		return httpx.ErrorHook(func(_ context.Context, err error) { got = append(got, name+" "+err.Error()) })
	}
	h := mounted(t, failing(errors.New("no")), hook("a"), hook("b"))
	ask(t, h, "POST", "/", "")
	require.Equal(t, []string{"a no", "b no"}, got)
	ask(t, mounted(t, echo[Text]("POST", "/"), hook("c")), "POST", "/", `{"s":"x"}`)
	require.Len(t, got, 2, "a success is no error")
}
