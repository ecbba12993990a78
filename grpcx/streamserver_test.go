package grpcx_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
)

// forms runs a test for each form of the messages, with what makes a client of a
// server, both with options.
func forms(t *testing.T, test func(t *testing.T, open func(e Echo, server, client []grpcx.Option) *Echo)) {
	t.Helper()
	for name, wrap := range map[string]func(e Echo) (grpcx.Service, *Echo){
		"protobuf": func(e Echo) (grpcx.Service, *Echo) { return &e, &e },
		"JSON":     func(e Echo) (grpcx.Service, *Echo) { p := &plainEcho{e}; return p, &p.Echo },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				test(t, func(e Echo, server, client []grpcx.Option) *Echo {
					svc, _ := wrap(e)
					conn := serve(t, register(t, svc, server...))
					to, c := wrap(Echo{})
					connect(t, conn, to, client...)
					return c
				})
			})
		})
	}
}

// exits is a layer that tells how calls ended.
type exits struct {
	entered atomic.Int64
	ends    chan error
}

func newExits() *exits { return &exits{ends: make(chan error, 100)} }

func (x *exits) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	x.entered.Add(1)
	return ctx, endpoint.Token{}, nil
}

func (x *exits) Exit(_ context.Context, _ endpoint.Token, err error) error {
	x.ends <- err
	return err
}

func use(l endpoint.Layer) []grpcx.Option { return []grpcx.Option{grpcx.Use(l)} }

// TestStreamErrors has an error before the first item, and one after.
func TestStreamErrors(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		server, client := newExits(), newExits()
		c := open(echo(), use(server), use(client))
		for _, n := range []int64{0, 2} {
			items, err := c.Count(t.Context(), Note{Text: "fail", Number: n})
			require.NoError(t, err)
			require.EqualValues(t, 0, client.entered.Swap(0), "the call begins with the loop")
			got, err := items.Collect()
			require.Len(t, got, int(n))
			require.ErrorIs(t, err, ErrRefused)
			require.True(t, endpoint.ErrorOf(err).Remote())
			require.ErrorIs(t, <-server.ends, ErrRefused)
			require.ErrorIs(t, <-client.ends, ErrRefused)
			client.entered.Store(0)
		}
	})
}

// TestBreak ends the call on the server, whose layers end too. In a bubble.
func TestBreak(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		stopped := make(chan error, 1)
		e.Count = func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) {
			return func(yield func(Note, error) bool) {
				yield(Note{}, nil)
				<-ctx.Done()
				stopped <- ctx.Err()
				yield(Note{}, ctx.Err())
			}, nil
		}
		server, client := newExits(), newExits()
		c := open(e, use(server), use(client))
		items, err := c.Count(t.Context(), Note{})
		require.NoError(t, err)
		for range items {
			break
		}
		require.ErrorIs(t, <-stopped, context.Canceled)
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-server.ends))
		require.ErrorIs(t, <-client.ends, endpoint.ErrStopped)

		require.PanicsWithValue(t, "body", func() {
			for range items {
				panic("body")
			}
		})
		<-stopped
		<-server.ends
		var p *endpoint.PanicError
		require.ErrorAs(t, <-client.ends, &p)

		got := 0
		for _, err := range items { // ranging again is another call
			require.NoError(t, err)
			got++
			break
		}
		require.Equal(t, 1, got)
		<-stopped
		<-server.ends
	})
}

// TestHalfClose answers after the request stream has ended, and goes on.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Talk = func(_ context.Context, in endpoint.Stream[Note]) (endpoint.Stream[Note], error) {
			return func(yield func(Note, error) bool) {
				n := int64(0)
				for _, err := range in {
					if err != nil {
						yield(Note{}, err)
						return
					}
					n++
				}
				for i := range n {
					if !yield(Note{Number: i}, nil) {
						return
					}
				}
			}, nil
		}
		server := newExits()
		c := open(e, use(server), nil)
		items, err := c.Talk(t.Context(), endpoint.StreamOf(Note{}, Note{}, Note{}))
		require.NoError(t, err)
		got, err := items.Collect()
		require.NoError(t, err)
		require.Len(t, got, 3)
		require.NoError(t, <-server.ends)
	})
}

// TestEarlyEnd has servers that end before the request stream does: its producer
// hears of it.
func TestEarlyEnd(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Sum = func(_ context.Context, in endpoint.Stream[Note]) (Note, error) {
			for n, err := range in {
				return n, err
			}
			return Note{}, nil
		}
		e.Talk = func(_ context.Context, in endpoint.Stream[Note]) (endpoint.Stream[Note], error) {
			for range in {
				break // the producer has begun: one that had not never would
			}
			return nil, ErrRefused
		}
		c := open(e, nil, nil)
		endless := func(ended chan struct{}) endpoint.Stream[Note] {
			return func(yield func(Note, error) bool) {
				defer close(ended)
				for yield(Note{Number: 7}, nil) {
				}
			}
		}
		ended := make(chan struct{})
		got, err := c.Sum(t.Context(), endless(ended))
		require.NoError(t, err)
		require.EqualValues(t, 7, got.Number)
		<-ended
		ended = make(chan struct{})
		items, err := c.Talk(t.Context(), endless(ended))
		require.NoError(t, err)
		_, err = items.Collect()
		require.ErrorIs(t, err, ErrRefused)
		<-ended
	})
}

