// The program addsvc serves sums and concatenations over HTTP and over gRPC.
//
//	addsvc -http-addr :8081 -grpc-addr :8082 -debug.addr localhost:8080
//
// It prints the addresses that it listens on, and logs to standard error. The
// third one serves figures of the calls by transport, operation and code: /metrics
// for Prometheus, and /debug/vars. With -otlp.addr it sends traces to a collector.
// SIGINT or SIGTERM stops it: it finishes the calls in flight and exits with 0; a
// second signal ends it at once. It exits with 2 when its arguments are wrong, and
// with 1 when it cannot serve.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/typedkit/endpoint/examples/internal/hostport"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with what it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("addsvc", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addrs := map[string]*string{
		"http-addr":  flags.String("http-addr", ":8081", "`address` to serve HTTP on, host:port"),
		"grpc-addr":  flags.String("grpc-addr", ":8082", "`address` to serve gRPC on, host:port"),
		"debug.addr": flags.String("debug.addr", "localhost:8080", "`address` to serve /metrics and /debug/vars on, host:port; empty for none"),
		"otlp.addr":  flags.String("otlp.addr", "", "`address` of a collector of traces, OTLP over HTTP, host:port, such as localhost:4318; empty for none"),
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "addsvc: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	for name, addr := range addrs {
		if optional := name == "debug.addr" || name == "otlp.addr"; optional && *addr == "" {
			continue
		}
		if err := hostport.Check(*addr); err != nil {
			fmt.Fprintf(stderr, "addsvc: -%s %q is not host:port: %v\n", name, *addr, err)
			return 2
		}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := serveAll(ctx, addrs, stdout, log); err != nil {
		fmt.Fprintln(stderr, "addsvc:", err)
		return 1
	}
	return 0
}

// serveAll serves on the addresses by the names of their flags.
func serveAll(ctx context.Context, addrs map[string]*string, stdout io.Writer, log *slog.Logger) error {
	var provider *sdktrace.TracerProvider
	if addr := *addrs["otlp.addr"]; addr != "" {
		var err error
		if provider, err = newProvider(ctx, addr); err != nil {
			return err
		}
		defer flush(context.WithoutCancel(ctx), provider, log)
	}
	telemetry, figures := newTelemetry(log, provider)
	parts, err := newParts(log, *addrs["http-addr"], *addrs["grpc-addr"], telemetry)
	if err != nil {
		return err
	}
	if addr := *addrs["debug.addr"]; addr != "" {
		parts = append(parts, httpPart("debug", addr, figures, log))
	}
	return serve(ctx, parts, stdout, log)
}
