package natsx_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/natsx"
)

// TestPlainRequest sends requests as programs without this package do.
func TestPlainRequest(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice})
		conn := dial(t, ns)
		for name, tt := range map[string]struct {
			header nats.Header
			data   string
			want   string // the data of a success
			err    string // the header of an error
			code   string // that of the micro framework
		}{
			"without a header":            {nil, `{"s":"a"}`, `{"s":"A"}`, "", ""},
			"with a type":                 {nats.Header{"content-type": {"application/json; charset=utf-8"}}, `{"s":"a"}`, `{"s":"A"}`, "", ""},
			"with a time":                 {nats.Header{"Endpoint-Timeout-Ms": {"1000"}}, `{"s":"a"}`, `{"s":"A"}`, "", ""},
			"an error of the service":     {nil, `{"s":""}`, "", "INVALID_ARGUMENT strings/EMPTY", "400"},
			"not JSON":                    {nil, `{`, "", "INVALID_ARGUMENT endpoint/INVALID_REQUEST", "400"},
			"an unknown member":           {nil, `{"t":"a"}`, "", "INVALID_ARGUMENT endpoint/INVALID_REQUEST", "400"},
			"another type":                {nats.Header{"Content-Type": {"text/plain"}}, `a`, "", "INVALID_ARGUMENT endpoint/UNSUPPORTED_MEDIA_TYPE", "400"},
			"a time that is not a number": {nats.Header{"Endpoint-Timeout-Ms": {"x"}}, `{"s":"a"}`, "", "INVALID_ARGUMENT endpoint/INVALID_REQUEST", "400"},
			"no time":                     {nats.Header{"Endpoint-Timeout-Ms": {"0"}}, `{"s":"a"}`, "", "INVALID_ARGUMENT endpoint/INVALID_REQUEST", "400"},
			"too many digits":             {nats.Header{"Endpoint-Timeout-Ms": {"12345678901"}}, `{"s":"a"}`, "", "INVALID_ARGUMENT endpoint/INVALID_REQUEST", "400"},
		} {
			reply, err := conn.RequestMsgWithContext(t.Context(), &nats.Msg{Subject: "strings.upper", Header: tt.header, Data: []byte(tt.data)})
			require.NoError(t, err, name)
			require.Equal(t, tt.err, reply.Header.Get("Endpoint-Error"), name)
			require.Equal(t, tt.code, reply.Header.Get("Nats-Service-Error-Code"), name)
			if tt.err == "" {
				require.JSONEq(t, tt.want, string(reply.Data), name)
				require.Equal(t, "application/json", reply.Header.Get("Content-Type"), name)
				continue
			}
			require.NotEmpty(t, reply.Header.Get("Nats-Service-Error"), name)
			require.Equal(t, "application/problem+json", reply.Header.Get("Content-Type"), name)
			code, identity, _ := strings.Cut(tt.err, " ")
			require.Contains(t, string(reply.Data), `"code":"`+code+`"`, name)
			require.Contains(t, string(reply.Data), `"reason":"`+identity[strings.Index(identity, "/")+1:]+`"`, name)
		}
	})
}

// TestFormats has a server with two formats, and clients of each.
func TestFormats(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice}, natsx.Formats(codec.JSON(), codec.XML()))
		for _, f := range []codec.Format{codec.JSON(), codec.XML()} {
			var c Strings
			connect(t, ns, &c, natsx.Formats(f))
			got, err := c.Upper(t.Context(), Text{"a"})
			require.NoError(t, err, f.MediaType())
			require.Equal(t, Text{"A"}, got, f.MediaType())
			items, err := c.Repeat(t.Context(), Text{"b"})
			require.NoError(t, err)
			all, err := items.Collect()
			require.NoError(t, err, f.MediaType())
			require.Equal(t, []Text{{"b"}, {"b"}, {"b"}}, all, f.MediaType())
		}
	})
}

// TestPublished has requests without a reply subject: a unary one is served all the same,
// one for a stream is not. It sleeps in a bubble.
func TestPublished(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		got := make(chan string, 1)
		hook := make(hooked, 1)
		serve(t, ns, &Strings{Upper: func(_ context.Context, in Text) (Text, error) { got <- in.S; return in, nil }, Repeat: thrice}, hook.option())
		require.NoError(t, dial(t, ns).Publish("strings.upper", []byte(`{"s":"a"}`)))
		require.Equal(t, "a", <-got)
		time.Sleep(time.Second)
		require.Empty(t, hook)
		require.NoError(t, dial(t, ns).Publish("strings.repeat", []byte(`{"s":"a"}`)))
		require.ErrorContains(t, <-hook, "needs a reply subject")
	})
}

