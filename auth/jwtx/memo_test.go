package jwtx_test

import (
	"context"
	"crypto/elliptic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestMemo verifies tokens again and again. What is remembered is neither older than the
// token nor than the keys.
func TestMemo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClocked(t)
		key := newEC(t, elliptic.P256())
		c.set(nil, c.old, jwk(t, "short", key, nil))
		short := c.token(t, "short", key, map[string]any{"exp": time.Now().Add(time.Minute).Unix()})
		c.ask(t, short, endpoint.OK)
		time.Sleep(time.Minute + 29*time.Second)
		c.ask(t, short, endpoint.OK)
		time.Sleep(time.Second)
		c.ask(t, short, endpoint.Unauthenticated)
	})
}

// shared are claims with a pointer, which tells whether they were read again.
type shared struct {
	Scope *string `json:"scope"`
}

// TestMemoKept keeps tokens over a fetch of the same keys.
func TestMemoKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ed := newEd(t)
		i := inBubble(t, jwk(t, "ed", ed, nil))
		var scopes []*string
		verify := i.make(t).Verify(func(_ context.Context, c shared) (user, []string, error) {
			scopes = append(scopes, c.Scope)
			return user{}, nil, nil
		})
		token := i.token(t, "ed", ed, nil)
		for range 4 { // 15 minutes
			_, _, err := verify(t.Context(), token)
			require.NoError(t, err)
			time.Sleep(5 * time.Minute)
		}
		require.Equal(t, 4, i.fetched())
		for _, s := range scopes {
			require.Same(t, scopes[0], s)
		}
	})
}
