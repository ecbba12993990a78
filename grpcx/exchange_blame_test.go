package grpcx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc"
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
	}
}
