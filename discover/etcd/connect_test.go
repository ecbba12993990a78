package etcd_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/internal/registrytest"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// keys writes a key and a certificate for 127.0.0.1, and returns their files: the private
// key, the public key, and the certificate, which is its own authority.
func keys(t *testing.T) (private, public, certificate string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	open, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	return write("private.pem", "EC PRIVATE KEY", secret), write("public.pem", "PUBLIC KEY", open), write("cert.pem", "CERTIFICATE", cert)
}

// TestCredentialsExpire has tokens that are good for a second: the client gets others, also
// after a break of its connections.
func TestCredentialsExpire(t *testing.T) {
	t.Parallel()
	private, public, _ := keys(t)
	p := startServer(t, "--auth-token=jwt,priv-key="+private+",pub-key="+public+",sign-method=ES256,ttl=1s", "--bcrypt-cost=4")
	admin := newClient(t, p.Addr)
	protect(t, admin)
	user := dial(t, clientv3.Config{Endpoints: []string{p.Addr}, Username: "rooms", Password: "secret"})
	t.Cleanup(func() { _ = user.Close() })

	r := etcd.New(user, "/services/rooms", etcd.TTL(2*time.Second))
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	pass(2500 * time.Millisecond) // tokens expire
	second := register(t, r, discover.Instance{Addr: "b:1"})
	await(t, news, nil, "a:1", "b:1")
	p.Kill()
	p.Start()
	pass(2500 * time.Millisecond) // tokens expire
	third := register(t, r, discover.Instance{Addr: "c:1"})
	await(t, news, anyError, "a:1", "b:1", "c:1")
	pass(2500 * time.Millisecond) // tokens expire
	require.NoError(t, stop())
	require.NoError(t, second())
	require.NoError(t, third())
	await(t, news, nil)

	var j journal
	other := etcd.New(user, "/services/secrets", etcd.OnEvent(j.add))
	n := <-watch(t, other)
	require.ErrorContains(t, n.err, "permission denied")
}

// pass lets time pass.
func pass(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// protect makes etcd ask for passwords. The user "rooms" may use the keys of a service.
func protect(t *testing.T, client *clientv3.Client) {
	t.Helper()
	ctx := t.Context()
	_, err := client.UserAdd(ctx, "root", "root")
	require.NoError(t, err)
	_, err = client.RoleAdd(ctx, "root")
	require.NoError(t, err)
	_, err = client.UserGrantRole(ctx, "root", "root")
	require.NoError(t, err)
	_, err = client.UserAdd(ctx, "rooms", "secret")
	require.NoError(t, err)
	_, err = client.RoleAdd(ctx, "rooms")
	require.NoError(t, err)
	key := "/services/rooms/"
	_, err = client.RoleGrantPermission(ctx, "rooms", key, clientv3.GetPrefixRangeEnd(key), clientv3.PermissionType(clientv3.PermReadWrite))
	require.NoError(t, err)
	_, err = client.UserGrantRole(ctx, "rooms", "rooms")
	require.NoError(t, err)
	_, err = client.AuthEnable(ctx)
	require.NoError(t, err)
}

// TestTLS has a client with a certificate, and a server that wants one.
func TestTLS(t *testing.T) {
	t.Parallel()
	private, _, certificate := keys(t)
	own, err := tls.LoadX509KeyPair(certificate, private)
	require.NoError(t, err)
	text, err := os.ReadFile(certificate)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	config := &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: roots}
	program, addr, peer := registrytest.EtcdProgram(t), registrytest.Addr(t), registrytest.Addr(t)
	registrytest.Launch(t, addr, func(dir string) *exec.Cmd {
		return serverCommand(program, dir, addr, peer, "--listen-client-urls=https://ADDR", "--advertise-client-urls=https://ADDR",
			"--cert-file="+certificate, "--key-file="+private, "--trusted-ca-file="+certificate, "--client-cert-auth")
	}, func(ctx context.Context) error { return listens(ctx, addr) })
	client := dial(t, clientv3.Config{Endpoints: []string{"https://" + addr}, TLS: config})
	t.Cleanup(func() { _ = client.Close() })
	r := etcd.New(client, "/services/rooms")
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	require.NoError(t, stop())
	await(t, news, nil)
}

func anyError(error) bool { return true }

// listens reports why nothing listens at an address.
func listens(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// TestCluster kills the leader of three members, and then leaves one member alone, which has
// no leader: the set stays in both cases.
func TestCluster(t *testing.T) {
	t.Parallel()
	members := startCluster(t)
	var addrs []string
	for addr := range members {
		addrs = append(addrs, addr)
	}
	client := dial(t, clientv3.Config{Endpoints: addrs, DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second})
	t.Cleanup(func() { _ = client.Close() })

	r := etcd.New(client, "/services/rooms", etcd.TTL(lease))
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, anyError, "a:1")
	first := leader(t, client, addrs)
	members[first].Kill()
	second := register(t, r, discover.Instance{Addr: "b:1"})
	await(t, news, anyError, "a:1", "b:1")

	next := leader(t, client, addrs)
	require.NotEqual(t, first, next)
	addrs = slices.DeleteFunc(addrs, func(addr string) bool { return addr == first || addr == next })
	alone := watch(t, etcd.New(newClient(t, addrs[0]), "/services/rooms", etcd.TTL(10*lease)))
	await(t, alone, nil, "a:1", "b:1")
	members[next].Kill()
	n := <-alone
	require.ErrorContains(t, n.err, "no leader", "the member answers, but it may miss changes")
	members[first].Start()
	members[next].Start()
	third := register(t, r, discover.Instance{Addr: "c:1"})
	await(t, news, anyError, "a:1", "b:1", "c:1")
	require.NoError(t, stop())
	require.NoError(t, second())
	require.NoError(t, third())
	await(t, news, anyError)
}

// startCluster starts three members, and returns them by their addresses.
func startCluster(t *testing.T) map[string]*registrytest.Process {
	t.Helper()
	program := registrytest.EtcdProgram(t)
	var addrs, peers [3]string
	cluster := "--initial-cluster="
	for i := range addrs {
		addrs[i], peers[i] = registrytest.Addr(t), registrytest.Addr(t)
		cluster += peers[i] + "=http://" + peers[i] + ","
	}
	members := map[string]*registrytest.Process{}
	for i, addr := range addrs {
		members[addr] = registrytest.Launch(t, addr, func(dir string) *exec.Cmd {
			return serverCommand(program, dir, addr, peers[i], cluster[:len(cluster)-1])
		}, func(ctx context.Context) error { return listens(ctx, addr) })
	}
	return members
}

// leader returns the address of the leader, once there is one.
func leader(t *testing.T, client *clientv3.Client, addrs []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		for _, addr := range addrs {
			within, cancel := context.WithTimeout(ctx, time.Second)
			status, err := client.Status(within, addr)
			cancel()
			if err == nil && status.Leader == status.Header.MemberId {
				return addr
			}
		}
	}
	t.Fatal("no member is the leader")
	return ""
}
