package discover_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
)

// TestChurn makes calls on all cores while instances come and go: each
// connection is closed once, and never below a call.
func TestChurn(t *testing.T) {
	t.Parallel()
	d := &dialer{}
	pool := discover.New(d.dial)
	source := make(scripted)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx, source) }()
	source.says("a", "b", "c")

	var calls sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		calls.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				c, token, err := pool.Acquire(ctx)
				if err != nil {
					t.Errorf("Acquire: %v", err)
					return
				}
				if c.isClosed() {
					t.Error("a call got a connection that is closed")
				}
				pool.Release(token, nil)
			}
		})
	}
	for range 2000 {
		source.says("b", "d")
		source.says("a", "b", "c")
	}
	close(done)
	calls.Wait()
	cancel()
	require.NoError(t, <-ended)
	dials, closes := d.counts()
	require.Equal(t, dials, closes)
	require.Zero(t, d.twice)
}

func (c *conn) isClosed() bool {
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	return c.closed
}
