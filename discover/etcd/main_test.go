package etcd_test

import (
	"os"
	"testing"

	"github.com/typedkit/endpoint/internal/leak"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

// serverEnv makes the test binary the program etcd.
const serverEnv = "ENDPOINT_ETCD_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		etcdmain.Main(os.Args)
		os.Exit(0)
	}
	os.Exit(leak.Run(m))
}
