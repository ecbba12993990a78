package jwtx_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth/jwtx"
)

func down(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

// hang answers nothing until the client leaves.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// A clocked is an issuer in a bubble, with tokens by two keys.
type clocked struct {
	*issuer

	verify        verifier
	old, next     map[string]any // keys
	byOld, byNext string         // tokens
}

func newClocked(t *testing.T, opts ...jwtx.Option) *clocked {
	t.Helper()
	a, b := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	c := &clocked{issuer: inBubble(t), old: jwk(t, "old", a, nil), next: jwk(t, "next", b, nil)}
	c.set(nil, c.old)
	long := map[string]any{"exp": time.Now().Add(1000 * time.Hour).Unix()}
	c.byOld, c.byNext = c.token(t, "old", a, long), c.token(t, "next", b, long)
	c.verify = c.verifier(t, append(opts, jwtx.Keys(c.url+"/keys"))...)
	return c
}

// ask verifies a token and requires a code, and that it took no time.
func (c *clocked) ask(t *testing.T, token string, want endpoint.Code) {
	t.Helper()
	began := time.Now()
	_, _, err := c.verify(t.Context(), token)
	if got := codeOf(err); got != want {
		t.Fatalf("code %v, want %v: %v", got, want, err)
	}
	require.Zero(t, time.Since(began), "it waited")
}

// codeOf returns the code with which a scheme refuses a call.
func codeOf(err error) endpoint.Code {
	if _, coded := errors.AsType[*endpoint.Error](err); coded || err == nil {
		return endpoint.CodeOf(err)
	}
	return endpoint.Unauthenticated
}

// TestRotation replaces the key of an issuer.
func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		c.ask(t, c.byOld, endpoint.OK)
		time.Sleep(10 * time.Second)
		c.set(nil, c.old, c.next)
		c.ask(t, c.byNext, endpoint.OK) // it is the first with that key
		c.ask(t, c.byOld, endpoint.OK)
		require.Equal(t, 2, c.fetched())
		time.Sleep(10 * time.Second)
		c.set(nil, c.next)
		c.ask(t, c.byOld, endpoint.OK)
		time.Sleep(5*time.Minute - 10*time.Second)
		c.ask(t, c.byOld, endpoint.OK) // and fetches the keys
		synctest.Wait()
		c.ask(t, c.byOld, endpoint.Unauthenticated)
		c.ask(t, c.byNext, endpoint.OK)
		require.Equal(t, 3, c.fetched())
	})
}

// TestWithdrawnMeanwhile withdraws a key while there are no calls.
func TestWithdrawnMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		c.ask(t, c.byOld, endpoint.OK)
		c.set(nil, c.next)
		time.Sleep(10 * time.Minute)
		c.ask(t, c.byOld, endpoint.Unauthenticated)
		c.ask(t, c.byNext, endpoint.OK)
	})
}

// TestStrangers has tokens of unknown keys ask the issuer at most every 10 s.
func TestStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		stranger := newEC(t, elliptic.P256())
		c.ask(t, c.byOld, endpoint.OK)
		for n := range 600 { // a minute
			c.ask(t, c.token(t, fmt.Sprint("kid", n), stranger, nil), endpoint.Unauthenticated)
			c.ask(t, c.byOld, endpoint.OK)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		before := c.fetched()
		c.ask(t, c.token(t, "foreign", stranger, map[string]any{"iss": "https://b"}), endpoint.Unauthenticated)
		require.Equal(t, before, c.fetched(), "a token of another issuer asks this one")
		require.LessOrEqual(t, c.fetched(), 1+6)
		require.GreaterOrEqual(t, c.fetched(), 1+5)
	})
}

// TestTogether has many calls wait for one fetch.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		c.set(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second) // in the bubble
			c.set(nil, c.old)
			c.ServeHTTP(w, r)
		})
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, _, err := c.verify(t.Context(), c.byOld)
				require.NoError(t, err)
			})
		}
		_, _, err := c.verify(impatient, c.byOld)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		all.Wait()
		require.Equal(t, 2, c.fetched(), "the answer counts itself")
	})
}

// TestOutage loses the issuer, in two ways, and has it back.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"down": down, "hangs": hang, "no keys": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[]}`))
	}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClocked(t)
				c.ask(t, c.byOld, endpoint.OK)
				c.set(answer)
				for range 287 { // a day, in steps of five minutes
					time.Sleep(5 * time.Minute)
					c.ask(t, c.byOld, endpoint.OK)
				}
				c.ask(t, c.byNext, endpoint.Unavailable) // it may be that of a new key
				time.Sleep(5 * time.Minute)
				c.ask(t, c.byOld, endpoint.Unavailable)
				time.Sleep(10 * time.Second)
				c.set(nil, c.old)
				c.ask(t, c.byOld, endpoint.Unavailable) // nobody waits for an issuer that did not answer
				synctest.Wait()
				c.ask(t, c.byOld, endpoint.OK)
				c.ask(t, c.byNext, endpoint.Unauthenticated)
			})
		})
	}
}

// TestOutageAtStart has no key from the start.
func TestOutageAtStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		c.set(hang)
		began := time.Now()
		_, _, err := c.verify(t.Context(), c.byOld)
		require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
		require.NotContains(t, endpoint.ErrorOf(err).Message(), "issuer.test", "the caller learns nothing of the issuer")
		require.Equal(t, 5*time.Second, time.Since(began))
		for range 100 {
			c.ask(t, c.byOld, endpoint.Unavailable)
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, c.fetched(), 4)
		c.set(nil, c.old)
		time.Sleep(6 * time.Second)
		c.ask(t, c.byOld, endpoint.Unavailable)
		synctest.Wait()
		c.ask(t, c.byOld, endpoint.OK)
	})
}

// TestBackSoon has no key for a second.
func TestBackSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		c.set(down)
		c.ask(t, c.byOld, endpoint.Unavailable)
		c.set(nil, c.old)
		time.Sleep(time.Second)
		c.ask(t, c.byOld, endpoint.Unavailable)
		synctest.Wait()
		c.ask(t, c.byOld, endpoint.OK)
	})
}

// TestKeysTimes sets other times.
func TestKeysTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t, jwtx.Refresh(time.Minute), jwtx.Keep(3*time.Minute))
		c.ask(t, c.byOld, endpoint.OK)
		c.set(down)
		time.Sleep(time.Minute)
		c.ask(t, c.byOld, endpoint.OK)
		synctest.Wait()
		require.Equal(t, 2, c.fetched())
		time.Sleep(2 * time.Minute)
		c.ask(t, c.byOld, endpoint.Unavailable)
	})
}

// panics is a transport that does not return.
type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("broken") }

// TestFetchPanics has a client that panics. It costs a call, not the process.
func TestFetchPanics(t *testing.T) {
	t.Parallel()
	i, err := jwtx.New("http://issuer.test", "rooms", jwtx.HTTPClient(&http.Client{Transport: panics{}}))
	require.NoError(t, err)
	err = i.Ping(t.Context())
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "broken")
	require.NotContains(t, endpoint.ErrorOf(err).Message(), "broken")
}
