package redislimit_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

var _ resilience.Throttle = (*redislimit.Throttle)(nil)

func yes(_ context.Context, n int) (int, error) { return n, nil }

func TestQuota(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	quota := resilience.NewQuota(redislimit.New(client, "prices", slow, 2, redislimit.Timeout(patience)),
		resilience.KeyBy(resilience.ClientKey), resilience.AskWithin(patience))
	require.NoError(t, quota.Err())
	call := endpoint.Chain(yes, quota.Wrap)
	for range 2 {
		_, err := call(t.Context(), 1)
		require.NoError(t, err)
	}
	_, err := call(t.Context(), 1)
	require.ErrorIs(t, err, resilience.ErrRateLimited)
	require.InDelta(t, 1000, endpoint.ErrorOf(err).RetryAfter().Seconds(), 60)
}

// TestProcesses: processes share what has the same name, and nothing else.
func TestProcesses(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	var got atomic.Int64
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), otherProcess+"="+srv.addr)
			out, err := cmd.Output()
			n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
			if err != nil {
				t.Error(err)
			}
			got.Add(int64(n))
		})
	}
	group.Wait()
	require.EqualValues(t, 20, got.Load(), "tokens of both processes")
	client := newClient(t, srv)
	require.Zero(t, take(t, redislimit.New(client, "processes", slow, 20, redislimit.Timeout(patience)), "", 1))
	require.Equal(t, 20, take(t, redislimit.New(client, "other", slow, 20, redislimit.Timeout(patience)), "", 30))
}

// TestConcurrent has many goroutines of two clients take tokens of one key.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	var got atomic.Int64
	var group sync.WaitGroup
	for range 2 {
		throttle := redislimit.New(newClient(t, srv), "many", slow, 100, redislimit.Timeout(patience))
		for range 50 {
			group.Go(func() {
				for range 4 {
					if ok, _, err := throttle.Allow(t.Context(), "k"); err != nil {
						t.Error(err)
					} else if ok {
						got.Add(1)
					}
				}
			})
		}
	}
	group.Wait()
	require.EqualValues(t, 100, got.Load())
}

func TestFaults(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	t.Cleanup(func() { _ = client.Close() })
	for name, tt := range map[string]struct {
		throttle *redislimit.Throttle
		want     []string
	}{
		"nothing":         {redislimit.New(client, "a.b/c_d-E9", 1e6, 1, redislimit.Timeout(1)), nil},
		"slowest":         {redislimit.New(client, "a", 1.0/(366*24*3600), 1), nil},
		"all":             {redislimit.New(nil, "", 0, 0, nil, redislimit.Timeout(0)), []string{"the client is nil", `name ""`, "0 calls a second", "a burst of 0", "option 0 is nil", "Timeout(0s)"}},
		"a nil client":    {redislimit.New((*redis.Client)(nil), "a", 1, 1), []string{"the client is nil"}},
		"a colon":         {redislimit.New(client, "a:b", 1, 1), []string{`name "a:b"`}},
		"braces":          {redislimit.New(client, "{a}", 1, 1), []string{`name "{a}"`}},
		"a long name":     {redislimit.New(client, strings.Repeat("a", 65), 1, 1), []string{"want 1 to 64"}},
		"too many":        {redislimit.New(client, "a", 2e6, 1), []string{"2e+06 calls a second"}},
		"too slow":        {redislimit.New(client, "a", 1e-6, 1000), []string{"more than a year to fill"}},
		"no constructor":  {new(redislimit.Throttle), []string{"make it with New"}},
		"no Throttle":     {nil, []string{"make it with New"}},
		"a NaN and a sum": {redislimit.New(client, "a", nan(), -1), []string{"NaN calls a second", "a burst of -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.throttle.Err()
			if len(tt.want) == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(tt.want), err.Error())
			for i, want := range tt.want {
				require.Contains(t, lines[i], want)
				require.True(t, strings.HasPrefix(lines[i], "redislimit: "), lines[i])
			}
			_, _, err = tt.throttle.Allow(t.Context(), "k")
			require.Error(t, err, "it asks nothing")
			if tt.throttle != nil {
				require.ErrorContains(t, resilience.NewQuota(tt.throttle).Err(), tt.want[0])
			}
		})
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

// TestCallers: a caller that leaves early gets its own error, and does not count as a
// failure of Redis.
func TestCallers(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	throttle := redislimit.New(newClient(t, srv), "callers", slow, 10, redislimit.Timeout(patience))
	require.Equal(t, 1, take(t, throttle, "k", 1))
	srv.pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, _, err := throttle.Allow(ctx, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, redislimit.ErrUnavailable)
	srv.resume(t)
	a, err := throttle.Take(t.Context(), "k")
	require.NoError(t, err, "the circuit is closed")
	require.True(t, a.OK)
}

// panicking is a hook that panics.
type panicking struct{}

func (panicking) DialHook(next redis.DialHook) redis.DialHook { return next }

func (panicking) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { panic("oops") }
}

func (panicking) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestPanic(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	t.Cleanup(func() { _ = client.Close() })
	client.AddHook(panicking{})
	_, err := redislimit.New(client, "panic", 1, 1, redislimit.Timeout(patience)).Take(t.Context(), "k")
	require.ErrorIs(t, err, redislimit.ErrUnavailable)
	require.ErrorContains(t, err, "oops")
}
