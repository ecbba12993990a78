// The program addsvc serves sums and concatenations, over HTTP and gRPC by default.
//
//	addsvc -http-addr :8081 -grpc-addr :8082 -debug.addr localhost:8080
//
// It prints the addresses that it listens on, and logs to standard error. The third one is
// the admin address: a page with live figures of the calls, /metrics for Prometheus, and
// /debug/vars. The first one has the document of the service, at /openapi.json and
// /openapi.yaml, and its page at /docs. With -thrift-addr, -jsonrpc-addr, -netrpc-addr and -nats.url it serves over
// Thrift, JSON-RPC, net/rpc and NATS as well. With -otlp.addr or -zipkin-url it sends traces.
// -sum.limit and -concat.limit set how many calls pass. SIGINT or SIGTERM stops it: it
// finishes the calls in flight and exits with 0; a second signal ends it at once, with 1. It
// exits with 2 when its arguments are wrong, and with 1 when it cannot serve. With -registry
// it registers as "addsvc" over HTTP and as "addsvc.grpc" over gRPC while it is ready. With
// -auth only users of an issuer may call.
package main

import (
	"errors"
	"expvar"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

// snippet: main

func main() {
	httpAddr := server.AddrVar(flag.CommandLine, "http-addr", ":8081", "`address` to serve HTTP on, host:port")
	grpcAddr := server.AddrVar(flag.CommandLine, "grpc-addr", ":8082", "`address` to serve gRPC on, host:port")
	debugAddr := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "localhost:8080",
		"`address` of the admin page, /metrics and /debug/vars, host:port; empty for none")
	others, guards := transportsVar(flag.CommandLine), guardsVar(flag.CommandLine)
	users := usersVar(flag.CommandLine, others)
	traces, reg := tracesVar(flag.CommandLine), registry.Var(flag.CommandLine)
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "addsvc: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s := server.New("addsvc", server.Log(log))
	svc := addsvc.New()
	telemetry, metrics, err := newTelemetry(s, log, traces, guards.guard(s, svc)...)
	router, calls := chi.NewRouter(), grpc.NewServer(grpcx.ServerOptions()...)
	health, rerr := users.register(s, router, calls, svc, s, telemetry)
	derr := openapi.New("addsvc", "1.0", svc, openapi.Mounted(users.requires()...)).Mount(router)
	s.Add(
		server.HTTP(*httpAddr, httpx.Problems(router, httpx.Use(s, telemetry)), reg.Register(s, "addsvc")...),
		server.GRPC(*grpcAddr, calls, health, reg.Register(s, "addsvc.grpc")...))
	oerr := others.add(s, svc, s, telemetry)
	if *debugAddr != "" {
		s.Add(server.Admin(*debugAddr, append(traces.page(), server.Metrics(metrics), server.Handle("GET /debug/vars", expvar.Handler()))...))
	}
	os.Exit(s.Main(err, rerr, derr, oerr))
}

// end snippet

// snippet: server

// register serves one service on both transports, with the same layers around it.
func register(router chi.Router, calls *grpc.Server, svc *addsvc.Add, layers ...endpoint.Layer) (*grpcx.HealthServer, error) {
	mounted := errors.Join(
		httpx.Mount(router, svc, httpx.Use(layers...)),
		grpcx.Register(calls, svc, grpcx.Use(layers...)),
	)
	health, err := grpcx.Health(calls)
	return health, errors.Join(mounted, err, grpcx.Reflect(calls))
}

// end snippet
