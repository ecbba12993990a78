// The program stringsvc1 serves the service over HTTP.
package main

import (
	"flag"
	"net/http"
	"os"

	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	flag.Parse()
	s, mux := server.New("stringsvc1"), http.NewServeMux()
	err := httpx.Mount(mux, stringsvc.New(), httpx.Use(s))
	s.Add(server.HTTP(*addr, httpx.Problems(mux, httpx.Use(s))))
	os.Exit(s.Main(err))
}
