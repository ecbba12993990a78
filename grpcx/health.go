package grpcx

import (
	"context"
	"errors"
	"sync"

	"github.com/typedkit/endpoint/internal/service"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

// errDown ends a Watch. One that begins after Shutdown gets it without a status
// before it: clients of grpc-go wait before they try again only if there was none.
var errDown = status.Error(codes.Unavailable, "the server is shutting down")

// A HealthServer is what [Health] serves: the statuses of the services, by name,
// and an end for the calls that watch them. A Watch lasts as long as its client
// likes, and GracefulStop waits for it: Shutdown of grpc-go's health server alone
// would leave a server that cannot stop. The zero HealthServer is ready to use, and
// has one status: the server as a whole (the name "") is SERVING. Its methods may
// be called concurrently.
type HealthServer struct {
	once  sync.Once
	inner *health.Server // see server

	mu       sync.Mutex                                                  // guards the fields below; taken before the lock of inner
	down     bool                                                        // from Shutdown to Resume
	unready  bool                                                        // by SetReady
	statuses map[string]grpc_health_v1.HealthCheckResponse_ServingStatus // while ready
	watches  map[*watch]struct{}
}

func (h *HealthServer) server() *health.Server {
	h.once.Do(func() {
		h.inner, h.watches = health.NewServer(), map[*watch]struct{}{}
		h.statuses = map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{"": grpc_health_v1.HealthCheckResponse_SERVING}
	})
	return h.inner
}

// SetServingStatus sets the status of a service; the name "" is the server as a
// whole. While the server is not ready ([HealthServer.SetReady]), the service stays
// NOT_SERVING and gets the status later. Between Shutdown and Resume it does nothing.
func (h *HealthServer) SetServingStatus(service string, status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	h.server()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.down {
		h.statuses[service] = status
		h.show(service)
	}
}

// SetReady sets whether the server is ready. A server that is not ready has the status
// NOT_SERVING for each of its services. When it is ready again, each has the status that
// SetServingStatus gave it last. Unlike Shutdown, SetReady lets calls of Watch go on. At
// first a HealthServer is ready. Between Shutdown and Resume, no status changes.
func (h *HealthServer) SetReady(ready bool) {
	h.server()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unready = !ready
	for service := range h.statuses {
		h.show(service)
	}
}

// show serves the status of a service. The lock is held.
func (h *HealthServer) show(service string) {
	status := h.statuses[service]
	if h.unready {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	h.inner.SetServingStatus(service, status)
}

// Check serves the method of the protocol: the status of a service, or NOT_FOUND.
func (h *HealthServer) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return h.server().Check(ctx, r)
}

// List serves the method of the protocol: the statuses of all services.
func (h *HealthServer) List(ctx context.Context, r *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	return h.server().List(ctx, r)
}

// Health serves the standard health protocol (grpc.health.v1) on s, after the
// services of the program. The server as a whole (the name "") and each service
// that s has so far are SERVING; SetServingStatus of the result changes that by
// name, and SetReady for all of them. Shutdown of the result, before GracefulStop of
// the server, makes clients leave and ends what they watch.
func Health(s grpc.ServiceRegistrar) (*HealthServer, error) {
	if service.IsNil(s) {
		return nil, errors.New("grpcx: Health: the registrar is nil")
	}
	server := &HealthServer{}
	if known, ok := s.(reflection.ServiceInfoProvider); ok {
		info := known.GetServiceInfo()
		if _, ok := info[grpc_health_v1.Health_ServiceDesc.ServiceName]; ok {
			return nil, errors.New("grpcx: Health: the service is registered already")
		}
		for name := range info {
			server.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
		}
	}
	grpc_health_v1.RegisterHealthServer(s, server)
	return server, nil
}

// Watch serves the method of the protocol: the status of a service, and each change
// of it. After Shutdown it fails with UNAVAILABLE.
func (h *HealthServer) Watch(r *grpc_health_v1.HealthCheckRequest, s grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	// See decision 93.
	w, err := h.begin(s)
	if err != nil {
		return err
	}
	defer h.end(w)
	err = h.server().Watch(r, w)
	if w.ctx.Err() == nil || s.Context().Err() != nil {
		return err // the client is gone
	}
	// Whether the last status was sent before the end was seen is up to chance.
	if err := w.sendLast(h.server(), r); err != nil {
		return err
	}
	return errDown
}

// Shutdown makes every status NOT_SERVING, and keeps it so until Resume. Calls of
// Watch are told, and end.
func (h *HealthServer) Shutdown() {
	server := h.server()
	h.mu.Lock()
	defer h.mu.Unlock()
	server.Shutdown()
	h.down = true
	for w := range h.watches {
		w.cancel()
	}
}

// Resume takes back Shutdown: every status is SERVING, unless the server is not ready,
// and may be watched.
func (h *HealthServer) Resume() {
	server := h.server()
	h.mu.Lock()
	defer h.mu.Unlock()
	server.Resume()
	h.down = false
	for service := range h.statuses {
		h.statuses[service] = grpc_health_v1.HealthCheckResponse_SERVING
		h.show(service)
	}
}

func (h *HealthServer) begin(s grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) (*watch, error) {
	h.server()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, errDown
	}
	w := &watch{ServerStreamingServer: s, last: -1}
	w.ctx, w.cancel = context.WithCancel(s.Context())
	h.watches[w] = struct{}{}
	return w, nil
}

func (h *HealthServer) end(w *watch) {
	w.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watches, w)
}

// A watch is the stream of one Watch, which Shutdown ends.
type watch struct {
	grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]

	ctx    context.Context
	cancel context.CancelFunc
	last   grpc_health_v1.HealthCheckResponse_ServingStatus // that was sent; -1 before
}

func (w *watch) Context() context.Context { return w.ctx }

func (w *watch) Send(m *grpc_health_v1.HealthCheckResponse) error {
	w.last = m.GetStatus()
	return w.ServerStreamingServer.Send(m)
}

// sendLast sends the status that there is, unless the client has it.
func (w *watch) sendLast(h *health.Server, r *grpc_health_v1.HealthCheckRequest) error {
	m, err := h.Check(w.ctx, r)
	if err != nil {
		m = &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN}
	}
	if m.GetStatus() == w.last {
		return nil
	}
	return w.Send(m)
}

// Reflect serves the reflection protocol (grpc.reflection.v1, and v1alpha for
// older tools) on s: it lists all services of s, also those that are registered
// later, and describes those whose messages are protobuf by the descriptors of
// the generated code. Services of plain Go types have none and are listed by
// name alone. Whoever reaches the server may ask it.
func Reflect(s reflection.GRPCServer) error {
	if service.IsNil(s) {
		return errors.New("grpcx: Reflect: the server is nil")
	}
	for _, name := range []string{"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} {
		if _, ok := s.GetServiceInfo()[name]; ok {
			return errors.New("grpcx: Reflect: the service is registered already")
		}
	}
	reflection.Register(s)
	return nil
}
