package main

import (
	"errors"
	"flag"

	"github.com/go-chi/chi/v5"
	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/internal/thriftflags"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/server"
	"github.com/typedkit/endpoint/thriftx"
)

// transports are the flags of those that are served only if they have an address.
type transports struct {
	thrift, jsonrpc, netrpc, nats *string
	dialect                       *thriftflags.Flags
}

func transportsVar(flags *flag.FlagSet) *transports {
	addr := func(name, transport string) *string {
		return server.AddrVar(flags, name, "", "`address` to serve "+transport+" on, host:port; empty for none")
	}
	return &transports{
		thrift: addr("thrift-addr", "Thrift"), jsonrpc: addr("jsonrpc-addr", "JSON-RPC"), netrpc: addr("netrpc-addr", "net/rpc"),
		nats:    flags.String("nats.url", "", "`URL` of a NATS server to serve over, such as nats://localhost:4222; empty for none"),
		dialect: thriftflags.Var(flags),
	}
}

// any reports whether one of them has an address.
func (t *transports) any() bool { return *t.thrift+*t.jsonrpc+*t.netrpc+*t.nats != "" }

// snippet: transports

// add adds to s the transports that have an address, with the same layers around the service.
func (t *transports) add(s *server.Server, svc *addsvc.Add, layers ...endpoint.Layer) error {
	var errs []error
	for _, transport := range []struct {
		addr string
		add  func(s *server.Server, addr string, svc *addsvc.Add, layers []endpoint.Layer) error
	}{
		{*t.thrift, t.addThrift},
		{*t.jsonrpc, addJSONRPC},
		{*t.netrpc, addNetRPC},
		{*t.nats, addNATS},
	} {
		if transport.addr != "" {
			errs = append(errs, transport.add(s, transport.addr, svc, layers))
		}
	}
	return errors.Join(errs...)
}

func (t *transports) addThrift(s *server.Server, addr string, svc *addsvc.Add, layers []endpoint.Layer) error {
	calls := t.dialect.NewServer()
	s.Add(server.Listen("Thrift", addr, calls))
	return thriftx.Register(calls, svc, thriftx.Use(layers...))
}

func addJSONRPC(s *server.Server, addr string, svc *addsvc.Add, layers []endpoint.Layer) error {
	router := chi.NewRouter()
	s.Add(server.HTTP(addr, httpx.Problems(router, httpx.Use(layers...)), server.Named("JSON-RPC")))
	return jsonrpcx.Mount(router, "/", svc, jsonrpcx.Use(layers...))
}

func addNetRPC(s *server.Server, addr string, svc *addsvc.Add, layers []endpoint.Layer) error {
	calls, err := netrpcx.NewServer(svc, netrpcx.Use(layers...))
	if err == nil {
		s.Add(server.Listen("net/rpc", addr, calls))
	}
	return err
}

func addNATS(s *server.Server, url string, svc *addsvc.Add, layers []endpoint.Layer) error {
	conn, err := nats.Connect(url, nats.Name("addsvc"), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	calls := natsx.NewServer(conn)
	s.Add(server.Join("NATS", calls), server.Close("NATS connection", func() error { conn.Close(); return nil }))
	return natsx.Register(calls, svc, natsx.Use(layers...))
}

// end snippet
