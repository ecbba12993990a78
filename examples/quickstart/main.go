// The quickstart serves a service of strings over HTTP, on a chi router, and
// calls it through the same struct as a typed client.
//
//	quickstart                  serve in this process, call, print, end
//	quickstart -listen :8080    serve until SIGINT or SIGTERM, with an admin page
package main

import (
	"context"
	"errors"
	"expvar"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
	"golang.org/x/time/rate"
)

func main() {
	listen := server.AddrVar(flag.CommandLine, "listen", "", "keep serving on this `address`, such as :8080, until SIGINT or SIGTERM")
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if *listen == "" {
		os.Exit(demo(log))
	}
	os.Exit(serve(*listen, log))
}

// snippet: serve

// serve serves on an address until SIGINT or SIGTERM, and has an admin page on a free port.
// It returns the exit code.
func serve(addr string, log *slog.Logger) int {
	s := server.New("quickstart", server.Log(log))
	handler, err := newHandler(s, log)
	s.Add(server.HTTP(addr, handler), server.Admin("localhost:0", server.Handle("GET /debug/vars", expvar.Handler())))
	return s.Main(err)
}

// end snippet

// demo serves and calls in this process, and returns the exit code.
func demo(log *slog.Logger) int {
	handler, err := newHandler(server.New("quickstart"), log)
	if err == nil {
		web := httptest.NewServer(handler)
		defer web.Close()
		err = callAll(context.Background(), web.URL, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		return 1
	}
	return 0
}

// snippet: server

// calls has the figures of /debug/vars.
var calls = expvar.NewMap("calls")

// newHandler mounts the service on a chi router, with three layers around it: the server,
// one that writes each call to the log and counts it, and a limit. The document of the service
// is at /openapi.json and /openapi.yaml, and its page at /docs.
func newHandler(s *server.Server, log *slog.Logger) (http.Handler, error) {
	r := chi.NewRouter()
	telemetry := observe.New(observe.NewLogger(log), observe.NewExpvar(calls))
	limiter := rate.NewLimiter(100, 10)
	err := httpx.Mount(r, &Strings{Uppercase: uppercase, Count: count},
		httpx.Use(s, telemetry, limit(limiter)))
	doc := openapi.New("strings", "1.0", new(Strings))
	err = errors.Join(err, doc.Mount(r))
	return httpx.Problems(r, httpx.Use(s, telemetry)), err
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
