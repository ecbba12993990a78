package resilience_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

// table is a Throttle as a store would have it: burst calls for each key, ever.
type table struct {
	mu    sync.Mutex // guards the fields below
	burst int
	used  map[string]int
	err   error
}

func newTable(burst int) *table { return &table{burst: burst, used: map[string]int{}} }

func (s *table) Allow(ctx context.Context, key string) (bool, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return false, 0, s.err
	case s.used[key] == s.burst:
		return false, 1500 * time.Millisecond, nil
	}
	s.used[key]++
	return true, 0, nil
}

// stuck is a Throttle that does not answer.
type stuck struct{}

func (stuck) Allow(ctx context.Context, _ string) (bool, time.Duration, error) {
	<-ctx.Done()
	return false, 0, ctx.Err()
}

func TestQuota(t *testing.T) {
	t.Parallel()
	store := newTable(2)
	// Two processes with a Quota each share what is in the store.
	one, two := endpoint.Chain(yes, resilience.NewQuota(store).Wrap), endpoint.Chain(yes, resilience.NewQuota(store).Wrap)
	require.Equal(t, 1, pass(t, one, 1))
	require.Equal(t, 1, pass(t, two, 2))
	_, err := one(t.Context(), 1)
	require.ErrorIs(t, err, resilience.ErrRateLimited)
	require.Equal(t, 1500*time.Millisecond, endpoint.ErrorOf(err).RetryAfter())
	require.Equal(t, map[string]int{"": 2}, store.used)

	perClient := endpoint.Chain(yes, resilience.NewQuota(store, resilience.KeyBy(resilience.ClientKey)).Wrap)
	for _, peer := range []string{"192.0.2.1:80", "[2001:db8::1]:80", "a.example:80"} {
		_, err := perClient(calling(t.Context(), "", peer), 1)
		require.NoError(t, err)
	}
	_, err = perClient(calling(t.Context(), "ada", "192.0.2.1:80"), 1)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"": 2, "net:192.0.2.1/32": 1, "net:2001:db8::/64": 1, "host:a.example": 1, "principal:ada": 1}, store.used)
}

// TestQuotaFails has a store that is down, and one that hangs.
func TestQuotaFails(t *testing.T) {
	t.Parallel()
	broken := newTable(1)
	broken.err = endpoint.Errorf(endpoint.Internal, "the store is down")
	for name, throttle := range map[string]resilience.Throttle{"down": broken, "stuck": stuck{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var heard happenings
				start := time.Now()
				e := endpoint.Chain(yes, resilience.NewQuota(throttle, resilience.OnEvent(heard.hear)).Wrap)
				require.Equal(t, 3, pass(t, e, 3), "it fails open")
				require.Equal(t, []string{"quota failed", "quota failed", "quota failed"}, heard.take())
				require.Error(t, heard.lastOf("failed").Err)
				require.LessOrEqual(t, time.Since(start), 300*time.Millisecond)

				closed := resilience.NewQuota(throttle, resilience.FailClosed(), resilience.AskWithin(time.Second))
				_, err := endpoint.Chain(yes, closed.Wrap)(t.Context(), 1)
				require.ErrorIs(t, err, resilience.ErrOutOfCapacity)
				require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))

				ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
				defer cancel()
				<-ctx.Done()
				if _, err := endpoint.Chain(yes, closed.Wrap)(ctx, 1); name == "stuck" {
					require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err), "the caller's own time was up")
				}
			})
		})
	}
	endpointtest.Layer(t, resilience.NewQuota(broken))
}

// faultyThrottle is a Throttle whose construction went wrong.
type faultyThrottle struct{ stuck }

func (*faultyThrottle) Err() error { return errors.New("store: no address") }

// TestQuotaOfFaulty: the faults of a Throttle are reported with those of its Quota.
func TestQuotaOfFaulty(t *testing.T) {
	t.Parallel()
	require.EqualError(t, resilience.NewQuota(new(faultyThrottle), resilience.AskWithin(0)).Err(),
		"store: no address\nresilience: NewQuota: AskWithin(0s), want a positive time")
	quota := resilience.NewQuota((*faultyThrottle)(nil))
	require.EqualError(t, quota.Err(), "resilience: NewQuota: the Throttle is nil")
	_, err := endpoint.Chain(yes, quota.Wrap)(t.Context(), 1)
	require.ErrorContains(t, err, "the Throttle is nil")
}
