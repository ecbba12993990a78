package httpxtest_test

import (
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// more is written as the number after the one that was read.
type more int64

func (m more) MarshalJSONTo(e *jsontext.Encoder) error { return json.MarshalEncode(e, int64(m)+1) }

// wordy is read as a number, and written as a text.
type wordy int64

func (wordy) MarshalJSONTo(e *jsontext.Encoder) error { return json.MarshalEncode(e, "many") }

// mute is read and cannot be written.
type mute int64

func (mute) MarshalJSONTo(*jsontext.Encoder) error { return errors.New("no words") }

// longer is written with an item more than it has.
type longer []int64

func (l longer) MarshalJSONTo(e *jsontext.Encoder) error {
	return json.MarshalEncode(e, append([]int64{0}, l...))
}

// never is never valid.
type never struct{}

func (never) Validate() error { return errors.New("never") }

// moody is less than 9, unless a layer of the server says otherwise.
type moody int64

var lenient atomic.Bool

func (m moody) Validate() error {
	if m == 9 && !lenient.Load() {
		return errors.New("not now")
	}
	return nil
}

// leniently is the layer.
func leniently(ctx context.Context) (context.Context, func(error) error, error) {
	lenient.Store(true)
	return ctx, func(err error) error {
		lenient.Store(false)
		return err
	}, nil
}

// holder is a request or a response with one member, of which the rules allow too much.
type holder[T any] struct {
	V T `json:"v" required:"true"`
}

type bounded struct {
	V moody `json:"v" required:"true" maximum:"9"`
}

type long struct {
	V string `json:"v" required:"true" maxLength:"90"`
}

// put is a service of one route.
type put[Req, Resp any] struct {
	Put endpoint.Endpoint[Req, Resp]
}

func (s *put[Req, Resp]) HTTP(r *httpx.Routes) { r.POST("/put", &s.Put, httpx.MaxBody(60)) }

// putting returns a service that answers resp.
func putting[Req, Resp any](resp Resp) *put[Req, Resp] {
	return &put[Req, Resp]{Put: func(context.Context, Req) (Resp, error) { return resp, nil }}
}

// TestCheckTypes has defects in the types of requests and responses.
func TestCheckTypes(t *testing.T) {
	t.Parallel()
	type none = endpoint.Empty
	seven := httpxtest.Values("/v", "7")
	for _, c := range []struct {
		name string
		svc  httpx.Service
		opts []httpxtest.CheckOption
		want string
	}{
		{"a response is read as another", putting[none](holder[more]{7}), nil, "the client reads another response: /v is 8, read as 9"},
		{"a response is read as a longer one", putting[none](holder[longer]{longer{7}}), nil, "the client reads another response: /v is [0,7], read as [0,0,7]"},
		{
			"an item is null", new(put[none, holder[[]string]]),
			[]httpxtest.CheckOption{httpxtest.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", asJSON)
				_, _ = w.Write([]byte(`{"v":["a",null]}`))
			}))},
			"the response does not have the form of httpxtest_test.holder[[]string]: /v/1 is null",
		},
		{"a request is written as another", putting[holder[more]](none{}), []httpxtest.CheckOption{seven}, `the client writes the request as another one: the server reads {"v":9}`},
		{"a request is written as one that is refused", putting[holder[wordy]](none{}), []httpxtest.CheckOption{seven}, `{"v":"many"}: the client writes a valid request as one that is refused (/v: not valid)`},
		{"a request cannot be written", putting[holder[mute]](none{}), []httpxtest.CheckOption{seven}, "the client cannot write it: "},
		{"no request is valid", putting[holder[never]](none{}), nil, "no valid request was found (/v: never); give one by the option Valid, or values by Values"},
		{
			"a rule that the server does not keep", putting[bounded](none{}),
			[]httpxtest.CheckOption{httpxtest.OnServer(httpx.Use(endpoint.LayerFunc(leniently)))},
			"(/v at maximum): it reaches the implementation, want 400 at /v",
		},
		{
			"a body that is too long", new(put[long, none]),
			[]httpxtest.CheckOption{httpxtest.Handler(answering(func(item) (int, string, string) { return 200, asJSON, "{}" }))},
			"(/v at maxLength): answered 200, want 413",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, strings.Join(check(t, c.svc, c.opts...).errors, "\n"), c.want)
		})
	}
}

// TestCheckHangs has calls that do not end, in the time of a bubble.
func TestCheckHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := check(t, &items{Put: func(ctx context.Context, _ item) (itemReply, error) {
			<-ctx.Done()
			return itemReply{}, ctx.Err()
		}})
		require.Contains(t, strings.Join(r.errors, "\n"), "there is no answer")
	})
}

// TestCheckQuiet has response streams without items yet, which is no fault, and takes few
// seconds.
func TestCheckQuiet(t *testing.T) {
	t.Parallel()
	for name, items := range map[string][]item{"no item": nil, "one item": {{"ab", 1}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int64
				start := time.Now()
				r := check(t, &feed{Watch: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[item], error) {
					calls.Add(1)
					return func(yield func(item, error) bool) {
						for _, i := range items {
							if !yield(i, nil) {
								return
							}
						}
						<-ctx.Done()
						yield(item{}, ctx.Err())
					}, nil
				}})
				require.Empty(t, r.errors)
				require.EqualValues(t, httpxtest.DefaultRequests, calls.Load())
				require.Less(t, time.Since(start), 2*time.Second)
			})
		})
	}
}
