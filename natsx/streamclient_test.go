package natsx_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
)

// A reply is what a foreign server sends, after a time.
type reply struct {
	after     time.Duration
	kind, seq string
	data      string
	header    nats.Header // in place of kind and seq
}

func item(seq int) reply {
	return reply{kind: "item", seq: strconv.Itoa(seq), data: `{"s":"` + strconv.Itoa(seq) + `"}`}
}

// script responds to requests of Repeat with replies. It sleeps, for tests in a bubble.
func script(t *testing.T, ns *server.Server, replies []reply) {
	t.Helper()
	conn := dial(t, ns)
	_, err := conn.Subscribe("strings.repeat", func(msg *nats.Msg) {
		for _, r := range replies {
			time.Sleep(r.after)
			h := r.header
			if h == nil {
				h = nats.Header{"Endpoint-Stream": {r.kind}, "Endpoint-Seq": {r.seq}}
			}
			_ = conn.PublishMsg(&nats.Msg{Subject: msg.Reply, Header: h, Data: []byte(r.data)})
		}
	})
	require.NoError(t, err)
	require.NoError(t, conn.FlushWithContext(within(t)))
}

// within returns a context with a deadline, which nats.go wants for a flush.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// collect makes a call of Repeat.
func collect(t *testing.T, c *Strings) ([]Text, error) {
	t.Helper()
	items, err := c.Repeat(t.Context(), Text{"a"})
	if err != nil {
		return nil, err
	}
	return items.Collect()
}

// TestReplies has the replies of servers as another program may send them. The client
// sees how a stream ends, and when.
func TestReplies(t *testing.T) {
	t.Parallel()
	heartbeat := func(seq string) reply { return reply{after: 5 * time.Second, kind: "heartbeat", seq: seq} }
	for name, tt := range map[string]struct {
		replies []reply
		items   int
		code    endpoint.Code // OK for the end of the stream
		text    string
		after   time.Duration
		notSent bool
	}{
		"items and the end": {[]reply{item(1), item(2), {kind: "end", seq: "3"}}, 2, endpoint.OK, "", 0, false},
		"an end alone":      {[]reply{{kind: "end", seq: "1"}}, 0, endpoint.OK, "", 0, false},
		"an error with a document": {[]reply{item(1), {header: nats.Header{
			"Endpoint-Stream": {"error"}, "Endpoint-Seq": {"2"}, "Endpoint-Error": {"NOT_FOUND"},
		}, data: `{"code":"ABORTED","detail":"aborted"}`}}, 1, endpoint.Aborted, "aborted", 0, false},
		"an error without one": {[]reply{{header: nats.Header{
			"Endpoint-Stream": {"error"}, "Endpoint-Seq": {"1"}, "Endpoint-Error": {"NOT_FOUND strings/GONE"},
		}}}, 0, endpoint.NotFound, "", 0, false},
		"an error without a code":         {[]reply{{kind: "error", seq: "1"}}, 0, endpoint.Internal, "has no code", 0, false},
		"heartbeats between":              {[]reply{heartbeat("0"), heartbeat("0"), item(1), heartbeat("1"), {kind: "end", seq: "2"}}, 1, endpoint.OK, "", 15 * time.Second, false},
		"a gap":                           {[]reply{item(1), item(3)}, 1, endpoint.Unavailable, "reply 3 came in place of 2", 0, false},
		"a gap before a heartbeat":        {[]reply{item(1), heartbeat("2")}, 1, endpoint.Unavailable, "reply 2 came in place of 1", 5 * time.Second, false},
		"a gap before the end":            {[]reply{item(1), {kind: "end", seq: "3"}}, 1, endpoint.Unavailable, "reply 3 came in place of 2", 0, false},
		"an item twice":                   {[]reply{item(1), item(1)}, 1, endpoint.Unavailable, "reply 1 came in place of 2", 0, false},
		"no number":                       {[]reply{{kind: "item", data: `{}`}}, 0, endpoint.Unavailable, "the number of a reply", 0, false},
		"silence":                         {[]reply{item(1)}, 1, endpoint.Unavailable, "two heartbeats", 12500 * time.Millisecond, false},
		"silence from the start":          {nil, 0, endpoint.Unavailable, "two heartbeats", 12500 * time.Millisecond, false},
		"one missed heartbeat":            {[]reply{item(1), {after: 12 * time.Second, kind: "end", seq: "2"}}, 1, endpoint.OK, "", 12 * time.Second, false},
		"a kind that is not known":        {[]reply{{kind: "news", seq: "1"}, {kind: "end", seq: "2"}}, 0, endpoint.OK, "", 0, false},
		"an item that cannot be read":     {[]reply{{kind: "item", seq: "1", data: "{"}}, 0, endpoint.Internal, "an item cannot be read", 0, false},
		"a response that is not a stream": {[]reply{{header: nats.Header{}, data: `{"s":"a"}`}}, 0, endpoint.Internal, "not a stream", 0, false},
		"an error of the micro framework": {[]reply{{header: nats.Header{"Nats-Service-Error": {"no"}, "Nats-Service-Error-Code": {"404"}}}}, 0, endpoint.NotFound, "no", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, ns *server.Server) {
				script(t, ns, tt.replies)
				var c Strings
				connect(t, ns, &c)
				start := time.Now()
				got, err := collect(t, &c)
				require.Len(t, got, tt.items)
				require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
				if tt.text != "" {
					require.ErrorContains(t, err, tt.text)
				}
				require.Equal(t, tt.after, time.Since(start).Round(time.Millisecond))
				if err != nil {
					require.True(t, endpoint.MaybeSent(err))
				}
			})
		})
	}
}

