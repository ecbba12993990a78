package registrytest

import (
	"context"
	"net"
	"os/exec"
	"testing"
)

// ConsulProgram returns the program of Consul. The test is skipped as by [EtcdProgram].
func ConsulProgram(t *testing.T) string {
	t.Helper()
	return find(t, "ENDPOINT_CONSUL", "scripts/consul.sh")
}

// Consul starts an agent of Consul that is a server as well and keeps its data.
func Consul(t *testing.T) *Process {
	t.Helper()
	program, addr := ConsulProgram(t), Addr(t)
	http, serf, rpc := port(t, addr), port(t, Addr(t)), port(t, Addr(t))
	return Launch(t, addr, func(dir string) *exec.Cmd {
		return exec.Command(program, "agent", "-server", "-bootstrap-expect=1", "-data-dir="+dir, //nolint:noctx // it ends with the test
			"-bind=127.0.0.1", "-client=127.0.0.1", "-node=node"+http,
			"-http-port="+http, "-serf-lan-port="+serf, "-server-port="+rpc,
			"-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1", "-serf-wan-port=-1",
			"-log-level=error", "-disable-host-node-id=true", "-hcl=performance { raft_multiplier = 1 }")
	}, func(ctx context.Context) error {
		return answers(ctx, "http://"+addr+"/v1/health/service/consul?passing", `"ServiceID"`)
	})
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
