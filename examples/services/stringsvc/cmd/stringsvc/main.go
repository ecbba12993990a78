// The program stringsvc works on texts over HTTP, or passes them on to other instances of
// it.
//
//	stringsvc -listen localhost:8001
//	stringsvc -listen localhost:8080 -debug.addr localhost:8090 -proxy=localhost:8001,localhost:8002
//	stringsvc -listen localhost:8080 -proxy=registry -registry=etcd://localhost:2379
//
// It prints the addresses that it listens on, and logs to standard error. The second one is
// the admin address: a page with live figures of the calls and of the instances, and the
// counters at /debug/vars. SIGINT or SIGTERM stops it: it finishes the calls in flight and
// exits with 0; a second signal ends it at once, with 1. It exits with 2 when its arguments
// are wrong, and with 1 when it cannot serve. With -registry it registers as "stringsvc" while
// it is ready. A proxy does not register: it would call itself.
package main

import (
	"errors"
	"expvar"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/examples/services/internal/registry"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	debug := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "", "`address` of the admin page and /debug/vars, host:port; empty for none")
	reg := registry.Var(flag.CommandLine)
	proxy := registry.InstancesVar(flag.CommandLine, "proxy", "",
		"`instances` that answer uppercase: host:port with commas between them, or \"registry\"; none to answer it here")
	switch flag.Parse(); {
	case flag.NArg() > 0:
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	case proxy.String() != "" && !proxy.Known(reg):
		exit(errors.New("-proxy=registry needs -registry"))
	}
	os.Exit(serve(*addr, *debug, reg, proxy, slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

// snippet: server

// serve serves the service, which registers, or the proxy of its instances, on a chi router.
func serve(addr, debug string, reg *registry.Flag, proxy *registry.Instances, log *slog.Logger) (code int) {
	s := server.New("stringsvc", server.Log(log))
	svc := stringsvc.New()
	var opts []server.ListenOption
	var err error
	if instances := proxy.Source(reg, s, "stringsvc"); instances != nil {
		svc, err = stringsvc.Proxy(s, instances)
	} else {
		opts = reg.Register(s, "stringsvc")
	}
	calls, router := new(expvar.Map), chi.NewRouter()
	err = errors.Join(err, httpx.Mount(router, svc, httpx.Use(s, logging(log), counting(calls))))
	s.Add(server.HTTP(addr, httpx.Problems(router, httpx.Use(s, logging(log))), opts...))
	if debug != "" {
		s.Add(server.Admin(debug, server.Handle("GET /debug/vars", counters(calls))))
	}
	return s.Main(err)
}

// end snippet

// counters serves the counters as JSON.
func counters(calls *expvar.Map) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, calls)
	}
}

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "stringsvc:", fault)
	os.Exit(2)
}
