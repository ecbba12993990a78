// The program stringsvc works on texts over HTTP, or has other instances of it
// do so.
//
//	stringsvc -listen localhost:8001
//	stringsvc -listen localhost:8080 -proxy=localhost:8001,localhost:8002
//
// It prints the address that it listens on, logs to standard error and serves
// its counters at /debug/vars. SIGINT or SIGTERM stops it: it finishes the calls
// in flight and exits with 0; a second signal ends it at once. It exits with 2
// when its arguments are wrong, and with 1 when it cannot serve.
package main

import (
	"context"
	"errors"
	"expvar"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/internal/hostport"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
	"github.com/typedkit/endpoint/examples/stringsvc"
	"github.com/typedkit/endpoint/httpx"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("stringsvc", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("listen", ":8080", "`address` to listen on, host:port")
	proxy := flags.String("proxy", "", "`instances` that answer uppercase, host:port with commas between them; none to answer it here")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil: // the flag set has said why
		return 2
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	default:
		err = checkAddr("listen", *addr)
	}
	instances, perr := split(*proxy)
	if err = errors.Join(err, perr); err != nil {
		fmt.Fprintln(stderr, "stringsvc:", err)
		return 2
	}
	if err := serve(ctx, *addr, instances, stdout, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintln(stderr, "stringsvc:", err)
		return 1
	}
	return 0
}

func checkAddr(name, addr string) error {
	if err := hostport.Check(addr); err != nil || strings.HasSuffix(addr, ":") {
		return fmt.Errorf("-%s %q is not host:port", name, addr)
	}
	return nil
}

// split returns the instances that the flag -proxy names.
func split(proxy string) ([]string, error) {
	if proxy == "" {
		return nil, nil
	}
	instances := strings.Split(proxy, ",")
	var errs []error
	for i, addr := range instances {
		instances[i] = strings.TrimSpace(addr)
		errs = append(errs, checkAddr("proxy", instances[i]))
	}
	return instances, errors.Join(errs...)
}

// serve serves until ctx ends or a signal comes.
func serve(ctx context.Context, addr string, instances []string, stdout io.Writer, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The pool outlives the signal: calls in flight still need it.
	pooled, closePool := context.WithCancel(context.WithoutCancel(ctx))
	defer closePool()
	server, err := newServer(pooled, instances, log)
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

// drainTime is what calls in flight get to finish.
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

// newServer mounts the service, or the proxy of its instances, on a chi router.
func newServer(ctx context.Context, instances []string, log *slog.Logger) (*http.Server, error) {
	svc := stringsvc.New()
	if len(instances) > 0 {
		var err error
		if svc, err = stringsvc.Proxy(ctx, instances...); err != nil {
			return nil, err
		}
	}
	calls := new(expvar.Map)
	r := chi.NewRouter()
	r.Get("/debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, calls)
	})
	err := httpx.Mount(r, svc, httpx.Use(logging(log), counting(calls)))
	return httpserver.New(httpx.Problems(r, httpx.Use(logging(log))), log), err
}

// end snippet
