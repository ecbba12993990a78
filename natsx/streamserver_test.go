package natsx_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/natsx"
)

// TestStreamOnTheWire has the replies of a stream as any client of NATS gets them. The
// handler sleeps in a bubble.
func TestStreamOnTheWire(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, ns *server.Server) {
		serve(t, ns, &Strings{Upper: upper, Repeat: func(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
			endpoint.CallFrom(ctx).Reply().Set("color", "red")
			return func(yield func(Text, error) bool) {
				time.Sleep(12 * time.Second)
				_ = yield(Text{"a"}, nil)
				time.Sleep(7 * time.Second)
				_ = yield(Text{"b"}, nil)
				endpoint.CallFrom(ctx).Reply().Set("late", "yes")
				if in.S == "fail" {
					yield(Text{}, ErrEmpty)
				}
			}, nil
		}})
		conn := dial(t, ns)
		for _, tt := range []struct {
			request, last, code string
		}{{`{"s":"x"}`, "end 3", ""}, {`{"s":"fail"}`, "error 3", "INVALID_ARGUMENT strings/EMPTY"}} {
			sub, err := conn.SubscribeSync(conn.NewInbox())
			require.NoError(t, err)
			require.NoError(t, conn.PublishRequest("strings.repeat", sub.Subject, []byte(tt.request)))
			start := time.Now()
			for _, want := range []struct {
				line, data string
				at         time.Duration
				color      string
			}{
				{"heartbeat 0", "", 5 * time.Second, ""},
				{"heartbeat 0", "", 10 * time.Second, ""},
				{"item 1", `{"s":"a"}`, 12 * time.Second, "red"},
				{"heartbeat 1", "", 17 * time.Second, ""},
				{"item 2", `{"s":"b"}`, 19 * time.Second, ""},
				{tt.last, "", 19 * time.Second, "red"},
			} {
				msg, err := sub.NextMsgWithContext(t.Context())
				require.NoError(t, err)
				require.Equal(t, want.line, msg.Header.Get("Endpoint-Stream")+" "+msg.Header.Get("Endpoint-Seq"))
				require.Equal(t, want.at, time.Since(start).Round(time.Millisecond), want.line)
				require.Equal(t, want.color, msg.Header.Get("color"), want.line)
				if want.data != "" {
					require.Equal(t, want.data, string(msg.Data))
					require.Equal(t, "application/json", msg.Header.Get("Content-Type"))
				}
				if want.line == tt.last {
					require.Equal(t, tt.code, msg.Header.Get("Endpoint-Error"))
					require.Equal(t, "yes", msg.Header.Get("late"))
				}
			}
			time.Sleep(time.Minute)
			left, _, err := sub.Pending()
			require.NoError(t, err)
			require.Zero(t, left, "no heartbeat comes after the end")
			require.NoError(t, sub.Unsubscribe())
		}
	})
}

// TestAbandonedStream has readers that go: the context of the handler ends with the next
// heartbeat or item.
func TestAbandonedStream(t *testing.T) {
	t.Parallel()
	for name, abandon := range map[string]func(ctx context.Context, cancel context.CancelFunc, c *Strings, conn *nats.Conn) error{
		"by a break": func(ctx context.Context, _ context.CancelFunc, c *Strings, _ *nats.Conn) error {
			items, err := c.Repeat(ctx, Text{"a"})
			if err != nil {
				return err
			}
			for range items {
				break
			}
			return nil
		},
		"by a cancellation": func(ctx context.Context, cancel context.CancelFunc, c *Strings, _ *nats.Conn) error {
			items, err := c.Repeat(ctx, Text{"a"})
			if err != nil {
				return err
			}
			for _, err := range items {
				cancel()
				if endpoint.CodeOf(err) == endpoint.Canceled {
					return nil
				}
			}
			return context.DeadlineExceeded
		},
		"by the end of its process": func(ctx context.Context, _ context.CancelFunc, c *Strings, conn *nats.Conn) error {
			items, err := c.Repeat(ctx, Text{"a"})
			if err != nil {
				return err
			}
			for range items {
				conn.Close()
				break
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, ns *server.Server) {
				hook := make(hooked, 1)
				ended := make(chan time.Time, 1)
				serve(t, ns, &Strings{Upper: upper, Repeat: func(ctx context.Context, in Text) (endpoint.Stream[Text], error) {
					context.AfterFunc(ctx, func() { ended <- time.Now() })
					return endless(ctx, in)
				}}, hook.option())
				var c Strings
				conn := dial(t, ns)
				require.NoError(t, natsx.Client(natsx.To(conn), &c))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				require.NoError(t, abandon(ctx, cancel, &c, conn))
				require.Equal(t, 5*time.Second, (<-ended).Sub(start).Round(time.Millisecond))
				err := <-hook
				require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
				require.False(t, endpoint.ServerFault(err))
			})
		})
	}
}
