// The program addcli calls addsvc, over the transport whose address it gets: HTTP, gRPC,
// Thrift, JSON-RPC, net/rpc or NATS.
//
//	addcli -http-addr localhost:8081 -method sum 1 2
//	addcli -thrift-addr localhost:8083 -thrift-protocol compact -method concat foo bar
//
// It prints the answer and exits with 0. An error goes to standard error: of the
// call with exit code 1, of the arguments with 2. Negative numbers follow "--".
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/typedkit/endpoint/examples/services/addsvc"
)

func main() {
	transports := transportsVar(flag.CommandLine)
	method := flag.String("method", "sum", "`name` of the method: sum or concat")
	timeout := flag.Duration("timeout", 5*time.Second, "how long the call may take")
	flag.Usage = usage
	flag.Parse()
	c, err := prepare(*method, flag.Args())
	over, terr := choose(transports)
	if err = cmp.Or(err, terr); err != nil {
		fmt.Fprintln(os.Stderr, "addcli:", err)
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	line, err := call(ctx, over, c)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(line)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: addcli -http-addr|-grpc-addr|-thrift-addr|-jsonrpc-addr|-netrpc-addr|-nats.url address [-method sum|concat] a b")
	flag.PrintDefaults()
}

// A command calls the service and returns the line to print.
type command func(ctx context.Context, s *addsvc.Add) (string, error)

// prepare returns the command of a method with its arguments.
func prepare(method string, args []string) (command, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("%d arguments, want two", len(args))
	}
	switch method {
	case "sum":
		a, err := strconv.ParseInt(args[0], 10, 64)
		b, err2 := strconv.ParseInt(args[1], 10, 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("%q and %q are not both integers of 64 bits", args[0], args[1])
		}
		return func(ctx context.Context, s *addsvc.Add) (string, error) {
			r, err := s.Sum(ctx, addsvc.SumRequest{A: a, B: b})
			return fmt.Sprintf("%d + %d = %d", a, b, r.V), err
		}, nil
	case "concat":
		a, b := args[0], args[1]
		return func(ctx context.Context, s *addsvc.Add) (string, error) {
			r, err := s.Concat(ctx, addsvc.ConcatRequest{A: a, B: b})
			return fmt.Sprintf("%q + %q = %q", a, b, r.V), err
		}, nil
	}
	return nil, fmt.Errorf("-method %q is neither sum nor concat", method)
}

// call runs a command over a transport: the calls are those of one struct on all of them.
func call(ctx context.Context, over *transport, c command) (string, error) {
	var svc addsvc.Add
	disconnect, err := over.connect(over.addr, &svc)
	if disconnect != nil {
		defer disconnect()
	}
	if err != nil {
		return "", err
	}
	return c(ctx, &svc)
}
