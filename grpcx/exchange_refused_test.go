package grpcx_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
)

// An onlooker is a layer and a hook that keep what they were told of one call.
type onlooker struct {
	ends   chan error
	status chan int
	hooked chan error
}

func newOnlooker() *onlooker {
	return &onlooker{make(chan error, 10), make(chan int, 10), make(chan error, 10)}
}

func (*onlooker) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (w *onlooker) Exit(ctx context.Context, _ endpoint.Token, err error) error {
	w.ends <- err
	w.status <- endpoint.CallFrom(ctx).Status(err)
	return err
}

func (w *onlooker) options() []grpcx.Option {
	return []grpcx.Option{grpcx.Use(w), grpcx.ErrorHook(func(_ context.Context, err error) { w.hooked <- err })}
}

// saw has the layer and the hook told of want.
func (w *onlooker) saw(t *testing.T, want error) {
	t.Helper()
	end := <-w.ends
	require.ErrorIs(t, end, want)
	require.ErrorIs(t, <-w.hooked, want)
	require.Equal(t, int(endpoint.CodeOf(end)), <-w.status)
}

// limited ends calls after an hour: the context of a handler is no longer the
// stream's.
func limited() endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		return ctx, func(err error) error { cancel(); return err }, nil
	})
}

// TestRefusedByTransport guards that layers and hooks hear why grpc-go refused a
// message: its refusal ends the context of the call, which looked like a client
// that had gone.
func TestRefusedByTransport(t *testing.T) {
	t.Parallel()
	large := &echopb.Note{Blob: make([]byte, 5<<20)}
	for name, inner := range map[string][]grpcx.Option{"": nil, " with a deadline of a layer": {grpcx.Use(limited())}} {
		for _, tt := range []struct {
			name string
			want error
			code codes.Code
			note *echopb.Note
			opts []grpc.CallOption
		}{
			{"too large", grpcx.ErrMessageTooLarge, codes.ResourceExhausted, large, nil},
			{"not as compressed as it says", grpcx.ErrInvalidRequest, codes.Internal, &echopb.Note{Text: "a"}, []grpc.CallOption{grpc.UseCompressor(liar{}.Name())}},
		} {
			t.Run(tt.name+name, func(t *testing.T) {
				t.Parallel()
				items := make(chan error, 1)
				e := echo()
				e.Sum = func(_ context.Context, in endpoint.Stream[Note]) (Note, error) {
					_, err := in.Collect()
					items <- err
					return Note{}, err
				}
				w := newOnlooker()
				c := echopb.NewEchoClient(serve(t, register(t, &e, append(w.options(), inner...)...)))
				_, err := c.Say(t.Context(), tt.note, tt.opts...)
				require.Equal(t, tt.code, status.Code(err))
				w.saw(t, tt.want)
				count, err := c.Count(t.Context(), tt.note, tt.opts...)
				require.NoError(t, err)
				_, err = count.Recv()
				require.Equal(t, tt.code, status.Code(err))
				w.saw(t, tt.want)
				for range 20 { // what ends first is chance
					sum, err := c.Sum(t.Context(), tt.opts...)
					require.NoError(t, err)
					if err = sum.Send(tt.note); !errors.Is(err, io.EOF) {
						require.NoError(t, err)
					}
					_, err = sum.CloseAndRecv()
					require.Equal(t, tt.code, status.Code(err))
					require.ErrorIs(t, <-items, tt.want)
					w.saw(t, tt.want)
				}
			})
		}
	}
}

// TestAbortIsNoRefusal has clients that go while a message is waited for.
func TestAbortIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newOnlooker()
	e := echo()
	c := echopb.NewEchoClient(serve(t, register(t, &e, append(w.options(), grpcx.Use(limited()))...)))
	ctx, cancel := context.WithCancel(t.Context())
	sum, err := c.Sum(ctx)
	require.NoError(t, err)
	require.NoError(t, sum.Send(&echopb.Note{}))
	cancel()
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-w.ends))
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(<-w.hooked))
	require.Equal(t, int(codes.Canceled), <-w.status)
}

// liar is a compressor whose output nobody can read.
type liar struct{}

func (liar) Name() string { return "liar" }

func (liar) Compress(w io.Writer) (io.WriteCloser, error) { return plainWriter{w}, nil }

func (liar) Decompress(io.Reader) (io.Reader, error) { return nil, errors.New("not mine") }

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

func init() { encoding.RegisterCompressor(liar{}) } //nolint:gochecknoinits // as grpc-go demands
