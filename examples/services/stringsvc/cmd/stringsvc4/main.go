// The program stringsvc4 serves the service over NATS, and in front of it over HTTP: what comes
// over HTTP goes on over NATS, to any process that serves there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/server"
)

func main() {
	addr := server.AddrVar(flag.CommandLine, "listen", ":8080", "`address` to serve HTTP on, host:port")
	url := flag.String("nats-url", nats.DefaultURL, "`URL` of the NATS server")
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "stringsvc4: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s := server.New("stringsvc4", server.Log(log))
	conn, err := nats.Connect(*url, nats.MaxReconnects(-1))
	if err != nil {
		os.Exit(s.Main(err))
	}
	os.Exit(s.Main(behind(s, conn, stringsvc.Logging(log, stringsvc.New())), front(s, conn, *addr)))
}

// behind serves the service over NATS. It ends after HTTP does, whose calls need it.
func behind(s *server.Server, conn *nats.Conn, svc *stringsvc.Strings) error {
	calls := natsx.NewServer(conn)
	s.Add(server.Close("NATS", func() error {
		defer conn.Close()
		return calls.Drain(context.Background())
	}))
	return errors.Join(natsx.Register(calls, svc, natsx.Use(s)), calls.Start())
}

// front serves over HTTP what it calls over NATS: the struct that Client fills is itself a
// service.
func front(s *server.Server, conn *nats.Conn, addr string) error {
	var svc stringsvc.Strings
	mux := http.NewServeMux()
	s.Add(server.HTTP(addr, httpx.Problems(mux, httpx.Use(s))))
	return errors.Join(natsx.Client(natsx.To(conn), &svc, natsx.Use(s)), httpx.Mount(mux, &svc, httpx.Use(s)))
}
