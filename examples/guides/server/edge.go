package serverguide

import (
	"crypto/tls"
	"flag"
	"net/http"
	"time"

	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// snippet: limits

// addPublic serves clients that connect directly, so that one address needs few
// connections, and that upload over slow networks.
func addPublic(s *server.Server, addr string, h http.Handler) {
	s.Add(server.HTTP(addr, h, server.Limits(
		server.PeerConnections(100),
		server.Progress(2*time.Minute))))
}

// end snippet

// snippet: tls

// addSecure serves HTTP and gRPC with one certificate, to clients that have one of the
// company's authority.
func addSecure(s *server.Server, h http.Handler, register func(grpc.ServiceRegistrar) error) error {
	certs, err := server.Certificates("/etc/tls/tls.crt", "/etc/tls/tls.key",
		server.ClientCAs("/etc/tls/ca.crt"), server.MinTLS(tls.VersionTLS13))
	if err != nil {
		return err
	}
	calls := grpc.NewServer(grpc.Creds(credentials.NewTLS(certs.Config())))
	s.Add(certs,
		server.HTTP(":8443", h, server.TLS(certs.Config())),
		server.GRPC(":8444", calls, nil))
	return register(calls)
}

// end snippet

// snippet: addresses

// addresses defines the flags of a program that serves HTTP, and gRPC if it is asked to.
func addresses(flags *flag.FlagSet) (http, grpc *string) {
	return server.AddrVar(flags, "http.addr", ":8081", "`address` of HTTP"),
		server.AddrVar(flags, "grpc.addr", "", "`address` of gRPC; none by default")
}

// end snippet
