package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/server"
	"github.com/typedkit/endpoint/server/internal/testcert"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// issued has a folder with a certificate for localhost.
type issued struct {
	ca  *testcert.Authority
	dir string
}

func newIssued(t *testing.T) *issued {
	t.Helper()
	ca, err := testcert.NewAuthority()
	require.NoError(t, err)
	i := &issued{ca, t.TempDir()}
	i.replace(t)
	require.NoError(t, os.WriteFile(i.file("ca.crt"), ca.PEM(), 0o600))
	return i
}

func (i *issued) file(name string) string { return filepath.Join(i.dir, name) }

// issue returns a certificate, with the serial number 2, 3 and so on.
func (i *issued) issue(t *testing.T) testcert.Pair {
	t.Helper()
	pair, err := i.ca.Issue("localhost", time.Now().Add(time.Hour))
	require.NoError(t, err)
	return pair
}

func (i *issued) replace(t *testing.T) {
	t.Helper()
	require.NoError(t, i.issue(t).Write(i.dir))
}

// client returns the configuration of a client, with a certificate if it is not nil, that
// stores the serial number of the server's.
func (i *issued) client(serial *atomic.Int64, pair *tls.Certificate) *tls.Config {
	c := &tls.Config{ServerName: "localhost", RootCAs: i.ca.Pool(), MinVersion: tls.VersionTLS12, VerifyConnection: func(s tls.ConnectionState) error {
		serial.Store(s.PeerCertificates[0].SerialNumber.Int64())
		return nil
	}}
	if pair != nil {
		c.Certificates = []tls.Certificate{*pair}
	}
	return c
}

// secure runs a server of both transports with a certificate. It returns funcs that make a
// call over a new connection of each.
func secure(t *testing.T, s *server.Server, lines *announcements, certs *server.CertificateSource) (calls map[string]func(c *tls.Config) error, stop func() error) {
	t.Helper()
	inner := grpc.NewServer(append(grpcx.ServerOptions(), grpc.Creds(credentials.NewTLS(certs.Config())))...)
	health, err := grpcx.Health(inner)
	require.NoError(t, err)
	s.Add(certs,
		server.HTTP("localhost:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Proto", r.Proto) }), server.TLS(certs.Config())),
		server.GRPC("localhost:0", inner, health))
	stop = running(t, s)
	overHTTP, overGRPC := "https://"+lines.addr(t, "HTTP"), lines.addr(t, "gRPC")
	get := func(c *tls.Config, http2 bool) error {
		transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: http2}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, overHTTP, nil)
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		if got := resp.Header.Get("Proto"); (got == "HTTP/2.0") != http2 {
			err = errors.New(got)
		}
		return errors.Join(err, resp.Body.Close())
	}
	return map[string]func(c *tls.Config) error{
		"HTTP/1": func(c *tls.Config) error { return get(c, false) },
		"HTTP/2": func(c *tls.Config) error { return get(c, true) },
		"gRPC": func(c *tls.Config) error {
			conn, err := grpc.NewClient("passthrough:"+overGRPC, grpc.WithTransportCredentials(credentials.NewTLS(c)))
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
			return errors.Join(err, conn.Close())
		},
	}, stop
}

