package server_test

import (
	"flag"
	"fmt"
	"os"

	"github.com/typedkit/endpoint/server"
)

func ExampleAddrVar() {
	flags := flag.NewFlagSet("addsvc", flag.ContinueOnError) // or flag.CommandLine
	flags.SetOutput(os.Stdout)
	flags.Usage = func() {}
	http := server.AddrVar(flags, "http.addr", ":8081", "`address` of HTTP")
	grpc := server.AddrVar(flags, "grpc.addr", ":8082", "`address` of gRPC")
	err := flags.Parse([]string{"-http.addr", "localhost:0", "-grpc.addr", "8083"})
	fmt.Println(*http, *grpc, err != nil)
	// Output:
	// invalid value "8083" for flag -grpc.addr: address "8083": must be host:port, unix:PATH or systemd:NAME
	// localhost:0 :8082 true
}
