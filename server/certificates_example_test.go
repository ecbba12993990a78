package server_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/typedkit/endpoint/server"
	"github.com/typedkit/endpoint/server/internal/testcert"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// The same certificate for HTTP and gRPC. What replaces the files, such as cert-manager or
// certbot, needs to tell the program nothing.
func ExampleCertificates() {
	dir := exampleFiles()
	defer func() { _ = os.RemoveAll(dir) }()

	certs, err := server.Certificates(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), server.MinTLS(tls.VersionTLS13))
	calls := grpc.NewServer(grpc.Creds(credentials.NewTLS(certs.Config())))
	s := server.New("secure")
	s.Add(certs,
		server.HTTP("localhost:0", http.NotFoundHandler(), server.TLS(certs.Config())),
		server.GRPC("localhost:0", calls, nil))
	fmt.Println(err, s.Err()) // os.Exit(s.Main(err)) in a program

	_, err = server.Certificates("none.crt", filepath.Join(dir, "tls.key"))
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// server: Certificates: open none.crt: no such file or directory
}

// exampleFiles returns a folder with a certificate.
func exampleFiles() string {
	dir, err := os.MkdirTemp("", "certificates")
	if err != nil {
		panic(err)
	}
	ca, err := testcert.NewAuthority()
	if err != nil {
		panic(err)
	}
	pair, err := ca.Issue("localhost", time.Now().Add(time.Hour))
	if err != nil {
		panic(err)
	}
	if err := pair.Write(dir); err != nil {
		panic(err)
	}
	return dir
}
