// The program apigateway serves instances of stringsvc and of profilesvc under
// one address.
//
//	apigateway -listen localhost:8080 -debug.addr localhost:8090 \
//		-stringsvc=localhost:8001,localhost:8002 -profilesvc=localhost:8003
//
// It prints the addresses that it listens on, and logs to standard error. The second one is
// the admin address: a page with live figures of the calls and of the instances. SIGINT or
// SIGTERM stops it: it finishes the calls in flight and exits with 0; a second signal ends
// it at once, with 1. It exits with 2 when its arguments are wrong, and with 1 when it
// cannot serve.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/apigateway"
	"github.com/typedkit/endpoint/examples/services/internal/addrlist"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	debug := server.OptionalAddrVar(flag.CommandLine, "debug.addr", "", "`address` of the admin page, host:port; empty for none")
	texts := addrlist.Var(flag.CommandLine, "stringsvc", "`instances` of stringsvc, host:port with commas between them")
	profiles := addrlist.Var(flag.CommandLine, "profilesvc", "`instances` of profilesvc, host:port with commas between them")
	switch flag.Parse(); {
	case flag.NArg() > 0:
		exit(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	case len(*texts) == 0 || len(*profiles) == 0:
		exit(fmt.Errorf("-stringsvc and -profilesvc need an instance each, got %q and %q", *texts, *profiles))
	}
	s := server.New("apigateway", server.Log(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	h, err := apigateway.New(s, discover.Static(*texts...), discover.Static(*profiles...))
	s.Add(server.HTTP(*addr, h))
	if *debug != "" {
		s.Add(server.Admin(*debug))
	}
	os.Exit(s.Main(err))
}

// exit ends the program because of its arguments.
func exit(fault error) {
	fmt.Fprintln(os.Stderr, "apigateway:", fault)
	os.Exit(2)
}
