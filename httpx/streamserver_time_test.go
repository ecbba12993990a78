package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
)

// beating is a service of a stream with a heartbeat, whose request has a body.
type beating struct {
	Ticks endpoint.Endpoint[count1, endpoint.Stream[tick]]
	beat  time.Duration
}

func (b *beating) HTTP(r *httpx.Routes) {
	r.ServerStream("POST", "/ticks", &b.Ticks, httpx.Heartbeat(b.beat), httpx.Fails(errBroken))
}

// slowly yields, in a bubble, an item after each pause, and then err.
func slowly(pause time.Duration, n int, err error) endpoint.Stream[tick] {
	return func(yield func(tick, error) bool) {
		for i := range n {
			time.Sleep(pause)
			if !yield(tick{i + 1}, nil) {
				return
			}
		}
		time.Sleep(pause)
		if err != nil {
			yield(tick{}, err)
		}
	}
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	const beat, end = ":\n\n", "event: end\ndata: {}\n\n"
	const one = "id: 1\ndata: {\"n\":1}\n\n"
	tests := map[string]struct {
		beat   time.Duration
		stream endpoint.Stream[tick]
		status int
		want   string
	}{
		"while idle":         {10 * time.Second, slowly(25*time.Second, 1, nil), 200, beat + beat + one + beat + beat + end},
		"none in time":       {time.Minute, slowly(25*time.Second, 1, nil), 200, one + end},
		"none at all":        {0, slowly(time.Hour, 1, nil), 200, one + end},
		"then an error":      {10 * time.Second, slowly(15*time.Second, 0, errBroken), 200, beat + "event: error\n"},
		"an error before it": {time.Minute, slowly(15*time.Second, 0, errBroken), 409, "{"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := &beating{beat: tt.beat, Ticks: func(context.Context, count1) (endpoint.Stream[tick], error) { return tt.stream, nil }}
			inBubble(t, mounted(t, svc), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
				resp, err := client.Post("http://x/ticks", "application/json", strings.NewReader(`{"n":1}`)) //nolint:noctx // in the bubble
				require.NoError(t, err)
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, tt.status, resp.StatusCode)
				require.Truef(t, strings.HasPrefix(string(body), tt.want), "%q", body)
			})
		})
	}
}

// TestHeartbeatBeforeBody holds, in a bubble, that heartbeats leave a body alone:
// those that come while a layer waits let it be read, and while it is read none
// come, so that one that does not come is 408.
func TestHeartbeatBeforeBody(t *testing.T) {
	t.Parallel()
	svc := func() *beating {
		return &beating{beat: time.Second, Ticks: func(_ context.Context, n count1) (endpoint.Stream[tick], error) {
			return endpoint.StreamOf(tick(n)), nil
		}}
	}
	wait := &layer{enter: func(ctx context.Context) (context.Context, error) {
		time.Sleep(1500 * time.Millisecond) // in the bubble
		return ctx, nil
	}}
	inBubble(t, mounted(t, svc(), httpx.Use(wait)), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := &beating{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
		s, err := f.Ticks(t.Context(), count1{7})
		require.NoError(t, err)
		got, err := s.Collect()
		require.NoError(t, err)
		require.Equal(t, []tick{{7}}, got)
	})
	inBubble(t, mounted(t, svc()), func(t *testing.T, l *endpointtest.Listener, _ *http.Client) {
		conn, err := l.Dial(t.Context(), "", "")
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /ticks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
		require.NoError(t, err)
		status, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 408 Request Timeout\r\n", status)
	})
}

// TestSlowReader holds, in a bubble, that a reader that stops holds the producer,
// which goes on when it does.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const n = 1000
	var produced atomic.Int64
	type chunk struct {
		Text string `json:"text"`
	}
	text := strings.Repeat("x", 16<<10)
	svc := stream1(func(context.Context, endpoint.Empty) (endpoint.Stream[chunk], error) {
		return func(yield func(chunk, error) bool) {
			for range n {
				produced.Add(1)
				if !yield(chunk{text}, nil) {
					return
				}
			}
		}, nil
	})
	inBubble(t, mounted(t, svc), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := stream1[endpoint.Empty, chunk](nil)
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
		s, err := f.Do(t.Context(), endpoint.Empty{})
		require.NoError(t, err)
		got := 0
		for _, err := range s {
			require.NoError(t, err)
			if got++; got%300 == 0 {
				time.Sleep(29 * time.Second) // in the bubble; longer than DefaultEventTimeout ends the stream
				require.LessOrEqual(t, produced.Load()-int64(got), int64(4))
			}
		}
		require.Equal(t, n, got)
	})
}

