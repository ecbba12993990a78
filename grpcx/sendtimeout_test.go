package grpcx_test

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// pouring is a service of response streams, as protobuf or as JSON.
type pouring struct {
	Pour  endpoint.Endpoint[Note, endpoint.Stream[Note]]
	Talk  endpoint.Endpoint[endpoint.Stream[Note], endpoint.Stream[Note]]
	plain bool
	opts  []grpcx.MethodOption
}

func (p *pouring) GRPC(m *grpcx.Methods) {
	m.Service("test.Pouring", p.opts...)
	if p.plain {
		m.ServerStream("Pour", &p.Pour)
		m.Bidi("Talk", &p.Talk)
		return
	}
	m.ServerStreamAs("Pour", &p.Pour, note, note)
	m.BidiAs("Talk", &p.Talk, note, note)
}

// pour returns the server of a pouring, all of whose streams are those of items.
func pour(plain bool, items func(ctx context.Context) endpoint.Stream[Note], opts ...grpcx.MethodOption) *pouring {
	return &pouring{
		Pour: func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) { return items(ctx), nil },
		Talk: func(ctx context.Context, _ endpoint.Stream[Note]) (endpoint.Stream[Note], error) {
			return items(ctx), nil
		},
		plain: plain, opts: opts,
	}
}

// pourings runs a test, in a bubble, for each form of the messages and each kind of
// response stream. opened begins a call on a connection.
func pourings(t *testing.T, test func(t *testing.T, plain bool, opened func(ctx context.Context, conn *grpc.ClientConn) endpoint.Stream[Note])) {
	t.Helper()
	for form, plain := range map[string]bool{"protobuf": false, "JSON": true} {
		for kind, open := range map[string]func(ctx context.Context, c *pouring) (endpoint.Stream[Note], error){
			"server stream": func(ctx context.Context, c *pouring) (endpoint.Stream[Note], error) { return c.Pour(ctx, Note{}) },
			"bidi": func(ctx context.Context, c *pouring) (endpoint.Stream[Note], error) {
				return c.Talk(ctx, endpoint.StreamOf(Note{}))
			},
			"bidi whose request goes on": func(ctx context.Context, c *pouring) (endpoint.Stream[Note], error) {
				return c.Talk(ctx, func(yield func(Note, error) bool) {
					ticker := time.NewTicker(time.Second)
					defer ticker.Stop()
					for yield(Note{}, nil) {
						select {
						case <-ticker.C:
						case <-ctx.Done():
							return
						}
					}
				})
			},
		} {
			t.Run(form+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					test(t, plain, func(ctx context.Context, conn *grpc.ClientConn) endpoint.Stream[Note] {
						c := pouring{plain: plain}
						connect(t, conn, &c)
						ctx, cancel := context.WithCancel(ctx)
						t.Cleanup(cancel)
						s, err := open(ctx, &c)
						require.NoError(t, err)
						return s
					})
				})
			})
		}
	}
}

// endless is more than any window holds.
func endless(context.Context) endpoint.Stream[Note] { return blocks(1 << 20) }

// twenty is more than the windows and buffers of a stream hold.
func twenty(context.Context) endpoint.Stream[Note] { return blocks(20) }

