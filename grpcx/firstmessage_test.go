package grpcx_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// halfOpen begins a call and sends no message.
func halfOpen(ctx context.Context, t *testing.T, conn *grpc.ClientConn, method string) grpc.ClientStream {
	t.Helper()
	var opts []grpc.CallOption
	if method[:6] == "/plain" {
		opts = append(opts, grpc.ForceCodec(silent{}))
	}
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, opts...)
	require.NoError(t, err)
	return s
}

// silent is the codec of calls without messages. Its name is that of JSON.
type silent struct{}

func (silent) Name() string                { return "json" }
func (silent) Marshal(any) ([]byte, error) { return nil, errors.New("no message") }
func (silent) Unmarshal([]byte, any) error { return nil }

// hookErrors collects the errors that a hook gets.
type hookErrors struct {
	mu  sync.Mutex // guards the field below
	all []error
}

func (h *hookErrors) hook(_ context.Context, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, err)
}

// TestFirstMessage has calls of every kind whose first message does not come, beside
// calls of which it comes late but in time.
func TestFirstMessage(t *testing.T) {
	t.Parallel()
	services := map[string]func() grpcx.Service{
		"/endpoint.test.v1.Echo": func() grpcx.Service { e := echo(); return &e },
		"/plain.Echo":            func() grpcx.Service { return &plainEcho{echo()} },
	}
	for name, layers := range map[string]func() []endpoint.Layer{
		"no layer": func() []endpoint.Layer { return nil },
		"a layer":  func() []endpoint.Layer { return []endpoint.Layer{resilience.NewTimeout(time.Hour)} },
		"places":   func() []endpoint.Layer { return []endpoint.Layer{resilience.NewBulkhead(10)} },
		"a layer, a place": func() []endpoint.Layer {
			return []endpoint.Layer{resilience.NewTimeout(time.Hour), resilience.NewBulkhead(10)}
		},
	} {
		for service, newService := range services {
			for _, method := range []string{"Say", "Count", "Sum", "Talk"} {
				t.Run(name+service+"/"+method, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						var hooked hookErrors
						conn := dial(t, listenWith(t, register(t, newService(), grpcx.Use(layers()...), grpcx.ErrorHook(hooked.hook)), grpcx.ServerOptions(grpcx.FirstMessage(5*time.Second))...))
						start := time.Now()
						s := halfOpen(t.Context(), t, conn, service+"/"+method)
						err := s.RecvMsg(new(any))
						require.Equal(t, codes.DeadlineExceeded, status.Code(err), "%v", err)
						require.Equal(t, 5*time.Second, time.Since(start))
						synctest.Wait()
						require.Len(t, hooked.all, 1)
						require.ErrorIs(t, hooked.all[0], grpcx.ErrMessageTimeout)
						require.False(t, endpoint.ServerFault(hooked.all[0]))
					})
				})
			}
		}
	}
}

// TestFirstMessageInTime has a message that comes just in time, for a handler that
// takes long.
func TestFirstMessageInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := plainEcho{echo()}
		slow.Say = func(ctx context.Context, n Note) (Note, error) {
			time.Sleep(time.Hour) // in the bubble
			return n, ctx.Err()
		}
		conn := serve(t, register(t, &slow))
		var c plainEcho
		connect(t, conn, &c, grpcx.NoCallTimeout())
		n, err := c.Say(t.Context(), Note{Text: "a"})
		require.NoError(t, err)
		require.Equal(t, "a", n.Text)

		total, err := c.Sum(t.Context(), func(yield func(Note, error) bool) {
			for i := range int64(3) {
				time.Sleep(9 * time.Second) // in the bubble; the first item is in time
				if !yield(Note{Number: i}, nil) {
					return
				}
				time.Sleep(time.Hour)
			}
		})
		require.NoError(t, err)
		require.Equal(t, int64(3), total.Number)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = halfOpen(ctx, t, conn, "/plain.Echo/Say").RecvMsg(new(any))
		require.Equal(t, codes.DeadlineExceeded, status.Code(err), "an earlier deadline of the caller's ends the call")
	})
}

