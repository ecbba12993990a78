package server_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// waiting is a service whose calls wait.
type waiting struct {
	Wait endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
	Feed endpoint.Endpoint[endpoint.Empty, endpoint.Stream[int]]
	Sum  endpoint.Endpoint[endpoint.Stream[int], int]
}

// newWaiting returns a service whose calls do not wait at all.
func newWaiting() *waiting {
	return &waiting{
		Wait: func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Feed: func(context.Context, endpoint.Empty) (endpoint.Stream[int], error) { return nil, nil },
		Sum: func(_ context.Context, items endpoint.Stream[int]) (sum int, err error) {
			for n, err := range items {
				if err != nil {
					return 0, err
				}
				sum += n
			}
			return sum, nil
		},
	}
}

func (s *waiting) HTTP(r *httpx.Routes) {
	r.POST("/wait", &s.Wait)
	r.ServerStream("GET", "/feed", &s.Feed)
	r.ClientStream("POST", "/sum", &s.Sum)
}

func (s *waiting) GRPC(m *grpcx.Methods) {
	m.Service("waiting")
	m.Unary("Wait", &s.Wait)
	m.ServerStream("Feed", &s.Feed)
	m.ClientStream("Sum", &s.Sum)
}

// A bench is a service on both transports that runs.
type bench struct {
	clients  map[string]*waiting
	draining chan struct{} // is closed when the stop begins
	stop     func() error
}

// serving serves svc over HTTP and gRPC, with layers inside the server's.
func serving(t *testing.T, svc *waiting, opts []server.Option, layers ...endpoint.Layer) *bench {
	t.Helper()
	lines := newAnnouncements()
	s := server.New("waiting", append([]server.Option{quiet(), server.Announce(lines)}, opts...)...)
	mux, calls := http.NewServeMux(), grpc.NewServer(grpcx.ServerOptions()...)
	use := append([]endpoint.Layer{s}, layers...)
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(use...)))
	require.NoError(t, grpcx.Register(calls, svc, grpcx.Use(use...)))
	j := newPart(newJournal(), well)
	s.Add(server.HTTP(free, mux), server.GRPC(free, calls, nil), server.Listen("other", free, j))
	b := &bench{clients: map[string]*waiting{"HTTP": {}, "gRPC": {}}, draining: j.draining, stop: running(t, s)}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	to := httpx.To("http://"+lines.addr(t, "HTTP"), httpx.HTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, httpx.Client(to, b.clients["HTTP"]))
	conn, err := grpc.NewClient(lines.addr(t, "gRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, grpcx.Client(grpcx.To(conn), b.clients["gRPC"]))
	return b
}

// TestStreamsEnd has response streams whose handlers end in each possible way when the
// server stops: the client must not take any of them for the end of the stream.
func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(ctx context.Context, yield func(int, error) bool){
		"returns":          func(context.Context, func(int, error) bool) {},
		"yields the error": func(ctx context.Context, yield func(int, error) bool) { yield(0, ctx.Err()) },
		"yields the cause": func(ctx context.Context, yield func(int, error) bool) { yield(0, context.Cause(ctx)) },
		"yields it wrapped": func(ctx context.Context, yield func(int, error) bool) {
			yield(0, errors.Join(errors.New("read"), ctx.Err()))
		},
		"yields another one": func(_ context.Context, yield func(int, error) bool) { yield(0, errors.New("broken")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := newWaiting()
			svc.Feed = func(ctx context.Context, _ endpoint.Empty) (endpoint.Stream[int], error) {
				return func(yield func(int, error) bool) {
					if yield(1, nil) {
						<-ctx.Done()
						end(ctx, yield)
					}
				}, nil
			}
			slo := observe.NewSLO(observe.Objective{Availability: 0.9})
			codes := make(chan endpoint.Code, 2)
			inside := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
				return ctx, func(err error) error { codes <- endpoint.CodeOf(err); return err }, nil
			})
			b := serving(t, svc, nil, slo, inside)
			errs := make(chan error, len(b.clients))
			var open []func() (int, error, bool)
			for _, c := range b.clients {
				s, err := c.Feed(t.Context(), endpoint.Empty{})
				require.NoError(t, err)
				next, stop := pull(s)
				t.Cleanup(stop)
				n, err, _ := next()
				require.NoError(t, err)
				require.Equal(t, 1, n)
				open = append(open, next)
			}
			for _, next := range open {
				go func() {
					_, err, _ := next()
					errs <- err
				}()
			}
			start := time.Now()
			require.NoError(t, b.stop())
			require.Less(t, time.Since(start), 5*time.Second, "streams do not use up the grace")
			want, code, bad := endpoint.Unavailable, endpoint.Unavailable, uint64(0)
			if name == "yields another one" {
				want, code, bad = endpoint.Internal, endpoint.Internal, 1
			}
			for range b.clients {
				err := <-errs
				require.Equal(t, want, endpoint.CodeOf(err), "%v", err)
				require.Equal(t, want == endpoint.Unavailable, errors.Is(err, server.ErrStopping))
				require.Equal(t, code, <-codes, "layers inside see what goes out")
			}
			for _, st := range slo.Status() {
				if st.Operation.Name == "Feed" {
					require.Equal(t, bad, st.Availability.Bad, "%s over %s", name, st.Operation.Transport)
				}
			}
		})
	}
}

