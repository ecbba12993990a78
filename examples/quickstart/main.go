// The quickstart serves a service of strings over HTTP, on a chi router, and
// calls it through the same struct as a typed client.
//
//	quickstart                  serve on a free port, call, print, end
//	quickstart -listen :8080    serve until SIGINT or SIGTERM
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
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/internal/httpserver"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"golang.org/x/time/rate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "", "keep serving on this `address`, such as :8080, until SIGINT or SIGTERM")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "quickstart: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, *listen, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	return 0
}

// serve runs the server, and either the calls or the wait for a signal.
func serve(ctx context.Context, addr string, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := newHandler(log)
	if err != nil {
		return err
	}
	keep := addr != ""
	if !keep {
		addr = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	server := httpserver.New(handler, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()

	if keep {
		fmt.Fprintln(stdout, "listening on", l.Addr())
		select {
		case err = <-failed:
			return err
		case <-ctx.Done():
		}
	} else {
		err = callAll(ctx, "http://"+l.Addr().String(), stdout)
	}
	// The signal ended ctx; what is in flight gets some time of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(drain))
}

// snippet: server

// calls has the figures of /debug/vars.
var calls = expvar.NewMap("calls")

// newHandler mounts the service on a chi router, with two layers around it: one
// that tells of each call, in the log and at /debug/vars, and a limit.
func newHandler(log *slog.Logger) (http.Handler, error) {
	r := chi.NewRouter()
	r.Handle("/debug/vars", expvar.Handler())
	telemetry := observe.New(observe.NewLogger(log), observe.NewExpvar(calls))
	limiter := rate.NewLimiter(100, 10)
	err := httpx.Mount(r, &Strings{Uppercase: uppercase, Count: count},
		httpx.Use(telemetry, limit(limiter)))
	return httpx.Problems(r, httpx.Use(telemetry)), err
}

// end snippet

// snippet: client

// callAll calls the service through a struct of the same type.
func callAll(ctx context.Context, url string, out io.Writer) error {
	var c Strings
	if err := httpx.Client(httpx.To(url), &c); err != nil {
		return err
	}
	upper, err := c.Uppercase(ctx, Text{"hello, world"})
	if err != nil {
		return err
	}
	n, err := c.Count(ctx, Text{"hello, world"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, upper.S)
	fmt.Fprintln(out, n.N)
	if _, err = c.Uppercase(ctx, Text{}); !errors.Is(err, ErrEmpty) {
		return fmt.Errorf("the error of an empty string is not the declared one: %w", err)
	}
	fmt.Fprintln(out, "an empty string is the declared error:", err)
	return nil
}

// end snippet
