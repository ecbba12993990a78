// The program profilesvc serves profiles over HTTP and keeps them in memory.
//
//	profilesvc -http.addr :8080
//
// It prints the address that it listens on, and logs to standard error. SIGINT
// or SIGTERM stops it: it finishes the calls in flight and exits with 0; a
// second signal ends it at once. It exits with 2 when its arguments are wrong,
// and with 1 when it cannot serve.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/typedkit/endpoint/examples/internal/hostport"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
	"github.com/typedkit/endpoint/examples/profilesvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/promx"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("profilesvc", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("http.addr", ":8080", "`address` to listen on, host:port")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "profilesvc: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if err := hostport.Check(*addr); err != nil {
		fmt.Fprintf(stderr, "profilesvc: -http.addr %q is not host:port: %v\n", *addr, err)
		return 2
	}
	if err := serve(ctx, *addr, stdout, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintln(stderr, "profilesvc:", err)
		return 1
	}
	return 0
}

// serve serves until ctx ends or a signal comes.
func serve(ctx context.Context, addr string, stdout io.Writer, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := newServer(log)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintln(stdout, "listening on", l.Addr())
	select {
	case err = <-ended:
		return err
	case <-ctx.Done():
	}
	stop() // a second signal has its usual effect: it ends the process
	log.Info("stopping", "cause", context.Cause(ctx))
	err = drain(context.WithoutCancel(ctx), server)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// drainTime is what calls in flight get to finish. It is longer than a server
// waits for a body.
const drainTime = 20 * time.Second

// drain waits for the calls in flight. It breaks off those that take too long.
func drain(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("calls still in flight after %v: %w", drainTime, err), server.Close())
	}
	return nil
}

// snippet: server

// newServer mounts the service on a chi router, with one layer around it that
// logs and measures each call, and /metrics for Prometheus beside it.
func newServer(log *slog.Logger) (*http.Server, error) {
	r, metrics, registry := chi.NewRouter(), promx.New(), prometheus.NewRegistry()
	r.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	telemetry := observe.New(observe.NewLogger(log), metrics)
	err := errors.Join(registry.Register(metrics),
		httpx.Mount(r, profilesvc.New(new(profilesvc.Store)), httpx.Use(telemetry)))
	return httpserver.New(httpx.Problems(r, httpx.Use(telemetry)), log), err
}

// end snippet
