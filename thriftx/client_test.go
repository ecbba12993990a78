package thriftx_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/thriftx"
)

// counting counts the connections that are dialled.
func counting(l *endpointtest.Listener, n *atomic.Int64) thriftx.ConnOption {
	return thriftx.Dial(func(ctx context.Context, network, addr string) (net.Conn, error) {
		n.Add(1)
		return l.Dial(ctx, network, addr)
	})
}

// TestErrors has errors of both kinds over every protocol: a declared exception, and a text
// with the details beside it.
func TestErrors(t *testing.T) {
	t.Parallel()
	for name, d := range dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				opts, copts := both(d.wire...)
				_, l := serve(t, newShop(nil), opts)
				c, _ := dial(t, l, copts...)
				_, err := c.Order(t.Context(), OrderRequest{"ink", 1})
				require.ErrorIs(t, err, ErrSoldOut)
				require.Equal(t, map[string]string{"item": "ink"}, endpoint.ErrorOf(err).Meta())
				require.True(t, endpoint.ErrorOf(err).Remote())
				require.True(t, endpoint.MaybeSent(err))

				_, err = c.Order(t.Context(), OrderRequest{"cap", 1})
				require.ErrorIs(t, err, ErrNoItem)
				require.Equal(t, map[string]string{"item": "cap"}, endpoint.ErrorOf(err).Meta())

				_, err = c.Order(t.Context(), OrderRequest{"pen", 0})
				require.ErrorIs(t, err, thriftx.ErrInvalidRequest)

				_, err = c.Sum(t.Context(), SumRequest{1 << 62, 1 << 62})
				require.ErrorIs(t, err, ErrOverflow)
				require.False(t, endpoint.MaybeSent(err), "sum is idempotent")
			})
		})
	}
}

// TestOneway has calls that get no answer, not even of an error, and leave the connection
// as it was.
func TestOneway(t *testing.T) {
	t.Parallel()
	for name, d := range dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				notes := make(chan string, 10)
				var hooked atomic.Int64
				shop := newShop(notes)
				note := shop.Note
				shop.Note = func(ctx context.Context, text string) (endpoint.Empty, error) {
					if text == "bad" {
						return endpoint.Empty{}, ErrNoItem
					}
					return note(ctx, text)
				}
				opts, copts := both(d.wire...)
				_, l := serve(t, shop, opts, thriftx.ErrorHook(func(_ context.Context, err error) {
					assert.ErrorIs(t, err, ErrNoItem)
					hooked.Add(1)
				}))
				var dialled atomic.Int64
				c, _ := dial(t, l, append(copts, counting(l, &dialled))...)
				for _, text := range []string{"one", "bad", "two"} {
					_, err := c.Note(t.Context(), text)
					require.NoError(t, err)
				}
				n, err := c.Sum(t.Context(), SumRequest{1, 2})
				require.NoError(t, err)
				require.Equal(t, int64(3), n)
				require.Equal(t, "one two", <-notes+" "+<-notes)
				require.Equal(t, int64(1), hooked.Load())
				require.Equal(t, int64(1), dialled.Load())
			})
		})
	}
}

// TestConnections has how many connections calls take, and which are kept.
func TestConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		_, l := serve(t, blocked(entered, release), nil)
		var dialled atomic.Int64
		c, conn := dial(t, l, counting(l, &dialled), thriftx.MaxIdle(2))
		orders := func(n int) {
			for range n {
				_, err := c.Order(t.Context(), OrderRequest{"pen", 1})
				require.NoError(t, err)
			}
		}
		orders(5)
		require.Equal(t, int64(1), dialled.Load(), "one after another")

		sideBySide := func() {
			var calls sync.WaitGroup
			for range 4 {
				calls.Go(func() { _, _ = c.Sum(t.Context(), SumRequest{}) })
			}
			for range 4 {
				<-entered
			}
			for range 4 {
				release <- struct{}{}
			}
			calls.Wait()
		}
		sideBySide()
		require.Equal(t, int64(4), dialled.Load(), "side by side")
		sideBySide()
		require.Equal(t, int64(6), dialled.Load(), "two are kept")

		orders(3)
		require.Equal(t, int64(6), dialled.Load())
		time.Sleep(2 * time.Minute)
		orders(2)
		require.Equal(t, int64(7), dialled.Load(), "they were idle for too long")
		require.NoError(t, conn.Close())
		orders(2)
		require.Equal(t, int64(9), dialled.Load(), "none is kept after Close")
	})
}

// TestServerRestarts has a kept connection that the server has closed: the next call takes
// another one.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, newShop(nil), []thriftx.ServerOption{thriftx.IdleTimeout(10 * time.Second)})
		var dialled atomic.Int64
		c, _ := dial(t, l, counting(l, &dialled))
		for n := range int64(3) {
			_, err := c.Order(t.Context(), OrderRequest{"pen", 1})
			require.NoError(t, err)
			require.Equal(t, n+1, dialled.Load())
			time.Sleep(11 * time.Second)
		}
	})
}

