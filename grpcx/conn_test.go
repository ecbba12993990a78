package grpcx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// TestDialerFaults has wrong arguments of Dialer, which are found before there is a pool.
func TestDialerFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		creds credentials.TransportCredentials
		opts  []grpc.DialOption
		want  string
	}{
		"no credentials": {nil, nil, "grpcx: Dialer: the credentials are nil; insecure.NewCredentials() says that there are none"},
		"a nil pointer":  {(*ownCredentials)(nil), nil, "grpcx: Dialer: the credentials are nil; insecure.NewCredentials() says that there are none"},
		"a nil option":   {insecure.NewCredentials(), []grpc.DialOption{grpc.WithUserAgent("x"), nil}, "grpcx: Dialer: a nil option"},
		"both":           {nil, []grpc.DialOption{nil}, "grpcx: Dialer: the credentials are nil; insecure.NewCredentials() says that there are none\na nil option"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.PanicsWithValue(t, tt.want, func() { grpcx.Dialer(tt.creds, tt.opts...) })
		})
	}
}

// TestReconnect stops a server for different times, in bubbles. Calls go on at most 5 s
// after it is back.
func TestReconnect(t *testing.T) {
	t.Parallel()
	for _, outage := range []time.Duration{time.Second, 30 * time.Second, time.Hour} {
		t.Run(outage.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := echo()
				var server atomic.Pointer[endpointtest.Listener] // nil while it is down
				serve := func() (stop func()) {
					s := grpc.NewServer(grpcx.ServerOptions()...)
					require.NoError(t, grpcx.Register(s, &e))
					l := endpointtest.NewListener()
					done := make(chan struct{})
					go func() { defer close(done); _ = s.Serve(l) }()
					server.Store(l)
					return func() { server.Store(nil); s.Stop(); <-done }
				}
				dial := grpcx.Dialer(insecure.NewCredentials(), grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
					if l := server.Load(); l != nil {
						return l.Dial(ctx, "tcp", addr)
					}
					return nil, errors.New("refused")
				}))
				conn, err := dial(t.Context(), "192.0.2.1:1")
				require.NoError(t, err)
				defer func() { require.NoError(t, conn.(io.Closer).Close()) }()
				var c Echo
				connect(t, conn, &c)
				call := func() error { _, err := c.Say(t.Context(), Note{}); return err }

				stop := serve()
				require.NoError(t, call())
				stop()
				for down := time.Now(); time.Since(down) < outage; time.Sleep(time.Second) {
					require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(call()))
				}
				stop = serve()
				defer stop()
				for back := time.Now(); call() != nil; time.Sleep(100 * time.Millisecond) {
					require.LessOrEqual(t, time.Since(back), 5*time.Second)
				}
			})
		})
	}
}

// ownCredentials are a pointer, as a program may have.
type ownCredentials struct {
	credentials.TransportCredentials
}
