package transporttest_test

import (
	"os"
	"testing"

	"github.com/typedkit/endpoint/endpointtest/transporttest"
	"github.com/typedkit/endpoint/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// unencoded are the limits of a transport whose messages are handed over as they
// are.
func unencoded() map[transporttest.Case]string {
	limits := map[transporttest.Case]string{
		transporttest.ErrorText: "nothing changes a text within the process",
		transporttest.Statuses:  "there is no status within the process",
	}
	for _, c := range []transporttest.Case{
		transporttest.SizeLimit, transporttest.ItemSizeLimit, transporttest.Bytes,
		transporttest.UnreadableRequests, transporttest.UnreadableResponses,
		transporttest.UnwritableRequests, transporttest.UnwritableResponses,
		transporttest.CodecPanics, transporttest.ClientCodecPanics,
	} {
		limits[c] = "messages are not encoded within the process"
	}
	return limits
}

// encoded is a transport that passes every case, unless it has faults.
func encoded(f faults) transporttest.Transport {
	l := &local{encoded: true, faults: f}
	return transporttest.Transport{Name: "encoded", Serve: l.Serve}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Transport{Name: "in process", Serve: new(local).Serve, Limits: unencoded()})
	transporttest.Run(t, encoded(faults{}))
}

// TestLive runs the cases in real time.
func TestLive(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes some seconds; run without -short")
	}
	tr := encoded(faults{})
	tr.Live = true
	transporttest.Run(t, tr)
}