// TestSlowConsumer holds, in a bubble, that a handler that stops reading a request
// stream holds its sender, which goes on when it does.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	const n = 1000
	var produced atomic.Int64
	text := strings.Repeat("x", 16<<10)
	svc := &blocks{
		Down: none[from, endpoint.Stream[block]],
		Up: func(_ context.Context, s endpoint.Stream[block]) (count1, error) {
			got := 0
			for _, err := range s {
				if err != nil {
					return count1{}, err
				}
				if got++; got%300 == 0 {
					time.Sleep(time.Hour) // in the bubble
					if ahead := produced.Load() - int64(got); ahead > 4 {
						t.Errorf("%d items are sent ahead of the reader", ahead)
					}
				}
			}
			return count1{got}, nil
		},
	}
	inBubble(t, mounted(t, svc), func(t *testing.T, _ *endpointtest.Listener, client *http.Client) {
		f := &blocks{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(client)), f))
		got, err := f.Up(t.Context(), func(yield func(block, error) bool) {
			for range n {
				produced.Add(1)
				if !yield(block{text}, nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		require.Equal(t, count1{n}, got)
	})
}

// noDeadlines is a connection that has none, as those through a tunnel.
type noDeadlines struct{ net.Conn }

func (noDeadlines) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// TestSlowSender holds, in a bubble, that a sender may say nothing for as long as
// it wants, over any kind of connection.
func TestSlowSender(t *testing.T) {
	t.Parallel()
	slowly := func(yield func(count1, error) bool) {
		for i := range 3 {
			time.Sleep(time.Hour) // in the bubble
			if !yield(count1{i}, nil) {
				return
			}
		}
	}
	inBubble(t, mounted(t, newFeed()), func(t *testing.T, l *endpointtest.Listener, client *http.Client) {
		transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := l.Dial(ctx, network, address)
			return noDeadlines{conn}, err
		}}
		for _, c := range []*http.Client{client, {Transport: transport}} {
			f := &feed{}
			require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(c)), f))
			got, err := f.Sum(t.Context(), slowly)
			require.NoError(t, err)
			require.Equal(t, count1{3}, got)
		}
		transport.CloseIdleConnections()
	})
}

// stream1 is a service of one response stream.
func stream1[Req, T any](e endpoint.Endpoint[Req, endpoint.Stream[T]]) *oneStream[Req, T] {
	return &oneStream[Req, T]{Do: e}
}

type oneStream[Req, T any] struct {
	Do endpoint.Endpoint[Req, endpoint.Stream[T]]
}

func (s *oneStream[Req, T]) HTTP(r *httpx.Routes) { r.ServerStream("GET", "/", &s.Do) }

// TestStreamDeadline holds, in a bubble, that the client's time is the server's,
// also for a server that waits for an item.
func TestStreamDeadline(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	svc.Ticks = func(ctx context.Context, _ from) (endpoint.Stream[tick], error) {
		return func(yield func(tick, error) bool) {
			if yield(tick{1}, nil) {
				<-ctx.Done()
				yield(tick{}, ctx.Err())
			}
		}, nil
	}
	server, client := newPermits(), newPermits()
	inBubble(t, mounted(t, svc, httpx.Use(server)), func(t *testing.T, _ *endpointtest.Listener, c *http.Client) {
		f := &feed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(c)), f, httpx.Use(client)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s, err := f.Ticks(ctx, from{})
		require.NoError(t, err)
		start := time.Now()
		_, err = s.Collect()
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		<-ctx.Done()                    // the server may have seen it first
		_, err = f.Sum(ctx, numbers(1)) // over before it began
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.Equal(t, time.Minute, time.Since(start))
		synctest.Wait()
		timeWasUp(t, server.drained(t, 1)[0])
		client.drained(t, 2)

		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = f.Sum(ctx, func(yield func(count1, error) bool) {
			if yield(count1{1}, nil) {
				<-ctx.Done()
			}
		})
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		timeWasUp(t, server.drained(t, 1)[0])
		client.drained(t, 1)
	})
}

// timeWasUp checks the error of a server whose client has the same deadline: its
// own clock, or the client that gave up at the same moment.
func timeWasUp(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, context.DeadlineExceeded) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestServerDeadlineEndsRequestStream holds, in a bubble, that the server's own
// time ends a range over the items of a client that says nothing.
func TestServerDeadlineEndsRequestStream(t *testing.T) {
	t.Parallel()
	bound := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		return ctx, func(err error) error { cancel(); return err }, nil
	})
	inBubble(t, mounted(t, newFeed(), httpx.Use(bound)), func(t *testing.T, _ *endpointtest.Listener, c *http.Client) {
		f := &feed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(c)), f))
		start, over := time.Now(), make(chan struct{})
		_, err := f.Sum(t.Context(), func(yield func(count1, error) bool) {
			if yield(count1{1}, nil) {
				<-over
			}
		})
		close(over)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.True(t, endpoint.ErrorOf(err).Remote())
		require.Equal(t, time.Minute, time.Since(start))
	})
}

// TestProducerEndsWithItsCall guards, in a bubble, that a producer which returns
// because its context ended does not look like one that had no more to send: the
// server would take the part for the whole.
func TestProducerEndsWithItsCall(t *testing.T) {
	t.Parallel()
	server := newPermits()
	inBubble(t, mounted(t, newFeed(), httpx.Use(server)), func(t *testing.T, _ *endpointtest.Listener, c *http.Client) {
		f := &feed{}
		require.NoError(t, httpx.Client(httpx.To("http://x", httpx.HTTPClient(c)), f))
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				_, err := f.Sum(ctx, func(yield func(count1, error) bool) {
					if yield(count1{1}, nil) {
						<-ctx.Done()
					}
				})
				ended <- err
			}()
			synctest.Wait()
			cancel()
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-ended))
			require.Error(t, server.drained(t, 1)[0], "the server took a part for the whole")
		}
	})
}
