package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// TestStatusInExit has a layer outside see the status that goes out, however
// the call ended: by the endpoint, by a layer inside, or by the transport.
func TestStatusInExit(t *testing.T) {
	t.Parallel()
	limited := endpoint.Define(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "too many calls")
	refuse := &layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, limited }}
	turn := func(to error) endpoint.Layer {
		return &layer{exit: func(context.Context, error) error { return to }}
	}
	remote := endpoint.FromWire(endpoint.NotFound, "other", "NOT_FOUND", "not found")
	for name, tt := range map[string]struct {
		inner  endpoint.Layer
		result error // of the endpoint
		want   int
	}{
		"a success":                          {nil, nil, 201},
		"an error":                           {nil, ErrNotFound, 404},
		"an error without a code":            {nil, errors.New("no"), 500},
		"a status of the route's own":        {nil, errOne, 422},
		"an error from behind":               {nil, remote, 500},
		"a refusal inside":                   {refuse, nil, 429},
		"a success turned into an error":     {turn(endpoint.Errorf(endpoint.Unavailable, "no")), nil, 503},
		"an error replaced":                  {turn(ErrNotFound), errOne, 404},
		"an error that nil left standing":    {turn(nil), ErrNotFound, 404},
		"a client that left":                 {nil, context.Canceled, 499},
		"a deadline that passed":             {nil, context.DeadlineExceeded, 504},
		"a panic":                            {nil, errPanic, 500},
		"a panic, which a layer cannot turn": {turn(ErrNotFound), errPanic, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onRouters(t, func(t *testing.T, r muxer) {
				svc := route("POST", "/", func(context.Context, endpoint.Empty) (endpoint.Empty, error) {
					if tt.result == errPanic { //nolint:errorlint // the very same
						panic("no")
					}
					return endpoint.Empty{}, tt.result
				}, httpx.Status(201), httpx.Fails(errOne), httpx.ErrorStatus(errOne, 422))
				seen := -1
				layers := []endpoint.Layer{&layer{exit: func(ctx context.Context, err error) error {
					seen = endpoint.CallFrom(ctx).Status(err)
					return err
				}}}
				if tt.inner != nil {
					layers = append(layers, tt.inner)
				}
				require.NoError(t, httpx.Mount(r, svc, httpx.Use(layers...)))
				a := ask(t, r, "POST", "/", "")
				require.Equal(t, tt.want, a.status)
				require.Equal(t, tt.want, seen, "the layer outside saw another status than went out")
			})
		})
	}
}

var errPanic = errors.New("panic")

// TestStatusInExitOfClient has a client's layers see the status that came back,
// and none where none came.
func TestStatusInExitOfClient(t *testing.T) {
	t.Parallel()
	url := listen(t, mounted(t, failing(ErrNotFound)))
	for name, tt := range map[string]struct {
		url   string
		inner endpoint.Layer
		want  int
	}{
		"an error":             {url, &layer{}, 404},
		"an error replaced":    {url, &layer{exit: func(context.Context, error) error { return errOne }}, 404},
		"a refusal inside":     {url, &layer{enter: func(ctx context.Context) (context.Context, error) { return ctx, errOne }}, 0},
		"nobody is there":      {"http://127.0.0.1:1", &layer{}, 0},
		"a foreign server":     {listen(t, answering(http.StatusBadGateway, "<html>")), &layer{}, 502},
		"an answer not of use": {listen(t, answering(200, "<html>")), &layer{}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := -1
			c := route[endpoint.Empty, Text]("POST", "/", nil)
			dial(t, tt.url, c, httpx.Use(&layer{exit: func(ctx context.Context, err error) error {
				seen = endpoint.CallFrom(ctx).Status(err)
				return err
			}}, tt.inner))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := c.Do(ctx, endpoint.Empty{})
			require.Error(t, err)
			require.Equal(t, tt.want, seen)
		})
	}
}