// TestCertificatesReplaced replaces the files while connections are made: each is served,
// and those that begin a second later have the new certificate.
func TestCertificatesReplaced(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]server.CertificateOption{
		"TLS":                 nil,
		"client certificates": {server.ClientCAs("ca.crt")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newIssued(t)
			var pair *tls.Certificate
			if opts != nil {
				opts = []server.CertificateOption{server.ClientCAs(files.file("ca.crt"))}
				p, err := files.issue(t).TLS()
				require.NoError(t, err)
				pair = &p
			}
			certs, err := server.Certificates(files.file("tls.crt"), files.file("tls.key"), opts...)
			require.NoError(t, err)
			lines, told := newAnnouncements(), &journal{start: time.Now()}
			s := server.New("secure", server.Log(slog.New(slog.NewTextHandler(told, nil))), server.Announce(lines))
			calls, stop := secure(t, s, lines, certs)

			ctx, cancel := context.WithCancel(t.Context())
			var clients sync.WaitGroup
			made, latest := new(atomic.Int64), map[string]*atomic.Int64{}
			errs := make(chan error, len(calls))
			for transport, call := range calls {
				serial := new(atomic.Int64)
				latest[transport] = serial
				clients.Go(func() {
					for ctx.Err() == nil {
						if err := call(files.client(serial, pair)); err != nil {
							errs <- err
							return
						}
						made.Add(1)
					}
				})
			}
			for range 3 {
				next := files.issue(t)
				p, err := next.TLS()
				require.NoError(t, err)
				// Not at once: for a moment the files do not fit together.
				require.NoError(t, testcert.Write(files.file("tls.crt"), next.Certificate))
				before := made.Load()
				require.Eventually(t, func() bool { return made.Load() > before+10 || len(errs) > 0 }, 10*time.Second, time.Millisecond)
				require.NoError(t, testcert.Write(files.file("tls.key"), next.Key))
				require.Eventually(t, func() bool {
					for _, serial := range latest {
						if serial.Load() != p.Leaf.SerialNumber.Int64() {
							return false
						}
					}
					return true
				}, time.Second+500*time.Millisecond, 10*time.Millisecond, "a second, and the time of a call")
			}
			cancel()
			clients.Wait()
			close(errs)
			for err := range errs {
				require.NoError(t, err)
			}
			require.Greater(t, made.Load(), int64(30))
			require.Contains(t, strings.Join(told.all(), ""), "replaced")
			require.NoError(t, stop())
		})
	}
}

// Write notes a line of a log.
func (j *journal) Write(p []byte) (int, error) {
	j.note(string(p))
	return len(p), nil
}

// TestCertificatesClientCAs has clients without a certificate.
func TestCertificatesClientCAs(t *testing.T) {
	t.Parallel()
	files := newIssued(t)
	certs, err := server.Certificates(files.file("tls.crt"), files.file("tls.key"), server.ClientCAs(files.file("ca.crt")), server.MinTLS(tls.VersionTLS13))
	require.NoError(t, err)
	lines := newAnnouncements()
	s := server.New("secure", quiet(), server.Announce(lines))
	calls, stop := secure(t, s, lines, certs)
	for name, call := range calls {
		require.Error(t, call(files.client(new(atomic.Int64), nil)), name)
	}
	require.NoError(t, stop())
}

// TestCertificatesGauge tells how long the certificate lasts.
func TestCertificatesGauge(t *testing.T) {
	t.Parallel()
	files := newIssued(t)
	certs, err := server.Certificates(files.file("tls.crt"), files.file("tls.key"))
	require.NoError(t, err)
	var got []endpoint.Gauge
	for g := range certs.Gauges {
		got = append(got, g)
	}
	require.Len(t, got, 1)
	require.InDelta(t, time.Hour.Seconds(), got[0].Value, 60)
	got[0].Value = 0
	require.Equal(t, endpoint.Gauge{Source: "certificates", Name: files.file("tls.crt"), Metric: "expires_in_seconds"}, got[0])
}

func TestCertificatesFaults(t *testing.T) {
	t.Parallel()
	certs, err := server.Certificates("no.crt", "no.key", nil, server.ClientCAs(""), server.MinTLS(tls.VersionTLS11))
	for _, want := range []string{
		"server: Certificates: option 0 is nil", "ClientCAs: the name of the file is empty",
		"MinTLS: the version is TLS 1.1, want TLS 1.2 or TLS 1.3", "open no.crt: no such file", "open no.key: no such file",
	} {
		require.ErrorContains(t, err, want)
	}
	for range certs.Gauges {
		t.Error("there is no certificate")
	}
	require.NotNil(t, certs.Config())
}
