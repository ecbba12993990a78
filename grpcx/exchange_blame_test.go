package grpcx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestSilentRequestIsNoFault has a client open a unary call and send no request until
// its deadline, or send it late. Without a fair time for the server, that is not the
// server's fault.
func TestSilentRequestIsNoFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sendAfter time.Duration // 0 for never
		want      bool
	}{
		"no request":         {0, false},
		"a request at once":  {time.Nanosecond, true},
		"a request too late": {600 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newOnlooker()
				hang := func(ctx context.Context, n Note) (Note, error) { <-ctx.Done(); return n, ctx.Err() }
				svc := echo()
				svc.Say = hang
				conn := serve(t, register(t, &svc, w.options()...))
				ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
				defer cancel()
				stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, echopb.Echo_Say_FullMethodName)
				require.NoError(t, err)
				if tt.sendAfter > 0 {
					timer := time.NewTimer(tt.sendAfter)
					<-timer.C
					require.NoError(t, stream.SendMsg(&echopb.Note{}))
					require.NoError(t, stream.CloseSend())
				}
				end := <-w.ends
				require.Error(t, end)
				require.Equal(t, tt.want, endpoint.ServerFault(end), "%v", end)
			})
		})
	}
}

// TestDeadlineOfInterceptor: a deadline that an interceptor of the server sets is not
// the client's, so it counts, however short it is.
func TestDeadlineOfInterceptor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		client, own time.Duration
		want        bool
	}{
		"the interceptor's": {time.Minute, 100 * time.Millisecond, true},
		"the client's":      {100 * time.Millisecond, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newOnlooker()
			svc := echo()
			svc.Say = func(ctx context.Context, n Note) (Note, error) { <-ctx.Done(); return n, ctx.Err() }
			svc.Count = func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) { <-ctx.Done(); return nil, ctx.Err() }
			conn := serve(t, register(t, &svc, w.options()...),
				grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
					ctx, cancel := context.WithTimeout(ctx, tt.own)
					defer cancel()
					return next(ctx, req)
				}),
				grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
					ctx, cancel := context.WithTimeout(s.Context(), tt.own)
					defer cancel()
					return next(srv, hurried{s, ctx})
				}))
			c := echo()
			connect(t, conn, &c)
			ctx, cancel := context.WithTimeout(t.Context(), tt.client)
			defer cancel()
			_, err := c.Say(ctx, Note{})
			require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
			require.Equal(t, tt.want, endpoint.ServerFault(<-w.ends), "unary")
			ctx, cancel = context.WithTimeout(t.Context(), tt.client)
			defer cancel()
			items, err := c.Count(ctx, Note{})
			require.NoError(t, err)
			_, err = items.Collect()
			require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
			require.Equal(t, tt.want, endpoint.ServerFault(<-w.ends), "stream")
		})
	}
}

// hurried is a stream with a context of its own.
type hurried struct {
	grpc.ServerStream

	ctx context.Context
}

func (h hurried) Context() context.Context { return h.ctx }

