// The program apigateway serves instances of stringsvc and of profilesvc under
// one address.
//
//	apigateway -listen localhost:8080 -stringsvc=localhost:8001,localhost:8002 -profilesvc=localhost:8003
//
// It prints the address that it listens on and logs to standard error. SIGINT or
// SIGTERM stops it: it finishes the calls in flight and exits with 0; a second
// signal ends it at once. It exits with 2 when its arguments are wrong, and with
// 1 when it cannot serve.
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
	"strings"
	"syscall"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/apigateway"
	"github.com/typedkit/endpoint/examples/internal/hostport"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("apigateway", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("listen", ":8080", "`address` to listen on, host:port")
	texts := flags.String("stringsvc", "", "`instances` of stringsvc, host:port with commas between them")
	profiles := flags.String("profilesvc", "", "`instances` of profilesvc")
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
	strs, serr := split("stringsvc", *texts)
	people, perr := split("profilesvc", *profiles)
	if err = errors.Join(err, serr, perr); err != nil {
		fmt.Fprintln(stderr, "apigateway:", err)
		return 2
	}
	g := gateway{strs, people, slog.New(slog.NewTextHandler(stderr, nil))}
	if err := g.serve(ctx, *addr, stdout); err != nil {
		fmt.Fprintln(stderr, "apigateway:", err)
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

// split returns the instances that a flag names.
func split(name, value string) ([]string, error) {
	instances := strings.Split(value, ",")
	var errs []error
	for i, addr := range instances {
		instances[i] = strings.TrimSpace(addr)
		errs = append(errs, checkAddr(name, instances[i]))
	}
	return instances, errors.Join(errs...)
}

// A gateway is what the arguments ask for.
type gateway struct {
	strings, profiles []string // their instances
	log               *slog.Logger
}

// serve serves until ctx ends or a signal comes.
func (g gateway) serve(ctx context.Context, addr string, stdout io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The pools outlive the signal: calls in flight still need them.
	pooled, closePools := context.WithCancel(context.WithoutCancel(ctx))
	defer closePools()
	server, err := g.server(pooled)
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
	g.log.Info("stopping", "cause", context.Cause(ctx))
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

func (g gateway) server(ctx context.Context) (*http.Server, error) {
	h, err := apigateway.New(ctx, discover.Static(g.strings...), discover.Static(g.profiles...))
	return httpserver.New(h, g.log), err
}