// TestTapOfOwn has servers with a tap of the program's own, which may call ours.
func TestTapOfOwn(t *testing.T) {
	t.Parallel()
	first := grpcx.FirstMessage(time.Second)
	for name, tt := range map[string]struct {
		tap  tap.ServerInHandle
		ends time.Duration
	}{
		"calls ours": {func(ctx context.Context, info *tap.Info) (context.Context, error) { return first(ctx, info) }, time.Second},
		"alone":      {func(ctx context.Context, _ *tap.Info) (context.Context, error) { return ctx, nil }, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conn := dial(t, listenWith(t, register(t, &plainEcho{echo()}), append(grpcx.ServerOptions(grpcx.NoTap()), grpc.InTapHandle(tt.tap))...))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				err := halfOpen(ctx, t, conn, "/plain.Echo/Say").RecvMsg(new(any))
				require.Equal(t, codes.DeadlineExceeded, status.Code(err))
				require.Equal(t, tt.ends, time.Since(start))
			})
		})
	}
}

func TestServerOptionsFaults(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "grpcx: FirstMessage(0s): the time must be positive", func() { grpcx.FirstMessage(0) })
	require.PanicsWithValue(t, "grpcx: FirstMessage(-1s): the time must be positive", func() { grpcx.FirstMessage(-time.Second) })
	require.PanicsWithValue(t, "grpcx: ServerOptions: option 1 is nil", func() { grpcx.ServerOptions(grpcx.NoTap(), nil) })
}

// TestHalfOpenCallHoldsNoPlace has more calls without a message than there are places.
func TestHalfOpenCallHoldsNoPlace(t *testing.T) {
	t.Parallel()
	for name, places := range map[string]func() endpoint.Layer{
		"Bulkhead": func() endpoint.Layer { return resilience.NewBulkhead(1) },
		"Adaptive": func() endpoint.Layer { return resilience.NewAdaptive(resilience.Limits(1, 1)) },
		"Shed":     func() endpoint.Layer { return resilience.NewShed(resilience.Limits(1, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := echo()
				conn := serve(t, func(s *grpc.Server) {
					register(t, &plainEcho{echo()}, grpcx.Use(places()))(s)
					register(t, &e, grpcx.Use(places()))(s)
				})
				for _, method := range []string{"/plain.Echo/Say", "/plain.Echo/Count", "/plain.Echo/Sum", "/endpoint.test.v1.Echo/Say"} {
					for range 3 {
						halfOpen(t.Context(), t, conn, method)
					}
				}
				synctest.Wait()
				var plain plainEcho
				var c Echo
				connect(t, conn, &plain)
				connect(t, conn, &c)
				for _, c := range []Echo{plain.Echo, c} {
					n, err := c.Say(t.Context(), Note{Text: "a", Number: 1})
					require.NoError(t, err)
					require.Equal(t, Note{Text: "a", Number: 1}, Note{Text: n.Text, Number: n.Number})
					items, err := c.Count(t.Context(), Note{Number: 3})
					require.NoError(t, err)
					all, err := items.Collect()
					require.NoError(t, err)
					require.Len(t, all, 3)
					total, err := c.Sum(t.Context(), endpoint.StreamOf(Note{Number: 1}, Note{Number: 2}))
					require.NoError(t, err)
					require.Equal(t, int64(3), total.Number)
					_, err = c.Sum(t.Context(), endpoint.StreamOf[Note]())
					require.NoError(t, err)
				}
			})
		})
	}
}

// TestTimeoutAroundPlaces has a request stream without items, which a layer outside of
// one that takes places gives less time than its first message may take.
func TestTimeoutAroundPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hooked hookErrors
		timeout := resilience.NewTimeout(300 * time.Millisecond)
		conn := serve(t, register(t, &plainEcho{echo()}, grpcx.Use(timeout, resilience.NewBulkhead(1)), grpcx.ErrorHook(hooked.hook)))
		start := time.Now()
		err := halfOpen(t.Context(), t, conn, "/plain.Echo/Sum").RecvMsg(new(any))
		require.Equal(t, codes.DeadlineExceeded, status.Code(err), "%v", err)
		require.Equal(t, 300*time.Millisecond, time.Since(start))
		synctest.Wait()
		require.Len(t, hooked.all, 1)
		require.ErrorIs(t, hooked.all[0], resilience.ErrTimeout)
	})
}