// TestCallsAreCancelled has calls that end only with their context.
func TestCallsAreCancelled(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	svc := newWaiting()
	svc.Wait = func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return endpoint.Empty{}, ctx.Err()
	}
	b := serving(t, svc, []server.Option{server.Grace(200 * time.Millisecond)})
	errs := make(chan error, len(b.clients))
	for _, c := range b.clients {
		go func() {
			_, err := c.Wait(t.Context(), endpoint.Empty{})
			errs <- err
		}()
		<-begun
	}
	require.NoError(t, b.stop())
	for range b.clients {
		err := <-errs
		require.ErrorIs(t, err, server.ErrStopping)
		require.Equal(t, time.Second, endpoint.ErrorOf(err).RetryAfter())
	}
}

// TestCallsFinish has calls in flight that end within the grace.
func TestCallsFinish(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	svc := newWaiting()
	svc.Wait = func(ctx context.Context, _ endpoint.Empty) (endpoint.Empty, error) {
		begun <- struct{}{}
		<-release
		return endpoint.Empty{}, ctx.Err()
	}
	b := serving(t, svc, nil)
	errs := make(chan error, len(b.clients))
	for _, c := range b.clients {
		go func() {
			_, err := c.Wait(t.Context(), endpoint.Empty{})
			errs <- err
		}()
		<-begun
	}
	ended := make(chan error, 1)
	go func() { ended <- b.stop() }()
	<-b.draining
	close(release)
	for range b.clients {
		require.NoError(t, <-errs)
	}
	require.NoError(t, <-ended)
}

// TestRequestsFinish has calls whose requests are still coming when the stop begins.
func TestRequestsFinish(t *testing.T) {
	t.Parallel()
	first := make(chan struct{}, 2)
	svc := newWaiting()
	sum := svc.Sum
	svc.Sum = func(ctx context.Context, items endpoint.Stream[int]) (int, error) {
		return sum(ctx, func(yield func(int, error) bool) {
			for n, err := range items {
				if n == 1 {
					first <- struct{}{}
				}
				if !yield(n, err) {
					return
				}
			}
		})
	}
	b := serving(t, svc, nil)
	type result struct {
		sum int
		err error
	}
	results, draining := make(chan result, len(b.clients)), b.draining
	for _, c := range b.clients {
		go func() {
			sum, err := c.Sum(t.Context(), func(yield func(int, error) bool) {
				if yield(1, nil) {
					<-draining
					_ = yield(2, nil) && yield(3, nil)
				}
			})
			results <- result{sum, err}
		}()
		<-first
	}
	require.NoError(t, b.stop())
	for range b.clients {
		require.Equal(t, result{6, nil}, <-results)
	}
}

// pull is iter.Pull2 for a stream.
func pull(s endpoint.Stream[int]) (next func() (int, error, bool), stop func()) {
	type result struct {
		n   int
		err error
	}
	results, done := make(chan result), make(chan struct{})
	go func() {
		defer close(results)
		for n, err := range s {
			select {
			case results <- result{n, err}:
			case <-done:
				return
			}
		}
	}()
	return func() (int, error, bool) {
		r, ok := <-results
		return r.n, r.err, ok
	}, func() { close(done) }
}
