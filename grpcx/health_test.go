package grpcx_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// TestHealth asks for the statuses of a server, and watches one change.
func TestHealth(t *testing.T) {
	t.Parallel()
	_, err := grpcx.Health(nil)
	require.ErrorContains(t, err, "grpcx: Health: the registrar is nil")
	var set func(name string, status grpc_health_v1.HealthCheckResponse_ServingStatus)
	conn := serve(t, func(s *grpc.Server) {
		register(t, both())(s)
		h, err := grpcx.Health(s)
		require.NoError(t, err)
		set = h.SetServingStatus
		_, err = grpcx.Health(s)
		require.ErrorContains(t, err, "registered already")
	})
	c := grpc_health_v1.NewHealthClient(conn)
	all, err := c.List(t.Context(), &grpc_health_v1.HealthListRequest{})
	require.NoError(t, err)
	require.Len(t, all.GetStatuses(), 2)
	w, err := c.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "test.S"})
	require.NoError(t, err)
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING} {
		got, err := w.Recv()
		require.NoError(t, err)
		require.Equal(t, want, got.GetStatus())
		set("test.S", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	}
}

// TestHealthShutdown stops a server that is watched: each Watch has the last status,
// and ends, so that GracefulStop does. In a bubble, with a minute to do it.
func TestHealthShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var s *grpc.Server
		var h *grpcx.HealthServer
		c := grpc_health_v1.NewHealthClient(serve(t, func(server *grpc.Server) {
			s = server
			register(t, both())(s)
			var err error
			h, err = grpcx.Health(s)
			require.NoError(t, err)
		}))
		watch := func(name string) grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse] {
			w, err := c.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
			require.NoError(t, err)
			return w
		}
		next := func(w grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse]) string {
			m, err := w.Recv()
			if err != nil {
				return status.Code(err).String()
			}
			return m.GetStatus().String()
		}
		for range 2 { // also after Resume
			whole, service, unknown := watch(""), watch("test.S"), watch("nope")
			require.Equal(t, "SERVING", next(whole))
			require.Equal(t, "SERVING", next(service))
			require.Equal(t, "SERVICE_UNKNOWN", next(unknown))
			h.Shutdown()
			require.Equal(t, "NOT_SERVING", next(whole))
			require.Equal(t, "NOT_SERVING", next(service))
			for _, w := range []grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse]{whole, service, unknown} {
				require.Equal(t, "Unavailable", next(w))
			}
			require.Equal(t, "Unavailable", next(watch("test.S")), "a Watch after Shutdown has no status")
			h.Resume()
		}
		last := watch("test.S")
		require.Equal(t, "SERVING", next(last))
		h.Shutdown()
		s.GracefulStop()
		require.Equal(t, "NOT_SERVING", next(last))
		require.Equal(t, "Unavailable", next(last))
	})
}

