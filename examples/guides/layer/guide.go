// Package layerguide is the code of docs/layers.md: a layer, from a function of a
// few lines to a type that other teams can use.
package layerguide

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc"
)

// snippet: errors

// ErrTenantBusy is the error of a call for which its tenant has no places left.
var ErrTenantBusy = endpoint.Define(endpoint.ResourceExhausted, "tenants.example.com", "TENANT_BUSY",
	"too many calls at the same time").WithRetryAfter(time.Second)

// ErrTenantSuspended is the error of a call of a tenant that is suspended.
var ErrTenantSuspended = endpoint.Define(endpoint.PermissionDenied, "tenants.example.com", "TENANT_SUSPENDED",
	"this account is suspended")

// end snippet

// snippet: func

// limitTenants rejects a call while n calls of its tenant are in progress.
func limitTenants(n int) endpoint.LayerFunc {
	var mu sync.Mutex // guards used
	used := map[string]int{}
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		tenant := endpoint.Incoming(ctx).Principal()
		mu.Lock()
		defer mu.Unlock()
		if used[tenant] == n {
			return ctx, nil, ErrTenantBusy
		}
		used[tenant]++
		return ctx, func(err error) error {
			mu.Lock()
			defer mu.Unlock()
			if used[tenant]--; used[tenant] == 0 {
				delete(used, tenant)
			}
			return err
		}, nil
	}
}

// end snippet

// Query says what a report is about.
type Query struct {
	Text string `json:"text"`
}

// Row is a line of a report.
type Row struct {
	N int `json:"n"`
}

// Reports is the service that the guide limits.
type Reports struct {
	Run    endpoint.Endpoint[Query, Row]
	Export endpoint.Endpoint[Query, endpoint.Stream[Row]]
	Status endpoint.Endpoint[endpoint.Empty, Row]
}

// HTTP describes the service to HTTP.
func (s *Reports) HTTP(r *httpx.Routes) {
	r.POST("/run", &s.Run, httpx.Idempotent())
	r.ServerStream("POST", "/export", &s.Export)
	r.GET("/status", &s.Status)
}

// GRPC describes it to gRPC.
func (s *Reports) GRPC(m *grpcx.Methods) {
	m.Service("reports.v1.Reports")
	m.Unary("Run", &s.Run, grpcx.Idempotent())
	m.ServerStream("Export", &s.Export)
	m.Unary("Status", &s.Status)
}

// weightOf gives an export half of a tenant's eight places. The status is not
// limited.
func weightOf(op *endpoint.Operation) int {
	switch op.Name {
	case "Export":
		return 4
	case "Status":
		return 0
	}
	return 1
}

func newLimit() *TenantLimit { return NewTenantLimit(8, Weight(weightOf)) }

// snippet: use

// serve puts the same layers around a service on both transports, which share the
// places of each tenant. auth sets the Principal.
func serve(mux *http.ServeMux, calls *grpc.Server, svc *Reports, auth, limit endpoint.Layer) error {
	layers := endpoint.Stack{auth, limit, resilience.ServerStack()}
	return errors.Join(
		httpx.Mount(mux, svc, httpx.Use(layers...)),
		grpcx.Register(calls, svc, grpcx.Use(layers...)),
	)
}

func isExport(op *endpoint.Operation) bool { return op.Name == "Export" }

// relay returns a client for the handlers of a gateway. Its exports are limited by
// the tenant whose call the gateway is serving.
func relay(conn grpc.ClientConnInterface, limit endpoint.Layer) (*Reports, error) {
	var c Reports
	return &c, grpcx.Client(grpcx.To(conn), &c, grpcx.Use(endpoint.Only(limit, isExport)))
}

// end snippet

// limited returns one endpoint with a limit of its own.
func limited(run endpoint.Endpoint[Query, Row]) endpoint.Endpoint[Query, Row] {
	return endpoint.Chain(run, endpoint.Recover, NewTenantLimit(1).Wrap)
}

// dial returns a client that makes a call again when its tenant was busy.
func dial(to *httpx.Conn) (*Reports, error) {
	var c Reports
	retry := resilience.NewRetry(3, resilience.Codes(endpoint.Unavailable, endpoint.ResourceExhausted))
	return &c, httpx.Client(to, &c, httpx.Use(retry))
}

// snippet: forms

// wrapForms shows the three forms of Wrap that compile.
func wrapForms(run endpoint.Endpoint[Query, Row], limit *TenantLimit) (endpoint.Endpoint[Query, Row], endpoint.Middleware[Query, Row]) {
	run = endpoint.Chain(run, limit.Wrap)                     // an argument of a function
	var assigned endpoint.Middleware[Query, Row] = limit.Wrap // an assigned value
	run = endpoint.Chain(run, assigned)
	return run, limit.Wrap // a result
}

// end snippet