// TestProducers has request streams that fail.
func TestProducers(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		server := newExits()
		c := open(echo(), use(server), nil)
		failing := endpoint.Stream[Note](func(yield func(Note, error) bool) { _ = yield(Note{}, nil) && yield(Note{}, own) })
		_, err := c.Sum(t.Context(), failing)
		require.ErrorIs(t, err, own)
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-server.ends))
		items, err := c.Talk(t.Context(), failing)
		require.NoError(t, err)
		_, err = items.Collect()
		require.ErrorIs(t, err, own)
		<-server.ends
		require.PanicsWithValue(t, "producer", func() {
			_, _ = c.Sum(t.Context(), func(func(Note, error) bool) { panic("producer") })
		})
		<-server.ends
		_, err = c.Sum(t.Context(), func(func(Note, error) bool) { runtime.Goexit() })
		require.Error(t, err)
		<-server.ends
	})
}

// TestRangedTwice refuses a second range over a request stream.
func TestRangedTwice(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Sum = func(_ context.Context, in endpoint.Stream[Note]) (Note, error) {
			_, _ = in.Collect()
			_, err := in.Collect()
			return Note{}, err
		}
		c := open(e, nil, nil)
		_, err := c.Sum(t.Context(), endpoint.StreamOf(Note{}))
		require.ErrorIs(t, err, grpcx.ErrRangedTwice)
	})
}

// TestNilStream has responses that are no stream: they have no items.
func TestNilStream(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Count = none[Note, endpoint.Stream[Note]]
		e.Talk = none[endpoint.Stream[Note], endpoint.Stream[Note]]
		for _, server := range [][]grpcx.Option{nil, use(newExits())} {
			c := open(e, server, nil)
			items, err := c.Count(t.Context(), Note{})
			require.NoError(t, err)
			got, err := items.Collect()
			require.NoError(t, err)
			require.Empty(t, got)
			items, err = c.Talk(t.Context(), endpoint.StreamOf(Note{}))
			require.NoError(t, err)
			got, err = items.Collect()
			require.NoError(t, err)
			require.Empty(t, got)
		}
	})
}

// TestStreamDeadline ends streams at both ends, by the client's time. In a bubble.
func TestStreamDeadline(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Count = func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) {
			return func(yield func(Note, error) bool) {
				<-ctx.Done()
				yield(Note{}, ctx.Err())
			}, nil
		}
		server := newExits()
		c := open(e, use(server), nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		items, err := c.Count(ctx, Note{})
		require.NoError(t, err)
		_, err = items.Collect()
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		require.Error(t, <-server.ends)

		waiting := endpoint.Stream[Note](func(func(Note, error) bool) { <-ctx.Done() })
		_, err = c.Sum(ctx, waiting)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
	})
}

// TestProducerEndsWithItsCall guards that a producer which returns because its
// context ended does not look like one that had no more to send: the server would
// take the part for the whole. In a bubble.
func TestProducerEndsWithItsCall(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		server := newExits()
		c := open(echo(), use(server), nil)
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				_, err := c.Sum(ctx, func(yield func(Note, error) bool) {
					if yield(Note{Number: 1}, nil) {
						<-ctx.Done()
					}
				})
				ended <- err
			}()
			synctest.Wait()
			cancel()
			require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-ended))
			require.Error(t, <-server.ends, "the server took a part for the whole")
		}
	})
}

// TestLayerDeadline has a layer of the server that ends a call which waits for
// its client. In a bubble.
func TestLayerDeadline(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		limit := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			return ctx, func(err error) error { cancel(); return err }, nil
		})
		c := open(echo(), use(limit), nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		waiting := endpoint.Stream[Note](func(yield func(Note, error) bool) {
			yield(Note{}, nil)
			<-ctx.Done()
		})
		start := time.Now()
		_, err := c.Sum(ctx, waiting)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		items, err := c.Talk(ctx, waiting)
		require.NoError(t, err)
		got, err := items.Collect()
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.Len(t, got, 1)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

// TestItemFaults names the item that cannot be read.
func TestItemFaults(t *testing.T) {
	t.Parallel()
	conn := serve(t, register(t, &plainEcho{echo()}))
	var c rawStream
	connect(t, conn, &c)
	_, err := c.Sum(t.Context(), endpoint.StreamOf(rawNote{[]byte(`{"number":1}`)}, rawNote{[]byte(`{"number":"x"}`)}))
	require.ErrorIs(t, err, grpcx.ErrInvalidRequest)
	require.Equal(t, "/1/number", endpoint.ErrorOf(err).Violations()[0].Pointer)
}

// rawStream sends items as they are.
type rawStream struct {
	Sum endpoint.Endpoint[endpoint.Stream[rawNote], rawNote]
}

func (s *rawStream) GRPC(m *grpcx.Methods) {
	m.Service("plain.Echo")
	m.ClientStream("Sum", &s.Sum, grpcx.Codec(rawFormat{"application/json"}))
}

// TestItemLayers tells streamers of each item of a request, and lets them end it.
func TestItemLayers(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		items := &itemLayer{most: 3}
		c := open(echo(), use(items), nil)
		_, err := c.Sum(t.Context(), endpoint.StreamOf(Note{}, Note{}, Note{}))
		require.NoError(t, err)
		require.EqualValues(t, 3, items.n.Load())
		_, err = c.Sum(t.Context(), endpoint.StreamOf(Note{}))
		require.ErrorIs(t, err, ErrRefused)
	})
}

