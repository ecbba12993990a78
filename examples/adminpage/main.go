// The adminpage serves a shop under load, for a look at the admin page of a server: its
// instances break and recover, so that a pool ejects one and a breaker opens.
//
//	adminpage                        look at http://localhost:8080
//	adminpage -rate 0                without load: ask http://localhost:8081/items/7/price
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/typedkit/endpoint/server"
)

func main() {
	listen := server.AddrVar(flag.CommandLine, "listen", "localhost:8081", "serve the shop on this `address`, host:port")
	admin := server.AddrVar(flag.CommandLine, "admin", "localhost:8080", "serve the admin page on this `address`, host:port")
	rate := flag.Int("rate", 50, "how many calls a second the load makes")
	flag.Parse()
	if flag.NArg() > 0 || *rate < 0 || *rate > 1000 {
		fmt.Fprintln(os.Stderr, "adminpage: -rate must be between 0 and 1000, and no arguments are allowed")
		os.Exit(2)
	}
	p, err := newProgram(context.Background(), *listen, *admin)
	if p == nil {
		fmt.Fprintln(os.Stderr, "adminpage:", err)
		os.Exit(1)
	}
	if *rate > 0 {
		p.Add(server.Go("load", p.load("http://"+*listen, *rate)))
	}
	os.Exit(p.Main(err))
}
