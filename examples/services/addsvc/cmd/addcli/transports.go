package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/internal/thriftflags"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
	"github.com/typedkit/endpoint/natsx"
	"github.com/typedkit/endpoint/netrpcx"
	"github.com/typedkit/endpoint/thriftx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A transport is a way to the service.
type transport struct {
	flag, usage string
	addr        string
	// connect sets the struct to calls of the server at addr, and returns what closes the
	// connection, or nil.
	connect func(addr string, svc *addsvc.Add) (disconnect func(), err error)
}

// transportsVar defines a flag for the address of each transport.
func transportsVar(flags *flag.FlagSet) []*transport {
	dialect := thriftflags.Var(flags)
	all := []*transport{
		{flag: "http-addr", usage: "HTTP, host:port or a URL", connect: overHTTP},
		{flag: "grpc-addr", usage: "gRPC, host:port", connect: overGRPC},
		{flag: "thrift-addr", usage: "Thrift, host:port", connect: func(addr string, svc *addsvc.Add) (func(), error) {
			return overThrift(dialect.To(addr), svc)
		}},
		{flag: "jsonrpc-addr", usage: "JSON-RPC, host:port or a URL", connect: overJSONRPC},
		{flag: "netrpc-addr", usage: "net/rpc, host:port", connect: overNetRPC},
		{flag: "nats.url", usage: "NATS, the URL of a NATS server", connect: overNATS},
	}
	for _, t := range all {
		flags.StringVar(&t.addr, t.flag, "", "`address` of addsvc over "+t.usage)
	}
	return all
}

// choose returns the only transport that has an address.
func choose(all []*transport) (*transport, error) {
	var chosen []*transport
	var names []string
	for _, t := range all {
		names = append(names, "-"+t.flag)
		if t.addr != "" {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) != 1 {
		return nil, fmt.Errorf("exactly one of %s is needed, got %d", strings.Join(names, ", "), len(chosen))
	}
	return chosen[0], nil
}

func overHTTP(addr string, svc *addsvc.Add) (func(), error) {
	return nil, httpx.Client(httpx.To(urlOf(addr)), svc)
}

func overGRPC(addr string, svc *addsvc.Add) (func(), error) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return func() { _ = conn.Close() }, grpcx.Client(grpcx.To(conn), svc)
}

func overThrift(conn *thriftx.Conn, svc *addsvc.Add) (func(), error) {
	return func() { _ = conn.Close() }, thriftx.Client(conn, svc)
}

func overJSONRPC(addr string, svc *addsvc.Add) (func(), error) {
	return nil, jsonrpcx.Client(httpx.To(urlOf(addr)), svc)
}

func overNetRPC(addr string, svc *addsvc.Add) (func(), error) {
	conn := netrpcx.To(addr)
	return func() { _ = conn.Close() }, netrpcx.Client(conn, svc)
}

func overNATS(url string, svc *addsvc.Add) (func(), error) {
	conn, err := nats.Connect(url, nats.Name("addcli"))
	if err != nil {
		return nil, err
	}
	return conn.Close, natsx.Client(natsx.To(conn), svc)
}

// urlOf returns the URL of an address that may be one.
func urlOf(addr string) string {
	if strings.Contains(addr, "://") {
		return addr
	}
	return "http://" + addr
}
