// The program apigateway serves instances of stringsvc, profilesvc and addsvc under one
// address. The instances are in a registry, or named:
//
//	apigateway -http.addr localhost:8000 -debug.addr localhost:8090 -consul.addr localhost:8500
//	apigateway -stringsvc=localhost:8001,localhost:8002 -profilesvc=localhost:8003
//
// It prints the addresses that it listens on, and logs to standard error. The second one is
// the admin address: a page with live figures of the calls and of the instances. The first one
// has the document of the services, at /openapi.json and /openapi.yaml, and its page at /docs. SIGINT or
// SIGTERM stops it: it finishes the calls in flight and exits with 0; a second signal ends
// it at once, with 1. It exits with 2 when its arguments are wrong, and with 1 when it
// cannot serve.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/typedkit/endpoint/examples/services/apigateway"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/server"
)

// snippet: main

func main() {
	flags, g := flag.CommandLine, apigateway.Gateway{}
	addr := server.AddrVar(flags, "http.addr", ":8000", "`address` to serve HTTP on, host:port")
	flags.Var(flags.Lookup("http.addr").Value, "listen", "the same as -http.addr")
	debug := server.OptionalAddrVar(flags, "debug.addr", "", "`address` of the admin page, host:port; empty for none")
	reg := registry.Var(flags)
	flags.Func("consul.addr", "`address` of Consul, host:port; the same as -registry=consul://host:port", func(addr string) error {
		if addr == "" {
			return nil
		}
		return reg.Set("consul://" + addr)
	})
	texts := registry.InstancesVar(flags, "stringsvc", "registry", "`instances` of stringsvc: host:port with commas between them, or \"registry\"")
	profiles := registry.InstancesVar(flags, "profilesvc", "registry", "`instances` of profilesvc, as -stringsvc")
	sums := registry.InstancesVar(flags, "addsvc", "registry", "`instances` of addsvc over gRPC, as -stringsvc; without any, it is not served")
	flags.IntVar(&g.Attempts, "retry.max", 3, "attempts of a call, at different instances")
	flags.DurationVar(&g.Timeout, "retry.timeout", 500*time.Millisecond, "how long a call may take, with all its attempts")
	switch flag.Parse(); {
	case flag.NArg() > 0:
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	case !texts.Known(reg) || !profiles.Known(reg):
		exit(errors.New("-registry, or -stringsvc and -profilesvc with an instance each, are needed"))
	case g.Attempts < 1 || g.Timeout < time.Millisecond:
		exit(fmt.Errorf("-retry.max must be at least 1, got %d; -retry.timeout at least 1ms, got %v", g.Attempts, g.Timeout))
	}
	s := server.New("apigateway", server.Log(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	g.Strings, g.Profiles = texts.Source(reg, s, "stringsvc"), profiles.Source(reg, s, "profilesvc")
	g.Add = sums.Source(reg, s, "addsvc.grpc")
	h, err := apigateway.New(s, g)
	s.Add(server.HTTP(*addr, h))
	if *debug != "" {
		s.Add(server.Admin(*debug))
	}
	os.Exit(s.Main(err))
}

// end snippet

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "apigateway:", fault)
	os.Exit(2)
}
