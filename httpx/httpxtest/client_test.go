package httpxtest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

type word struct {
	S string `json:"s" minLength:"1" required:"true"`
}

type words struct {
	Upper endpoint.Endpoint[word, word]
	Count endpoint.Endpoint[endpoint.Stream[word], int]
	Ticks endpoint.Endpoint[endpoint.Empty, endpoint.Stream[int]]
	Echo  endpoint.Endpoint[endpoint.Stream[word], endpoint.Stream[word]]
}

var errWord = endpoint.Define(endpoint.NotFound, "words", "NO_WORD", "no such word")

func (s *words) HTTP(r *httpx.Routes) {
	r.POST("/upper", &s.Upper, httpx.Fails(errWord))
	r.ClientStream("POST", "/count", &s.Count)
	r.ServerStream("GET", "/ticks", &s.Ticks)
	r.Bidi("POST", "/echo", &s.Echo)
}

func newWords() *words {
	return &words{
		Upper: func(_ context.Context, w word) (word, error) {
			if w.S == "none" {
				return word{}, errWord
			}
			return word{w.S + "!"}, nil
		},
		Count: func(_ context.Context, all endpoint.Stream[word]) (int, error) {
			items, err := all.Collect()
			return len(items), err
		},
		Ticks: func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				for n := 0; yield(n, nil); n++ {
					select {
					case <-ctx.Done():
						return
					case <-time.NewTimer(time.Hour).C:
					}
				}
			}, nil
		},
		Echo: func(_ context.Context, all endpoint.Stream[word]) (endpoint.Stream[word], error) { return all, nil },
	}
}

// All kinds of calls go through in a bubble, whose time is fake, and leave nothing behind.
func TestClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c words
		httpxtest.Client(t, newWords(), &c)

		w, err := c.Upper(t.Context(), word{"a"})
		require.NoError(t, err)
		require.Equal(t, word{"a!"}, w)
		_, err = c.Upper(t.Context(), word{"none"})
		require.ErrorIs(t, err, errWord)
		require.True(t, endpoint.ErrorOf(err).Remote())
		_, err = c.Upper(t.Context(), word{})
		require.Equal(t, []endpoint.Violation{{Pointer: "/s", Detail: "must have at least 1 character"}}, endpoint.ErrorOf(err).Violations())

		n, err := c.Count(t.Context(), endpoint.StreamOf(word{"a"}, word{"b"}))
		require.NoError(t, err)
		require.Equal(t, 2, n)

		ticks, err := c.Ticks(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		start := time.Now()
		for n, err := range ticks {
			require.NoError(t, err)
			if n == 3 {
				break
			}
		}
		require.Equal(t, 3*time.Hour, time.Since(start))
	})
}

// Items of both directions are under way at once.
func TestClientBidi(t *testing.T) {
	t.Parallel()
	var c words
	httpxtest.Client(t, newWords(), &c)
	answered := make(chan struct{})
	out, err := c.Echo(t.Context(), func(yield func(word, error) bool) {
		for _, s := range []string{"a", "b"} {
			if !yield(word{s}, nil) {
				return
			}
			<-answered
		}
	})
	require.NoError(t, err)
	var got []string
	for w, err := range out {
		require.NoError(t, err)
		got = append(got, w.S)
		answered <- struct{}{}
	}
	require.Equal(t, []string{"a", "b"}, got)
}

// The end of a caller's context ends the call on the server.
func TestClientCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		svc := newWords()
		svc.Upper = func(ctx context.Context, _ word) (word, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return word{}, ctx.Err()
		}
		var c words
		httpxtest.Client(t, svc, &c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.Upper(ctx, word{"a"})
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.Error(t, <-ended)
	})
}

// The layers of both ends run, each where it belongs.
func TestClientOptions(t *testing.T) {
	t.Parallel()
	rec := new(endpointtest.Recorder)
	var c words
	httpxtest.Client(t, newWords(), &c, httpxtest.OnServer(httpx.Use(rec.Layer("server"))), httpxtest.OnClient(httpx.Use(rec.Layer("client"))),
		httpxtest.OnBoth(httpx.Formats(cbor.Format()), httpx.Use(endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error {
				if call := endpoint.CallFrom(ctx); call.Operation().Side == endpoint.ServerSide && call.Header().Get("Content-Type") != "application/cbor" {
					return fmt.Errorf("content type %q", call.Header().Get("Content-Type"))
				}
				return err
			}, nil
		}))))
	_, err := c.Upper(t.Context(), word{"a"})
	require.NoError(t, err)
	require.Equal(t, []string{"enter client", "enter server", "exit server", "exit client"}, rec.Lines())
}

// The handler of a program stands in for the service.
func TestClientHandler(t *testing.T) {
	t.Parallel()
	var c words
	httpxtest.Client(t, nil, &c, httpxtest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"s":%q}`, r.Method+r.URL.Path)
	})))
	w, err := c.Upper(t.Context(), word{"a"})
	require.NoError(t, err)
	require.Equal(t, "POST/upper", w.S)
}