// answering serves each connection with answer, which gets the whole request.
func answering(t *testing.T, answer func(conn net.Conn)) *endpointtest.Listener {
	t.Helper()
	l := endpointtest.NewListener()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if _, err := conn.Read(make([]byte, 4096)); err == nil {
					answer(conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l
}

// reply returns an answer to the call "sum" with number 1.
func reply(name string, kind thrift.TMessageType, seq int32, body ...byte) []byte {
	b := thrift.NewTMemoryBuffer()
	p := binaryProtocol.GetProtocol(b)
	_ = p.WriteMessageBegin(context.Background(), name, kind, seq)
	_ = p.Flush(context.Background())
	return append(b.Bytes(), body...)
}

// TestHostileAnswers has what becomes of answers that are not ones.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	three := []byte{thrift.I64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0}
	for name, tt := range map[string]struct {
		answer []byte
		code   endpoint.Code
		want   string
	}{
		"as it should be":      {reply("sum", thrift.REPLY, 1, three...), endpoint.OK, ""},
		"none":                 {nil, endpoint.Unavailable, "the connection failed: EOF"},
		"a part":               {reply("sum", thrift.REPLY, 1, three[:7]...), endpoint.Unavailable, "the connection failed: EOF"},
		"of another protocol":  {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), endpoint.Internal, "the response cannot be read: "},
		"of another method":    {reply("order", thrift.REPLY, 1, three...), endpoint.Internal, `the response cannot be read: it answers another request: message "order" of type 2, number 1`},
		"to another call":      {reply("sum", thrift.REPLY, 2, three...), endpoint.Internal, "the response cannot be read: it answers another request: "},
		"a call":               {reply("sum", thrift.CALL, 1, three...), endpoint.Internal, "the response cannot be read: it answers another request: "},
		"an empty result":      {reply("sum", thrift.REPLY, 1, 0), endpoint.Internal, "the response cannot be read: the result has no sum"},
		"an empty exception":   {reply("sum", thrift.EXCEPTION, 1, 0), endpoint.Unknown, ""},
		"a list of 2^31 items": {reply("sum", thrift.REPLY, 1, thrift.LIST, 0, 9, thrift.STRUCT, 0x7f, 0xff, 0xff, 0xff), endpoint.Internal, "the response cannot be read: "},
		"a text of 5 MiB":      {reply("sum", thrift.REPLY, 1, thrift.STRING, 0, 9, 0, 0x50, 0, 0), endpoint.Internal, "the response cannot be read: "},
		"structs in structs":   {reply("sum", thrift.REPLY, 1, nested(10_000)...), endpoint.Internal, "the response cannot be read: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := answering(t, func(conn net.Conn) { _, _ = conn.Write(tt.answer) })
				c, _ := dial(t, l)
				_, err := c.Sum(t.Context(), SumRequest{1, 2})
				require.Equal(t, tt.code, endpoint.CodeOf(err), "%v", err)
				if tt.code != endpoint.OK {
					require.ErrorContains(t, err, tt.want)
				}
			})
		})
	}
}

// TestCallTimeout has a server that takes a call and never answers.
func TestCallTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := answering(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
		c, _ := dial(t, l)
		begun := time.Now()
		_, err := c.Order(t.Context(), OrderRequest{"pen", 1})
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.True(t, endpoint.ServerFault(err))
		require.True(t, endpoint.MaybeSent(err))
		require.Equal(t, thriftx.DefaultCallTimeout, time.Since(begun))
	})
}

// TestDialer has a pool of two servers.
func TestDialer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var addrs []string
		listeners := map[string]*endpointtest.Listener{}
		var served [2]atomic.Int64
		for i := range served {
			shop := newShop(nil)
			shop.Sum = func(_ context.Context, r SumRequest) (int64, error) {
				served[i].Add(1)
				return r.A + r.B, nil
			}
			addr := fmt.Sprintf("10.0.0.%d:8083", i+1)
			_, listeners[addr] = serve(t, shop, nil)
			addrs = append(addrs, addr)
		}
		pool := discover.New(thriftx.Dialer(thriftx.Dial(func(ctx context.Context, network, addr string) (net.Conn, error) {
			return listeners[addr].Dial(ctx, network, addr)
		})))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = pool.Run(ctx, discover.Static(addrs...)) })
		var c Shop
		require.NoError(t, thriftx.Client(pool, &c))
		for range 50 {
			_, err := c.Sum(t.Context(), SumRequest{1, 2})
			require.NoError(t, err)
		}
		require.Positive(t, served[0].Load())
		require.Positive(t, served[1].Load())
		cancel()
		running.Wait()
	})
}
