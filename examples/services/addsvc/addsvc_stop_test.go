package addsvc_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/thriftx"
)

// callers returns a client of the program for each transport.
func callers(t *testing.T, p *process) map[string]*addsvc.Add {
	t.Helper()
	all := map[string]*addsvc.Add{"HTTP": {}, "gRPC": {}, "Thrift": {}, "JSON-RPC": {}, "net/rpc": {}, "NATS": {}}
	require.NoError(t, httpx.Client(httpx.To("http://"+p.addr["HTTP"]), all["HTTP"]))
	require.NoError(t, grpcx.Client(grpcx.To(dial(t, p)), all["gRPC"]))
	calls := thriftx.To(p.addr["Thrift"])
	t.Cleanup(func() { _ = calls.Close() })
	require.NoError(t, thriftx.Client(calls, all["Thrift"]))
	require.NoError(t, jsonrpcx.Client(httpx.To("http://"+p.addr["JSON-RPC"]), all["JSON-RPC"]))
	rpc := netrpcx.To(p.addr["net/rpc"])
	t.Cleanup(func() { _ = rpc.Close() })
	require.NoError(t, netrpcx.Client(rpc, all["net/rpc"]))
	conn, err := nats.Connect(p.addr["NATS"])
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	require.NoError(t, natsx.Client(natsx.To(conn), all["NATS"]))
	return all
}

// testStop has clients of all transports call without a pause while the program stops. As a
// load balancer would, they go away after a while: it has asked whether the program is ready,
// so the program waits for it to notice. No call fails.
func testStop(t *testing.T, bin string) {
	p := launchAll(t, bin, "-sum.limit", "1000000:1000000")
	require.NotEmpty(t, programtest.Get(t, p.addr["admin"]+"/readyz"))
	ctx, leave := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	calls := map[string]*atomic.Int64{}
	for transport, c := range callers(t, p) {
		n := new(atomic.Int64)
		calls[transport] = n
		for range 2 {
			clients.Go(func() {
				for i := int64(1); ctx.Err() == nil; i++ {
					// Without ctx: a call that has begun is to end well.
					resp, err := c.Sum(context.WithoutCancel(ctx), addsvc.SumRequest{A: i % 1000, B: 1})
					if err != nil || resp.V != i%1000+1 {
						t.Errorf("%s: call %d: %v %v", transport, i, resp, err)
						return
					}
					n.Add(1)
				}
			})
		}
	}
	await := func(more int64) {
		for transport, n := range calls {
			before := n.Load()
			require.Eventually(t, func() bool { return n.Load() > before+more }, time.Minute, time.Millisecond, transport)
		}
	}
	await(100)
	p.Signal(t, syscall.SIGTERM)
	p.Await(t, programtest.Draining)
	await(100)
	leave()
	clients.Wait()
	require.Equal(t, 0, p.Wait(t))
	for _, transport := range []string{"HTTP", "gRPC", "Thrift", "JSON-RPC", "net/rpc"} {
		_, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr[transport])
		require.Error(t, err, transport)
	}
}
