package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// TestClientCert calls servers with and without certificates.
func TestClientCert(t *testing.T) {
	t.Parallel()
	ca, caKey := certificate(t, "ca", nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	pair := func(name string, parent *x509.Certificate, key *ecdsa.PrivateKey) tls.Certificate {
		cert, own := certificate(t, name, parent, key)
		return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: own, Leaf: cert}
	}
	server, ann, stranger := pair("localhost", ca, caKey), pair("ann", ca, caKey), pair("ann", nil, nil)
	for name, tt := range map[string]struct {
		cert *tls.Certificate
		mode tls.ClientAuthType
		ok   bool
	}{
		"verified":   {&ann, tls.VerifyClientCertIfGiven, true},
		"none":       {nil, tls.VerifyClientCertIfGiven, false},
		"unverified": {&stranger, tls.RequestClientCert, false},
	} {
		serving := &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tt.mode}
		calling := &tls.Config{RootCAs: pool, ServerName: "localhost"}
		if tt.cert != nil {
			calling.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tt.cert, nil }
		}
		for transport, connect := range map[string]func(t *testing.T, r *rooms, c *rooms, verify, send endpoint.Layer){
			"HTTP": func(t *testing.T, r *rooms, c *rooms, verify, send endpoint.Layer) {
				t.Helper()
				mux := http.NewServeMux()
				require.NoError(t, httpx.Mount(mux, r, httpx.Use(verify)))
				s := httptest.NewUnstartedServer(mux)
				s.TLS = serving
				s.StartTLS()
				t.Cleanup(s.Close)
				client := &http.Client{Transport: &http.Transport{TLSClientConfig: calling}}
				t.Cleanup(client.CloseIdleConnections)
				require.NoError(t, httpx.Client(httpx.To(s.URL, httpx.HTTPClient(client)), c, httpx.Use(send)))
			},
			"gRPC": func(t *testing.T, r *rooms, c *rooms, verify, send endpoint.Layer) {
				t.Helper()
				conn := overListener(t, []grpc.ServerOption{grpc.Creds(credentials.NewTLS(serving))}, credentials.NewTLS(calling), func(s *grpc.Server) {
					require.NoError(t, grpcx.Register(s, r, grpcx.Use(verify)))
				})
				require.NoError(t, grpcx.Client(grpcx.To(conn), c, grpcx.Use(send)))
			},
		} {
			t.Run(transport+"/"+name, func(t *testing.T) {
				t.Parallel()
				peers := &auth.ClientCert[user]{Name: "peers"}
				r := newRooms(peers, peers.Scope("rooms:write"), principalOf(peers))
				verify := peers.Verify(func(_ context.Context, cert *x509.Certificate) (user, []string, error) {
					return user{cert.Subject.CommonName}, []string{"rooms:write"}, nil
				})
				c := r.client()
				connect(t, r, c, verify, peers.Send())
				got, err := c.Drop(t.Context(), room{})
				if !tt.ok {
					require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
					require.Zero(t, r.served.Load())
					return
				}
				require.NoError(t, err)
				require.Equal(t, "ann/ann", got.By)
			})
		}
	}
}

// certificate returns a certificate of a parent, or of itself.
func certificate(t *testing.T, name string, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: parent == nil,
	}
	if parent == nil {
		parent, by = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return cert, key
}
