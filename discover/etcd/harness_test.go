package etcd_test

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/internal/registrytest"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// startServer starts etcd as a process of its own.
func startServer(t *testing.T, flags ...string) *registrytest.Process {
	t.Helper()
	program, addr, peer := registrytest.EtcdProgram(t), registrytest.Addr(t), registrytest.Addr(t)
	return registrytest.Launch(t, addr, func(dir string) *exec.Cmd {
		return serverCommand(program, dir, addr, peer, flags...)
	}, func(ctx context.Context) error { return ready(ctx, t, addr) })
}

// serverCommand returns the command of one member. ADDR in a flag stands for its address.
func serverCommand(program, dir, addr, peer string, flags ...string) *exec.Cmd {
	flags = slices.Clone(flags)
	for i, flag := range flags {
		flags[i] = strings.ReplaceAll(flag, "ADDR", addr)
	}
	return exec.Command(program, append([]string{ //nolint:noctx // it ends with the test
		"--name=" + peer, "--data-dir=" + dir, "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls=http://" + addr, "--advertise-client-urls=http://" + addr,
		"--listen-peer-urls=http://" + peer, "--initial-advertise-peer-urls=http://" + peer,
		"--initial-cluster=" + peer + "=http://" + peer,
	}, flags...)...)
}

// ready reports why etcd does not answer yet.
func ready(ctx context.Context, t *testing.T, addr string) error {
	t.Helper()
	client := dial(t, clientv3.Config{Endpoints: []string{addr}})
	defer func() { _ = client.Close() }()
	_, err := client.Get(ctx, "any")
	if errors.Is(err, rpctypes.ErrUserEmpty) {
		return nil // it asks for credentials
	}
	return err
}

// dial returns a client that logs nothing.
func dial(t *testing.T, config clientv3.Config) *clientv3.Client {
	t.Helper()
	config.Logger = zap.NewNop()
	client, err := clientv3.New(config)
	require.NoError(t, err)
	return client
}

// newClient returns one that is closed with the test.
func newClient(t *testing.T, addr string, opts ...grpc.DialOption) *clientv3.Client {
	t.Helper()
	client := dial(t, clientv3.Config{
		Endpoints: []string{addr}, DialOptions: opts, DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

const lease = 4 * time.Second

func newRegistry(t *testing.T, addr, service string) registrytest.Registry {
	t.Helper()
	return etcd.New(newClient(t, addr), "/services/"+service, etcd.TTL(lease))
}