// hourly is twenty, with an hour in between.
func hourly(ctx context.Context) endpoint.Stream[Note] {
	return func(yield func(Note, error) bool) {
		timer := time.NewTicker(time.Hour)
		defer timer.Stop()
		for item, err := range twenty(ctx) {
			select {
			case <-timer.C:
			case <-ctx.Done():
				yield(Note{}, ctx.Err())
				return
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// await returns how the next call ended, which it must within a day.
func (x *exits) await(t *testing.T) error {
	t.Helper()
	timer := time.NewTimer(24 * time.Hour)
	defer timer.Stop()
	select {
	case err := <-x.ends:
		return err
	case <-timer.C:
		require.Fail(t, "the call does not end")
		return nil
	}
}

// TestSendTimeout holds how long a reader has for a message, what the layers and the
// hook get then, and that other calls of its connection are served.
func TestSendTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []grpcx.MethodOption
		want time.Duration
	}{
		"the default": {nil, 30 * time.Second},
		"of its own":  {[]grpcx.MethodOption{grpcx.SendTimeout(time.Minute)}, time.Minute},
		"the last":    {[]grpcx.MethodOption{grpcx.SendTimeout(0), grpcx.SendTimeout(time.Second)}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pourings(t, func(t *testing.T, plain bool, opened func(context.Context, *grpc.ClientConn) endpoint.Stream[Note]) {
				var hooked hookErrors
				layer := newExits()
				conn := serve(t, register(t, pour(plain, endless, tt.opts...), grpcx.Use(layer), grpcx.ErrorHook(hooked.hook)))
				start, took := time.Now(), time.Duration(0)
				var last error
				for _, err := range opened(t.Context(), conn) {
					if took == 0 {
						require.ErrorIs(t, layer.await(t), endpoint.ErrStopped)
						took = time.Since(start)
						for _, err := range opened(t.Context(), conn) {
							require.NoError(t, err, "another call of the connection")
							break
						}
						require.Error(t, layer.await(t))
					}
					last = err
				}
				require.Equal(t, tt.want, took)
				require.Equal(t, endpoint.Canceled, endpoint.CodeOf(last), "the stream is not whole for its reader: %v", last)
				synctest.Wait()
				require.NotEmpty(t, hooked.all)
				err := hooked.all[0]
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
				require.ErrorContains(t, err, "the reader took no message for "+tt.want.String())
				require.False(t, endpoint.ServerFault(err))
			})
		})
	}
}

// stopping is a connection whose reads wait for its end once stop is closed.
type stopping struct {
	net.Conn
	stop, closed chan struct{}
	once         sync.Once
}

func (c *stopping) Read(p []byte) (int, error) {
	select {
	case <-c.stop:
		<-c.closed
		return 0, net.ErrClosed
	default:
		return c.Conn.Read(p)
	}
}

func (c *stopping) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestSendTimeoutOfConnection has a client that reads nothing of its connection any
// more, which has room for all that a stream's window allows.
func TestSendTimeoutOfConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		layer := newExits()
		l := listen(t, register(t, pour(true, endless), grpcx.Use(layer)))
		stop := make(chan struct{})
		conn, err := grpc.NewClient("passthrough:///server",
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(1<<30), grpc.WithInitialConnWindowSize(1<<30),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
				c, err := l.Dial(ctx, "tcp", addr)
				return &stopping{Conn: c, stop: stop, closed: make(chan struct{})}, err
			}))
		require.NoError(t, err)
		defer conn.Close()
		c := pouring{plain: true}
		connect(t, conn, &c)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := c.Pour(ctx, Note{})
		require.NoError(t, err)
		for _, err := range s {
			require.NoError(t, err)
			start := time.Now()
			close(stop)
			require.ErrorIs(t, layer.await(t), endpoint.ErrStopped)
			require.Equal(t, 30*time.Second, time.Since(start))
			break
		}
	})
}

// TestSendTimeoutOfSilence has, in a bubble, streams whose messages are further apart
// than the time that a reader has, and readers that take a third of it for each.
func TestSendTimeoutOfSilence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items func(ctx context.Context) endpoint.Stream[Note]
		reads time.Duration // between two messages
	}{
		"producer": {hourly, 0},
		"reader":   {twenty, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pourings(t, func(t *testing.T, plain bool, opened func(context.Context, *grpc.ClientConn) endpoint.Stream[Note]) {
				conn := serve(t, register(t, pour(plain, tt.items)))
				got := 0
				for _, err := range opened(t.Context(), conn) {
					require.NoError(t, err)
					got++
					time.Sleep(tt.reads) // in the bubble
				}
				require.Equal(t, 20, got)
			})
		})
	}
}

// TestNoSendTimeout has, in a bubble, readers that stop for longer than the default,
// where no bound is set or nothing can enforce it, and one whose deadline is near.
func TestNoSendTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts     []grpcx.MethodOption
		server   []grpcx.ServerOption
		deadline time.Duration
		want     endpoint.Code
	}{
		"none":            {[]grpcx.MethodOption{grpcx.SendTimeout(0)}, nil, 0, endpoint.OK},
		"no tap":          {nil, []grpcx.ServerOption{grpcx.NoTap()}, 0, endpoint.OK},
		"a near deadline": {[]grpcx.MethodOption{grpcx.SendTimeout(time.Second)}, nil, 5 * time.Second, endpoint.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pourings(t, func(t *testing.T, plain bool, opened func(context.Context, *grpc.ClientConn) endpoint.Stream[Note]) {
				conn := dial(t, listenWith(t, register(t, pour(plain, twenty, tt.opts...)), grpcx.ServerOptions(tt.server...)...))
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				got, last := 0, error(nil)
				for _, err := range opened(ctx, conn) {
					if got++; got == 1 {
						time.Sleep(time.Hour) // in the bubble
					}
					last = err
				}
				if tt.want != 0 {
					require.Equal(t, tt.want, endpoint.CodeOf(last))
					return
				}
				require.NoError(t, last)
				require.Equal(t, 20, got)
			})
		})
	}
}