// TestHealthSetReady has a Watch of each service go on while the server becomes ready and
// stops being ready. A status of its own comes back.
func TestHealthSetReady(t *testing.T) {
	t.Parallel()
	const serving, not = grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING
	var h *grpcx.HealthServer
	c := grpc_health_v1.NewHealthClient(serve(t, func(s *grpc.Server) {
		register(t, both())(s)
		var err error
		h, err = grpcx.Health(s)
		require.NoError(t, err)
		h.SetServingStatus("own", not)
		h.SetReady(false)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watches := map[string]grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse]{}
	for _, name := range []string{"", "test.S", "own"} {
		w, err := c.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
		require.NoError(t, err)
		watches[name] = w
	}
	next := func(name string, want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		m, err := watches[name].Recv()
		require.NoError(t, err)
		require.Equal(t, want, m.GetStatus(), name)
	}
	statuses := func() map[string]string {
		list, err := c.List(ctx, &grpc_health_v1.HealthListRequest{})
		require.NoError(t, err)
		all := map[string]string{}
		for name, m := range list.GetStatuses() {
			all[name] = m.GetStatus().String()
		}
		return all
	}
	next("", not)
	next("test.S", not)
	next("own", not)
	for range 2 {
		h.SetReady(true)
		next("", serving)
		next("test.S", serving)
		require.Equal(t, map[string]string{"": "SERVING", "test.S": "SERVING", "own": "NOT_SERVING"}, statuses())
		h.SetReady(false)
		next("", not)
		next("test.S", not)
	}
	h.SetServingStatus("own", serving)
	require.Equal(t, map[string]string{"": "NOT_SERVING", "test.S": "NOT_SERVING", "own": "NOT_SERVING"}, statuses())
	h.SetReady(true)
	next("own", serving)
	h.SetServingStatus("test.S", not)
	next("", serving)
	next("test.S", serving)
	next("test.S", not)
	h.Shutdown()
	h.SetReady(false)
	h.SetReady(true)
	require.Equal(t, map[string]string{"": "NOT_SERVING", "test.S": "NOT_SERVING", "own": "NOT_SERVING"}, statuses())
	h.Resume()
	require.Equal(t, map[string]string{"": "SERVING", "test.S": "SERVING", "own": "SERVING"}, statuses())
	h.Shutdown()
	h.SetReady(false)
	h.Resume()
	require.Equal(t, map[string]string{"": "NOT_SERVING", "test.S": "NOT_SERVING", "own": "NOT_SERVING"}, statuses())
}

// TestHealthShutdownWhileSending has Shutdown come while a Watch is busy: the last
// status is not lost to the end that comes with it. It would be every other time. In
// a bubble, where waiting forever fails.
func TestHealthShutdownWhileSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, err := grpcx.Health(grpc.NewServer())
		require.NoError(t, err)
		for range 30 {
			w := &watcher{ctx: t.Context(), sent: h.Shutdown}
			err := h.Watch(&grpc_health_v1.HealthCheckRequest{}, w)
			require.Equal(t, codes.Unavailable, status.Code(err))
			require.Equal(t, []string{"SERVING", "NOT_SERVING"}, w.got)
			h.Resume()
		}
		gone, leave := context.WithCancel(t.Context())
		w := &watcher{ctx: gone, sent: leave}
		require.Equal(t, codes.Canceled, status.Code(h.Watch(&grpc_health_v1.HealthCheckRequest{}, w)))
		require.Equal(t, []string{"SERVING"}, w.got)
	})
}

// A watcher is the server's end of a Watch.
type watcher struct {
	grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]
	ctx  context.Context
	sent func() // called with each status
	got  []string
}

func (w *watcher) Context() context.Context { return w.ctx }

func (w *watcher) Send(m *grpc_health_v1.HealthCheckResponse) error {
	w.got = append(w.got, m.GetStatus().String())
	w.sent()
	return nil
}

// TestReflect lists services that have no descriptor by name, and describes those
// that have one.
func TestReflect(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, grpcx.Reflect(nil), "grpcx: Reflect: the server is nil")
	conn := serve(t, func(s *grpc.Server) {
		e := echo()
		register(t, &e)(s)
		require.NoError(t, grpcx.Reflect(s))
		require.ErrorContains(t, grpcx.Reflect(s), "registered already")
		register(t, both())(s)
	})
	s, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	ask := func(r *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		require.NoError(t, s.Send(r))
		got, err := s.Recv()
		require.NoError(t, err)
		return got
	}
	names := map[string]bool{}
	for _, svc := range ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
		names[svc.GetName()] = true
	}
	require.True(t, names["endpoint.test.v1.Echo"] && names["test.S"], "%v", names)
	for symbol, known := range map[string]bool{"endpoint.test.v1.Echo": true, "test.S": false} {
		got := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
		require.Equal(t, known, got.GetFileDescriptorResponse() != nil, symbol)
	}
	require.NoError(t, s.CloseSend())
}

// TestHealthZero has a HealthServer that Health did not make.
func TestHealthZero(t *testing.T) {
	t.Parallel()
	var h grpcx.HealthServer
	check := func(service string) (grpc_health_v1.HealthCheckResponse_ServingStatus, error) {
		m, err := h.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		return m.GetStatus(), err
	}
	got, err := check("")
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, got)
	_, err = check("a")
	require.Equal(t, codes.NotFound, status.Code(err))
	h.SetServingStatus("a", grpc_health_v1.HealthCheckResponse_SERVING)
	list, err := h.List(t.Context(), &grpc_health_v1.HealthListRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetStatuses(), 2)
	h.Shutdown()
	got, err = check("a")
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, got)
	h.Resume()
	got, err = check("a")
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, got)
}
