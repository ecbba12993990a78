package programtest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// RunServer runs a server in the process of the test, until stop is called or the test ends.
// stop waits for the end of the server, which no call may hold up for the grace.
func RunServer(t *testing.T, s *server.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		begun := time.Now()
		cancel()
		require.NoError(t, <-ended)
		require.Less(t, time.Since(begun), server.DefaultGrace, "calls in flight were cancelled")
	})
	t.Cleanup(stop)
	return stop
}

// Announcements are the lines that a server writes to it, as an option server.Announce.
type Announcements struct{ out *output }

// NewAnnouncements returns Announcements without a line.
func NewAnnouncements() Announcements { return Announcements{newOutput()} }

// Write never fails.
func (a Announcements) Write(p []byte) (int, error) { return a.out.Write(p) }

// Addr waits for the next line, which must be of the listener with this name, and returns
// the address.
func (a Announcements) Addr(t *testing.T, name string) string {
	t.Helper()
	line, _ := a.out.next()
	addr, ok := strings.CutPrefix(line, name+" on ")
	require.True(t, ok, "it announces %q", line)
	return addr
}
