package registrytest

import (
	"context"
	"os/exec"
	"testing"
)

// EtcdProgram returns the program etcd. Where there is none the test is skipped, but fails
// where ENDPOINT_CI is set.
func EtcdProgram(t *testing.T) string {
	t.Helper()
	return find(t, "ENDPOINT_ETCD", "scripts/etcd.sh")
}

// Etcd starts [EtcdProgram], for programs that use a registry.
func Etcd(t *testing.T) *Process {
	t.Helper()
	program, addr, peer := EtcdProgram(t), Addr(t), Addr(t)
	return Launch(t, addr, func(dir string) *exec.Cmd {
		return exec.Command(program, "--data-dir="+dir, "--unsafe-no-fsync", "--log-level=error", //nolint:noctx // it ends with the test
			"--listen-client-urls=http://"+addr, "--advertise-client-urls=http://"+addr,
			"--listen-peer-urls=http://"+peer, "--initial-advertise-peer-urls=http://"+peer,
			"--initial-cluster=default=http://"+peer)
	}, func(ctx context.Context) error { return answers(ctx, "http://"+addr+"/health", `"health":"true"`) })
}
