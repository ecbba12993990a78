package redislimit_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

func TestBurst(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	for _, rate := range []float64{slow, 1.0 / 300, 0.0007} {
		throttle := redislimit.New(client, "burst-"+strconv.FormatFloat(rate, 'f', -1, 64), rate, 10, redislimit.Timeout(patience))
		for left := 9; left >= 0; left-- {
			a, err := throttle.Take(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, redislimit.Answer{OK: true, Remaining: left}, a)
		}
		for range 3 { // a refused call takes nothing, so the wait does not grow
			a, err := throttle.Take(t.Context(), "k")
			require.NoError(t, err)
			require.False(t, a.OK)
			require.Zero(t, a.Remaining)
			require.InDelta(t, 1/rate, a.RetryAfter.Seconds(), patience.Seconds())
			require.LessOrEqual(t, a.RetryAfter.Seconds(), 1/rate+0.001)
			require.Zero(t, a.RetryAfter%time.Millisecond)
		}
		require.Equal(t, 10, take(t, throttle, "another", 11))
	}
}

// TestRate asks all the time, and gets the burst and then the rate.
func TestRate(t *testing.T) {
	t.Parallel()
	const rate, burst = 100, 50
	client := newClient(t, newServer(t))
	throttle := redislimit.New(client, "rate", rate, burst, redislimit.Timeout(patience))
	require.Equal(t, 1, take(t, throttle, "k", 1)) // connects, and loads the script
	before := time.Now()
	got := 1
	for time.Since(before) < time.Second {
		got += take(t, throttle, "k", 1)
	}
	outer := time.Since(before)
	// One more came back, at most, between the first call and the start of the clock.
	require.LessOrEqual(t, got, burst+int(outer.Seconds()*rate)+2)
	// A bucket that is never full loses nothing; a slow machine may let it get full.
	require.GreaterOrEqual(t, got, burst+rate/2)
}

// TestRetryAfter: who waits as long as the answer says gets a token.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	throttle := redislimit.New(client, "after", 20, 1, redislimit.Timeout(patience))
	for range 5 {
		a := redislimit.Answer{OK: true}
		for a.OK {
			var err error
			a, err = throttle.Take(t.Context(), "k")
			require.NoError(t, err)
		}
		require.Positive(t, a.RetryAfter)
		require.LessOrEqual(t, a.RetryAfter, 50*time.Millisecond)
		wait(t, a.RetryAfter)
		require.Equal(t, 1, take(t, throttle, "k", 1))
	}
}

// TestExpiry: a key is gone when its bucket is full, and not before.
func TestExpiry(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	throttle := redislimit.New(client, "expiry", slow, 10, redislimit.Timeout(patience))
	require.Equal(t, 3, take(t, throttle, "k", 3))
	key := oneKey(t, client)
	ttl, err := client.PTTL(t.Context(), key).Result()
	require.NoError(t, err)
	require.InDelta(t, 3000, ttl.Seconds(), patience.Seconds())
	fast := redislimit.New(client, "fast", 1000, 10, redislimit.Timeout(patience))
	require.Equal(t, 1, take(t, fast, "k", 1))
	eventually(t, "the fast key is gone", func() bool { return client.DBSize(t.Context()).Val() == 1 })

	require.Equal(t, 7, take(t, throttle, "k", 20))
	before, err := client.Get(t.Context(), key).Result()
	require.NoError(t, err)
	require.Zero(t, take(t, throttle, "k", 5))
	require.Equal(t, before, client.Get(t.Context(), key).Val(), "a refused call writes nothing")
}

// TestClocks has a client whose clock is decades behind.
func TestClocks(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	throttle := redislimit.New(newClient(t, srv), "clocks", slow, 10, redislimit.Timeout(patience))
	require.Equal(t, 5, take(t, throttle, "k", 5))
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: srv.addr})
		defer client.Close()
		require.Less(t, time.Now().Year(), 2020)
		old := redislimit.New(client, "clocks", slow, 10, redislimit.Timeout(time.Hour))
		require.Equal(t, 3, take(t, old, "k", 3))
	})
	require.Equal(t, 2, take(t, throttle, "k", 5))
}

// TestStored has values in Redis that no script of this limit wrote.
func TestStored(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	throttle := redislimit.New(client, "stored", 20, 2, redislimit.Timeout(patience))
	require.Equal(t, 1, take(t, throttle, "k", 1))
	const key = "limit:stored:k"
	later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for _, value := range []string{later + " 0", later + " 999999999", "99999999999999999999 7"} {
		require.NoError(t, client.Set(t.Context(), key, value, time.Hour).Err())
		a, err := throttle.Take(t.Context(), "k")
		require.NoError(t, err)
		require.False(t, a.OK, "%s: the bucket is empty", value)
		require.LessOrEqual(t, a.RetryAfter, 50*time.Millisecond, value)
		wait(t, a.RetryAfter)
		require.Equal(t, 1, take(t, throttle, "k", 1), "%s: its clock goes on", value)
		require.LessOrEqual(t, client.PTTL(t.Context(), key).Val(), 102*time.Millisecond)
	}
	for _, value := range []string{"", "x", "12", "-5 0", "1 2 3", "1e9 0", "0 0", "1.5 0"} {
		require.NoError(t, client.Set(t.Context(), key, value, time.Hour).Err())
		a, err := throttle.Take(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, redislimit.Answer{OK: true, Remaining: 1}, a, "%q: the bucket is full", value)
	}

	require.NoError(t, client.Del(t.Context(), key).Err())
	require.NoError(t, client.LPush(t.Context(), key, "x").Err())
	_, err := throttle.Take(t.Context(), "k")
	require.ErrorContains(t, err, "WRONGTYPE")
	require.Equal(t, 2, take(t, throttle, "another", 2), "other keys are not concerned")
	require.EqualValues(t, 1, client.LLen(t.Context(), key).Val(), "what is not ours is left alone")
}

// TestScriptFlush: a Redis that has forgotten the script gets it again.
func TestScriptFlush(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	throttle := redislimit.New(client, "flush", slow, 10, redislimit.Timeout(patience))
	for range 3 {
		require.Equal(t, 2, take(t, throttle, "k", 2))
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
	}
	require.Equal(t, 4, take(t, throttle, "k", 10))
}

// TestChangedLimit: what is stored means the same to a process with another limit.
func TestChangedLimit(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	large := redislimit.New(client, "changed", slow, 100, redislimit.Timeout(patience))
	small := redislimit.New(client, "changed", slow, 10, redislimit.Timeout(patience))
	require.Equal(t, 95, take(t, large, "k", 95))
	require.Zero(t, take(t, small, "k", 1), "it would be 95 tokens behind; it is 10")
	require.Equal(t, 90, take(t, large, "k", 100))
}