// TestInFlight has more calls, and calls with more bytes, than a server has room for.
func TestInFlight(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]natsx.Option{"calls": natsx.InFlight(2, 1<<20), "bytes": natsx.InFlight(100, 10_000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, ns *server.Server) {
				text := Text{strings.Repeat("x", 4000)}
				started, end := make(chan struct{}), make(chan struct{})
				hook := make(hooked, 1)
				serve(t, ns, &Strings{Repeat: thrice, Upper: func(_ context.Context, in Text) (Text, error) {
					started <- struct{}{}
					<-end
					return in, nil
				}}, limit, hook.option())
				var c Strings
				connect(t, ns, &c)
				done := make(chan error, 2)
				for range 2 {
					go func() {
						_, err := c.Upper(t.Context(), text)
						done <- err
					}()
					<-started
				}
				_, err := c.Upper(t.Context(), text)
				require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
				require.Equal(t, "OUT_OF_CAPACITY", endpoint.ErrorOf(err).Reason())
				require.Equal(t, "OUT_OF_CAPACITY", endpoint.ErrorOf(<-hook).Reason())
				close(end)
				require.NoError(t, errors.Join(<-done, <-done))
				go func() { <-started }()
				_, err = c.Upper(t.Context(), text)
				require.NoError(t, err, "there is room again")
			})
		})
	}
}

// fullLayer takes places and has none.
type fullLayer struct{ endpoint.LayerFunc }

var errFull = endpoint.Define(endpoint.Unavailable, "strings", "FULL", "no place")

func (fullLayer) Admit(context.Context) error { return errFull }

func (fullLayer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, errFull
}

// TestPlaces has calls without a place.
func TestPlaces(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice}, natsx.Use(fullLayer{}))
		var c Strings
		connect(t, ns, &c)
		_, err := c.Upper(t.Context(), Text{"a"})
		require.ErrorIs(t, err, errFull)
		items, err := c.Repeat(t.Context(), Text{"a"})
		require.NoError(t, err)
		_, err = items.Collect()
		require.ErrorIs(t, err, errFull)
	})
}

// TestTooLargeForNATS has a response and an item that no message of NATS can have, and an
// error that one can have without its details only.
func TestTooLargeForNATS(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		huge := strings.Repeat("x", 1<<20)
		hook := make(hooked, 4)
		serve(t, ns, &Strings{
			Upper: func(ctx context.Context, in Text) (Text, error) {
				switch in.S {
				case "error":
					return Text{}, ErrEmpty.WithMeta("huge", huge)
				case "header":
					endpoint.CallFrom(ctx).Reply().Set("huge", huge)
					return Text{}, nil
				}
				return Text{huge}, nil
			},
			Repeat: func(context.Context, Text) (endpoint.Stream[Text], error) { return endpoint.StreamOf(Text{huge}), nil },
		}, hook.option())
		var c Strings
		connect(t, ns, &c)
		_, err := c.Upper(t.Context(), Text{})
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.ErrorContains(t, <-hook, "the NATS server accepts 1048576")
		items, err := c.Repeat(t.Context(), Text{})
		require.NoError(t, err)
		_, err = items.Collect()
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.ErrorContains(t, <-hook, "the NATS server accepts 1048576")
		_, err = c.Upper(t.Context(), Text{"error"})
		require.ErrorIs(t, err, ErrEmpty)
		require.ErrorIs(t, <-hook, ErrEmpty)
		_, err = c.Upper(t.Context(), Text{"header"})
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.ErrorContains(t, <-hook, "maximum payload")
	})
}

// TestGoexit has a handler that leaves its goroutine.
func TestGoexit(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: func(context.Context, Text) (Text, error) { runtime.Goexit(); return Text{}, nil }, Repeat: thrice}, natsx.InFlight(1, 1<<20))
		var c Strings
		connect(t, ns, &c)
		for range 2 {
			_, err := c.Upper(t.Context(), Text{"a"})
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
			synctest.Wait()
		}
	})
}

// TestStatus has the status of an error on both ends.
func TestStatus(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		statuses := make(chan int, 2)
		status := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { statuses <- endpoint.CallFrom(ctx).Status(err); return err }, nil
		})
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice}, natsx.Use(status))
		var c Strings
		connect(t, ns, &c, natsx.Use(status))
		_, err := c.Upper(t.Context(), Text{})
		require.ErrorIs(t, err, ErrEmpty)
		require.Equal(t, []int{http.StatusBadRequest, http.StatusBadRequest}, []int{<-statuses, <-statuses})
	})
}
