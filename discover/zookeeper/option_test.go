package zookeeper_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
)

// TestRights uses a chroot that only one user may read and write, below a read-only root.
func TestRights(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	acl := zk.DigestACL(zk.PermAll, "rooms", "secret")
	_, err := client.Create("/tenant", nil, 0, acl)
	require.NoError(t, err)
	_, err = client.SetACL("/", zk.WorldACL(zk.PermRead), -1)
	require.NoError(t, err)

	const path = "/tenant/services/rooms"
	r := zookeeper.New([]string{p.Addr}, path,
		zookeeper.TTL(2*time.Second), zookeeper.Auth("digest", []byte("rooms:secret")), zookeeper.ACL(acl))
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	p.Kill()
	p.Start() // the connection that resumes the session needs the credentials, too
	second := register(t, r, discover.Instance{Addr: "b:1"})
	await(t, news, anyError, "a:1", "b:1")
	require.NoError(t, client.AddAuth("digest", []byte("rooms:secret")))
	for _, node := range []string{path, "/tenant/services"} {
		got, _, err := client.GetACL(node)
		require.NoError(t, err)
		require.Equal(t, acl, got, node)
	}

	var j journal
	stranger := zookeeper.New([]string{p.Addr}, path, zookeeper.OnEvent(j.add))
	n := <-watch(t, stranger)
	require.EqualError(t, n.err, "zookeeper: the children of /tenant/services/rooms: zk: not authenticated")
	third := register(t, stranger, discover.Instance{Addr: "c:1"})
	require.Eventually(t, func() bool {
		_, errs := j.of("register_failed")
		return len(errs) > 1 && errs[0] == "zookeeper: the node of the instance: zk: not authenticated"
	}, 10*time.Second, 10*time.Millisecond)
	_ = third()
	require.NoError(t, stop())
	require.NoError(t, second())
	await(t, news, anyError)
}

// startTLS starts what speaks TLS in front of a server, and returns its address and the
// authority of its certificate.
func startTLS(t *testing.T, to string) (addr string, roots *x509.CertPool) {
	t.Helper()
	certificate := newCertificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	require.NoError(t, err)
	var wait sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wait.Wait()
	})
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() { pass(conn, to) })
		}
	})
	roots = x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	return l.Addr().String(), roots
}

// pass copies in both directions until one side ends.
func pass(client net.Conn, to string) {
	server, err := net.Dial("tcp", to) //nolint:noctx // on loopback
	if err != nil {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = client.Close(), server.Close()
		})
	}
	both.Wait()
}

// newCertificate returns one for 127.0.0.1, which is its own authority.
func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
