package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/tlsfiles"
)

// A CertificateSource is the certificate of a server, from files that may be replaced
// while it runs. Make one with [Certificates].
//
// A new connection looks at the files, at most twice a second, so that the new certificate
// is used within a second. There is no goroutine that must run. Files that are incomplete
// or do not fit together, as in the middle of a replacement, change nothing: the
// certificate before them stays in use.
//
// As an item of [Server.Add] it tells the server of changes, which is all that Add does:
// events of the source "certificates" with the kinds "replaced" and "failed", once for each
// change of the files; and the gauge "expires_in_seconds". It is safe for concurrent use.
type CertificateSource struct {
	name  string
	files *tlsfiles.Source
}

// Certificates loads the certificate of a server, with its chain, and its private key, from
// files in PEM. It returns an error if they cannot be used, with a source whose connections
// all fail, so that the error may be given to [Server.Main]:
//
//	certs, cerr := server.Certificates("tls.crt", "tls.key")
//	calls := grpc.NewServer(grpc.Creds(credentials.NewTLS(certs.Config())))
//	s.Add(certs,
//		server.HTTP(":8443", handler, server.TLS(certs.Config())),
//		server.GRPC(":8444", calls, health))
//	os.Exit(s.Main(cerr))
func Certificates(certFile, keyFile string, opts ...CertificateOption) (*CertificateSource, error) {
	c := certificateConfig{minimum: tls.VersionTLS12}
	c.files.Certificate, c.files.Key = certFile, keyFile
	for i, o := range opts {
		if o == nil {
			c.faults = append(c.faults, fmt.Errorf("option %d is nil", i))
			continue
		}
		o.applyCertificates(&c)
	}
	files, err := tlsfiles.New(c.files, c.minimum)
	if err = errors.Join(append(c.faults, err)...); err != nil {
		err = fmt.Errorf("server: Certificates: %w", err)
	}
	return &CertificateSource{certFile, files}, err
}

// Config returns a configuration for [TLS] and for credentials.NewTLS of gRPC. It has the
// protocols of both, h2 and http/1.1. Change nothing of it but what [CertificateOption]s
// do not set.
func (c *CertificateSource) Config() *tls.Config { return c.files.Config() }

// Gauges yields in how many seconds the certificate expires, which is negative once it has.
func (c *CertificateSource) Gauges(yield func(endpoint.Gauge) bool) {
	if end := c.files.Expires(); !end.IsZero() {
		yield(endpoint.Gauge{Source: "certificates", Name: c.name, Metric: "expires_in_seconds", Value: time.Until(end).Seconds()})
	}
}

func (c *CertificateSource) add(s *Server) {
	s.watched = append(s.watched, c)
	c.files.Notify(func(e tlsfiles.Event) {
		kind, detail := "replaced", "until "+e.Expires.UTC().Format(time.RFC3339)
		if e.Err != nil {
			kind = "failed"
		}
		s.Event(context.Background(), endpoint.Event{Source: "certificates", Name: c.name, Kind: kind, Detail: detail, Err: e.Err})
	})
}

// A CertificateOption is an option of [Certificates].
type CertificateOption interface{ applyCertificates(c *certificateConfig) }

type certificateOption func(c *certificateConfig)

func (o certificateOption) applyCertificates(c *certificateConfig) { o(c) }

type certificateConfig struct {
	files   tlsfiles.Files
	minimum uint16
	faults  []error
}

// ClientCAs requires a certificate of each client, from one of the authorities in a file
// of PEM, which may be replaced as well. A client whose authority was taken out is refused
// from the next connection on, so sessions are not resumed. By default clients need no
// certificate. An empty name is an error.
func ClientCAs(file string) CertificateOption {
	return certificateOption(func(c *certificateConfig) {
		if file == "" {
			c.faults = append(c.faults, errors.New("ClientCAs: the name of the file is empty"))
		}
		c.files.ClientCAs = file
	})
}

// MinTLS sets the oldest version of TLS, tls.VersionTLS12 or tls.VersionTLS13. The default
// is TLS 1.2: RFC 8996 forbids those before it, and clients without 1.3 are still in use.
// Any other version is an error.
func MinTLS(version uint16) CertificateOption {
	return certificateOption(func(c *certificateConfig) {
		if version != tls.VersionTLS12 && version != tls.VersionTLS13 {
			c.faults = append(c.faults, fmt.Errorf("MinTLS: the version is %s, want TLS 1.2 or TLS 1.3", tls.VersionName(version)))
			return
		}
		c.minimum = version
	})
}