type itemLayer struct {
	endpoint.LayerFunc

	n    atomic.Int64
	most int64
}

func (*itemLayer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}
func (*itemLayer) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

func (l *itemLayer) Item(context.Context, endpoint.Token) error {
	if l.n.Add(1) > l.most {
		return ErrRefused
	}
	return nil
}

// TestStreamPanics has a source and a handler that panic: the server goes on.
func TestStreamPanics(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, open func(Echo, []grpcx.Option, []grpcx.Option) *Echo) {
		e := echo()
		e.Count = func(context.Context, Note) (endpoint.Stream[Note], error) {
			return func(yield func(Note, error) bool) {
				yield(Note{}, nil)
				panic("source")
			}, nil
		}
		e.Sum = func(context.Context, endpoint.Stream[Note]) (Note, error) { panic("handler") }
		var seen []error
		c := open(e, []grpcx.Option{grpcx.ErrorHook(func(_ context.Context, err error) { seen = append(seen, err) })}, nil)
		items, err := c.Count(t.Context(), Note{})
		require.NoError(t, err)
		got, err := items.Collect()
		require.Len(t, got, 1)
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		_, err = c.Sum(t.Context(), endpoint.StreamOf(Note{}))
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.Len(t, seen, 2)
	})
}

// TestSlowReader holds the producer: what is under way is bounded by the windows
// of the connection. In a bubble, where all that can run has run after Wait.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const size = 32 << 10
	const most = 100 // windows of 64 KiB each, and what is in hands; far from all
	t.Run("of the response", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var produced atomic.Int64
			e := echo()
			e.Count = func(context.Context, Note) (endpoint.Stream[Note], error) {
				return func(yield func(Note, error) bool) {
					for yield(Note{Blob: make([]byte, size)}, nil) {
						produced.Add(1)
					}
				}, nil
			}
			var c Echo
			connect(t, serve(t, register(t, &e)), &c)
			items, err := c.Count(t.Context(), Note{})
			require.NoError(t, err)
			read := 0
			for _, err := range items {
				require.NoError(t, err)
				if read++; read == 3 {
					synctest.Wait()
					require.Less(t, produced.Load(), int64(most))
					break
				}
			}
		})
	})
	t.Run("of the request", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var produced atomic.Int64
			e := echo()
			e.Sum = func(_ context.Context, in endpoint.Stream[Note]) (Note, error) {
				for _, err := range in {
					synctest.Wait()
					return Note{Number: produced.Load()}, err
				}
				return Note{}, nil
			}
			var c Echo
			connect(t, serve(t, register(t, &e)), &c)
			ended := make(chan struct{})
			got, err := c.Sum(t.Context(), func(yield func(Note, error) bool) {
				defer close(ended)
				for yield(Note{Blob: make([]byte, size)}, nil) {
					produced.Add(1)
				}
			})
			require.NoError(t, err)
			require.Less(t, got.Number, int64(most))
			<-ended
		})
	})
}

// TestServerStops ends the calls under way, and those that come.
func TestServerStops(t *testing.T) {
	t.Parallel()
	var s *grpc.Server
	e := echo()
	started := make(chan struct{})
	e.Say = func(ctx context.Context, _ Note) (Note, error) {
		close(started)
		<-ctx.Done()
		return Note{}, ctx.Err()
	}
	conn := serve(t, func(g *grpc.Server) { s = g; register(t, &e)(g) })
	var c Echo
	connect(t, conn, &c)
	go func() { <-started; s.Stop() }()
	_, err := c.Say(t.Context(), Note{})
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.True(t, endpoint.MaybeSent(err))
}

// TestPlainClientBreaks cancels from generated code.
func TestPlainClientBreaks(t *testing.T) {
	t.Parallel()
	e := echo()
	server := newExits()
	c := echopb.NewEchoClient(serve(t, register(t, &e, grpcx.Use(server))))
	ctx, cancel := context.WithCancel(t.Context())
	s, err := c.Talk(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Send(&echopb.Note{}))
	_, err = s.Recv()
	require.NoError(t, err)
	cancel()
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-server.ends))
}
