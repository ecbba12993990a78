// The program rooms serves one service over HTTP and gRPC, as docs/server.md shows it.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
)

// ByID is the request.
type ByID struct {
	ID string `json:"-" path:"id"`
}

// Room is the response.
type Room struct {
	ID    string `json:"id"`
	Seats int    `json:"seats"`
}

// Rooms is the service.
type Rooms struct {
	Get endpoint.Endpoint[ByID, Room]
}

// HTTP describes the service to HTTP.
func (s *Rooms) HTTP(r *httpx.Routes) { r.GET("/rooms/{id}", &s.Get) }

// GRPC describes the service to gRPC.
func (s *Rooms) GRPC(m *grpcx.Methods) {
	m.Service("rooms")
	m.Unary("Get", &s.Get, grpcx.Idempotent())
}

func get(_ context.Context, r ByID) (Room, error) { return Room{r.ID, 4}, nil }

func ping(context.Context) error { return nil } // of a database

// snippet: main

func main() {
	addr := server.AddrVar(flag.CommandLine, "http", ":8081", "`address` of HTTP")
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	metrics, slo := promx.New(), observe.NewSLO(observe.Objective{Availability: 0.999})
	telemetry := observe.New(observe.NewLogger(log), metrics, slo)
	router, calls, svc := chi.NewRouter(), grpc.NewServer(grpcx.ServerOptions()...), &Rooms{Get: get}

	s := server.New("rooms", server.Log(log)) // a layer, so that it knows what is mounted
	err := errors.Join(
		httpx.Mount(router, svc, httpx.Use(s, telemetry)),
		grpcx.Register(calls, svc, grpcx.Use(s, telemetry)))
	health, herr := grpcx.Health(calls)
	s.Add(
		server.HTTP(*addr, httpx.Problems(router, httpx.Use(s, telemetry))),
		server.GRPC(":8082", calls, health),
		server.Admin("localhost:8080", server.Metrics(promhttp.Handler())),
		server.Probes(":8083"),
		server.Check("database", ping),
		server.Watch(slo))
	os.Exit(s.Main(err, herr, prometheus.Register(metrics)))
}

// end snippet