// TestAbandonedIsNoFault has a caller cancel a call, whose handler returns an error of
// its own for that. Only an error with a code stands.
func TestAbandonedIsNoFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"without a code":       {errors.New("canceling statement due to user request"), false},
		"with a code":          {endpoint.Errorf(endpoint.Unavailable, "no database"), true},
		"with a code of grpc":  {status.Error(codes.Unavailable, "no database"), true},
		"the error of a panic": {endpoint.NewPanicError("oops"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, call := range map[string]func(ctx context.Context, c *Echo) error{
				"unary": func(ctx context.Context, c *Echo) error { _, err := c.Say(ctx, Note{}); return err },
				"stream": func(ctx context.Context, c *Echo) error {
					items, err := c.Count(ctx, Note{})
					if err == nil {
						_, err = items.Collect()
					}
					return err
				},
			} {
				for _, layered := range []bool{true, false} {
					w, entered := newOnlooker(), make(chan struct{})
					fail := func(ctx context.Context) error { close(entered); <-ctx.Done(); return tt.err }
					svc := echo()
					svc.Say = func(ctx context.Context, n Note) (Note, error) { return n, fail(ctx) }
					svc.Count = func(ctx context.Context, _ Note) (endpoint.Stream[Note], error) { return nil, fail(ctx) }
					opts, ends := w.options(), w.ends
					if !layered {
						opts, ends = opts[1:], w.hooked
					}
					c := echo()
					connect(t, serve(t, register(t, &svc, opts...)), &c)
					ctx, cancel := context.WithCancel(t.Context())
					go func() { <-entered; cancel() }()
					require.Equal(t, endpoint.Canceled, endpoint.CodeOf(call(ctx, &c)), kind)
					require.Equal(t, tt.want, endpoint.ServerFault(<-ends), kind)
				}
			}
		})
	}
}

// TestSlowSenderIsNoFault has messages of requests come later than a time-out of the
// server, or not at all. What the handler takes too long for counts.
func TestSlowSenderIsNoFault(t *testing.T) {
	t.Parallel()
	const tick = time.Second
	for name, tt := range map[string]struct {
		layers []endpoint.Layer
		send   time.Duration // after which the message comes; 0 for never
		work   time.Duration // of the handler, before it reads on
		want   bool
	}{
		"a late message":                {[]endpoint.Layer{resilience.NewTimeout(tick)}, 2 * tick, 0, false},
		"a late message, before places": {[]endpoint.Layer{resilience.NewTimeout(tick), resilience.NewBulkhead(3)}, 2 * tick, 0, false},
		"no message":                    {[]endpoint.Layer{resilience.NewTimeout(tick)}, 0, 0, false},
		"no message, before places":     {[]endpoint.Layer{resilience.NewTimeout(tick), resilience.NewBulkhead(3)}, 0, 0, false},
		"no first item":                 {[]endpoint.Layer{resilience.NewTimeout(3*tick, resilience.FirstItem(tick))}, 4 * tick, 0, false},
		"slow work for a first item":    {[]endpoint.Layer{resilience.NewTimeout(3*tick, resilience.FirstItem(tick))}, tick / 2, 4 * tick, true},
		"slow work":                     {[]endpoint.Layer{resilience.NewTimeout(tick)}, tick / 2, 2 * tick, true},
	} {
		for _, method := range []string{"Say", "Sum", "Talk"} {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newOnlooker()
					work := func(ctx context.Context) error {
						time.Sleep(tt.work) // in the bubble
						return ctx.Err()
					}
					read := func(ctx context.Context, items endpoint.Stream[Note]) error {
						if err := work(ctx); err != nil {
							return err
						}
						_, err := items.Collect()
						return err
					}
					svc := echo()
					svc.Say = func(ctx context.Context, n Note) (Note, error) { return n, work(ctx) }
					svc.Sum = func(ctx context.Context, items endpoint.Stream[Note]) (Note, error) { return Note{}, read(ctx, items) }
					svc.Talk = func(ctx context.Context, items endpoint.Stream[Note]) (endpoint.Stream[Note], error) {
						return nil, read(ctx, items)
					}
					conn := serve(t, register(t, &svc, grpcx.Use(append([]endpoint.Layer{w}, tt.layers...)...)))
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/endpoint.test.v1.Echo/"+method)
					require.NoError(t, err)
					if tt.send > 0 {
						sent := make(chan struct{})
						defer func() { <-sent }()
						go func() {
							defer close(sent)
							time.Sleep(tt.send)
							if stream.SendMsg(&echopb.Note{}) == nil {
								_ = stream.CloseSend()
							}
						}()
					}
					end := <-w.ends
					require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(end), "%v", end)
					require.Equal(t, tt.want, endpoint.ServerFault(end), "%v", end)
				})
			})
		}
	}
}
