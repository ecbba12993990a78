package redislimit_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/typedkit/endpoint/internal/leak"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(otherProcess); addr != "" {
		os.Exit(beOtherProcess(addr))
	}
	logging.Disable() // go-redis logs each failed dial
	os.Exit(leak.Run(m))
}

// otherProcess has the address of Redis in the environment of a process that only takes
// tokens. See TestProcesses.
const otherProcess = "REDISLIMIT_OTHER_PROCESS"

// beOtherProcess asks for 100 tokens and prints how many it gets.
func beOtherProcess(addr string) int {
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	throttle := redislimit.New(client, "processes", slow, 20, redislimit.Timeout(patience))
	got := 0
	for range 100 {
		ok, _, err := throttle.Allow(context.Background(), "")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if ok {
			got++
		}
	}
	fmt.Println(strconv.Itoa(got))
	return 0
}
