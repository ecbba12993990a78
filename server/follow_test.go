package server_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

// broken is a source that cannot be read.
type broken struct{ err error }

// Watch returns no sets.
func (b broken) Watch(context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) { yield(nil, b.err) }
}

func newPool(opts ...discover.Option) *discover.Pool[int] {
	return discover.New(func(context.Context, string) (int, error) { return 0, nil }, opts...)
}

// TestFollow has pools that follow their sources while the server runs, with a check each.
func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := server.New("rooms", quiet())
		s.Add(
			server.Follow(newPool(), discover.Static("a:1")),
			server.Follow(newPool(discover.Named("prices")), discover.Static()))
		stop := running(t, s)
		time.Sleep(time.Minute) // the first checks may run before the sources were read
		got := map[string]string{}
		for _, c := range s.Health().Checks {
			got[c.Name] = string(c.Status)
		}
		require.Equal(t, map[string]string{"pool": "pass", "pool/prices": "warn", "work/pool": "pass", "work/pool prices": "pass"}, got)
		require.NoError(t, stop())
	})
}

// TestFollowEnds has the source of a pool end with an error, which the server returns.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no such service")
		s := server.New("rooms", quiet())
		s.Add(server.Follow(newPool(discover.Named("prices")), broken{cause}))
		err := s.Run(t.Context())
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "pool prices")
	})
}

func TestFollowFaults(t *testing.T) {
	t.Parallel()
	s := server.New("rooms", quiet())
	var none *discover.Pool[int]
	s.Add(
		server.Follow(none, discover.Static()), server.Follow(nil, discover.Static()),
		server.Follow(newPool(discover.Named("a")), nil),
		server.Follow(newPool(), discover.Static()), server.Follow(newPool(), discover.Static()))
	require.EqualError(t, s.Err(), `server: Follow: the pool is nil
server: Follow: the pool is nil
server: Follow: the source of "pool a" is nil
server: Follow "pool": there are two of this name`)
}