// TestNoServer makes calls that no server is there for.
func TestNoServer(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		var c Strings
		connect(t, ns, &c)
		_, unary := c.Upper(t.Context(), Text{"a"})
		_, stream := collect(t, &c)
		for _, err := range []error{unary, stream} {
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.True(t, endpoint.NotSent(err))
			require.ErrorContains(t, err, "no server is subscribed to strings.")
		}
	})
}

// TestSlowReader has a loop that takes items more slowly than they come: within the
// limits the client keeps them, beyond that the stream ends. The reader sleeps in a bubble.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limits natsx.Option
		broken bool
	}{
		"within the limits": {natsx.PendingLimits(200, 1<<20), false},
		"too many items":    {natsx.PendingLimits(50, 1<<20), true},
		"too many bytes":    {natsx.PendingLimits(200, 1000), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, ns *server.Server) {
				serve(t, ns, &Strings{Upper: upper, Repeat: func(context.Context, Text) (endpoint.Stream[Text], error) {
					return func(yield func(Text, error) bool) {
						for range 100 {
							if !yield(Text{"0123456789"}, nil) {
								return
							}
						}
					}, nil
				}})
				var c Strings
				slow := make(chan struct{}, 1)
				conn := dial(t, ns, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { slow <- struct{}{} }))
				require.NoError(t, natsx.Client(natsx.To(conn), &c, tt.limits))
				items, err := c.Repeat(t.Context(), Text{"a"})
				require.NoError(t, err)
				n := 0
				for _, err = range items {
					if err != nil {
						break
					}
					if n++; n == 1 {
						time.Sleep(time.Minute)
					}
				}
				if !tt.broken {
					require.NoError(t, err)
					require.Equal(t, 100, n)
					return
				}
				<-slow
				require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
				require.ErrorContains(t, err, "the reader is too slow")
			})
		})
	}
}

// TestClosedDuringStream closes the connection of a client that waits for an item.
func TestClosedDuringStream(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: endless})
		var c Strings
		conn := dial(t, ns)
		require.NoError(t, natsx.Client(natsx.To(conn), &c))
		time.AfterFunc(time.Minute, conn.Close)
		_, err := collect(t, &c)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	})
}

// endless is an implementation of Repeat that sends one item and waits for the end of its
// context.
func endless(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
	return func(yield func(Text, error) bool) {
		if !yield(in, nil) {
			return
		}
		<-ctx.Done()
		yield(Text{}, ctx.Err())
	}, nil
}
