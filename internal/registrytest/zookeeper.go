package registrytest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ZooKeeperCommand returns java and the file of ZooKeeper. The test is skipped as by
// [EtcdProgram].
func ZooKeeperCommand(t *testing.T) (java, jar string) {
	t.Helper()
	jar = cmp.Or(os.Getenv("ENDPOINT_ZOOKEEPER"), "/usr/share/java/zookeeper.jar") // of Debian
	if _, err := os.Stat(jar); err != nil {
		missing(t, "there is no ZooKeeper: %v; install Debian's package libzookeeper-java, or set ENDPOINT_ZOOKEEPER", err)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		missing(t, "there is no Java for ZooKeeper: %v; install Debian's package default-jre-headless", err)
	}
	return java, jar
}

// ZooKeeper starts a server of ZooKeeper.
func ZooKeeper(t *testing.T) *Process {
	t.Helper()
	java, jar := ZooKeeperCommand(t)
	addr := Addr(t)
	return Launch(t, addr, func(dir string) *exec.Cmd {
		config := filepath.Join(dir, "zoo.cfg")
		text := "tickTime=500\nminSessionTimeout=1000\nmaxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n" +
			"dataDir=" + dir + "\nclientPortAddress=127.0.0.1\nclientPort=" + port(t, addr) + "\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command(java, "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no", //nolint:noctx // it ends with the test
			"-cp", jar, "org.apache.zookeeper.server.ZooKeeperServerMain", config)
	}, func(ctx context.Context) error { return isStandalone(ctx, addr) })
}

// isStandalone reports why a server does not serve yet.
func isStandalone(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err = conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err = io.WriteString(conn, "srvr"); err != nil {
		return err
	}
	text, err := io.ReadAll(conn)
	if err == nil && !strings.Contains(string(text), "Mode: standalone") {
		err = fmt.Errorf("it says %q", text)
	}
	return err
}
