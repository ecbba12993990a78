package natsx_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/resilience"
)

// TestMetadata has the headers of a call as NATS has them, both ways.
func TestMetadata(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		got := make(chan nats.Header, 1)
		conn := dial(t, ns)
		_, err := conn.Subscribe("strings.upper", func(msg *nats.Msg) {
			got <- msg.Header
			_ = msg.RespondMsg(&nats.Msg{Header: nats.Header{"Content-Type": {"application/json"}, "X-Color": {"red"}, "X-Raw-Bin": {"AAE"}}, Data: []byte(`{"s":"A"}`)})
		})
		require.NoError(t, err)
		require.NoError(t, conn.FlushWithContext(within(t)))
		var c Strings
		replies := make(chan [3]string, 1)
		connect(t, ns, &c, natsx.Use(endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error {
				reply := endpoint.CallFrom(ctx).Reply()
				replies <- [3]string{reply.Get("x-color"), reply.Get("X-RAW-BIN"), reply.Get("content-type")}
				return err
			}, nil
		})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx = endpoint.WithHeader(endpoint.WithHeader(ctx, "Traceparent", "00-1-2-03"), "key-bin", "\x00\x01")
		_, err = c.Upper(ctx, Text{"a"})
		require.NoError(t, err)
		require.Equal(t, nats.Header{
			"Content-Type": {"application/json"}, "Endpoint-Timeout-Ms": {"1000"},
			"traceparent": {"00-1-2-03"}, "key-bin": {"AAE"},
		}, <-got)
		require.Equal(t, [3]string{"red", "\x00\x01", ""}, <-replies, "the type belongs to the transport")

		for _, key := range []string{"nats-msg-id", "endpoint-error", "Endpoint-Timeout-Ms", "status"} {
			_, err = c.Upper(endpoint.WithHeader(t.Context(), key, "x"), Text{"a"})
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err), key)
			<-replies
		}
	})
}

// TestUnsentReply has metadata of a reply that NATS cannot carry.
func TestUnsentReply(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		hook := make(hooked, 1)
		serve(t, ns, &Strings{Repeat: thrice, Upper: func(ctx context.Context, in Text) (Text, error) {
			endpoint.CallFrom(ctx).Reply().Set("Nats-Service-Error", "x")
			endpoint.CallFrom(ctx).Reply().Set("line", "a\r\nb")
			return in, nil
		}}, hook.option())
		var c Strings
		connect(t, ns, &c)
		_, err := c.Upper(t.Context(), Text{"a"})
		require.NoError(t, err)
		err = <-hook
		require.ErrorContains(t, err, `the header "nats-service-error" belongs to NATS`)
		require.ErrorContains(t, err, `the value of header "line" has a control character`)
	})
}

// TestConnectionStates makes calls over connections that are closed or drain.
func TestConnectionStates(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice})
		var c Strings
		conn := dial(t, ns)
		require.NoError(t, natsx.Client(natsx.To(conn), &c))
		_, err := c.Upper(t.Context(), Text{"a"})
		require.NoError(t, err)
		conn.Close()
		_, unary := c.Upper(t.Context(), Text{"a"})
		_, stream := collect(t, &c)
		for _, err := range []error{unary, stream} {
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.True(t, endpoint.NotSent(err))
			require.ErrorContains(t, err, "the connection to NATS is CLOSED")
		}
	})
}

// TestRequestTooLargeForNATS has requests that no message of NATS can have, one only
// with its headers.
func TestRequestTooLargeForNATS(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: thrice})
		var c Strings
		connect(t, ns, &c)
		for what, size := range map[string]int{"data": 1 << 20, "headers": 1<<20 - 20} {
			_, err := c.Upper(t.Context(), Text{strings.Repeat("x", size)})
			require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err), what)
			require.False(t, endpoint.MaybeSent(err), what)
			_, err = c.Upper(t.Context(), Text{"a"})
			require.NoError(t, err, what)
		}
	})
}

// TestCallTimeout has a server that does not respond.
func TestCallTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []natsx.Option
		want time.Duration
	}{"default": {nil, 30 * time.Second}, "set": {[]natsx.Option{natsx.CallTimeout(time.Second)}, time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, ns *server.Server) {
				conn := dial(t, ns)
				_, err := conn.SubscribeSync("strings.upper")
				require.NoError(t, err)
				require.NoError(t, conn.FlushWithContext(within(t)))
				var c Strings
				connect(t, ns, &c, tt.opts...)
				start := time.Now()
				_, err = c.Upper(t.Context(), Text{"a"})
				require.ErrorIs(t, err, resilience.ErrTimeout)
				require.True(t, endpoint.MaybeSent(err))
				require.Equal(t, tt.want, time.Since(start).Round(time.Millisecond))
			})
		})
	}
}

// TestUnreadableResponse has responses that are not what the type says.
func TestUnreadableResponse(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		conn := dial(t, ns)
		replies := make(chan *nats.Msg, 1)
		_, err := conn.Subscribe("strings.upper", func(msg *nats.Msg) { _ = msg.RespondMsg(<-replies) })
		require.NoError(t, err)
		require.NoError(t, conn.FlushWithContext(within(t)))
		var c Strings
		connect(t, ns, &c)
		for name, reply := range map[string]*nats.Msg{
			"not JSON":         {Data: []byte(`{"s":`)},
			"no data":          {},
			"another type":     {Header: nats.Header{"Content-Type": {"text/plain"}}, Data: []byte(`{"s":"a"}`)},
			"another document": {Data: []byte(`{"s":1}`)},
		} {
			replies <- reply
			_, err := c.Upper(t.Context(), Text{"a"})
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), name)
			require.ErrorContains(t, err, "the response cannot be read", name)
			require.False(t, endpoint.ErrorOf(err).Remote(), name)
			require.True(t, endpoint.MaybeSent(err), name)
		}
	})
}
