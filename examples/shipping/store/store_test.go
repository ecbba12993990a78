package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/store"
)

func TestStore(t *testing.T) {
	t.Parallel()
	s := store.New()
	require.NoError(t, s.Seed(time.Now()))
	require.ErrorIs(t, s.Add(cargo.New("ABC123", cargo.RouteSpecification{})), store.ErrExists)
	_, err := s.Find("nope")
	require.ErrorIs(t, err, cargo.ErrUnknown)
	require.ErrorIs(t, s.Change("nope", nil), cargo.ErrUnknown)

	failed := errors.New("failed")
	err = s.Change("ABC123", func(c *cargo.Cargo) error {
		c.Origin = "XXXXX"
		return failed
	})
	require.ErrorIs(t, err, failed)
	c, err := s.Find("ABC123")
	require.NoError(t, err)
	require.Equal(t, "SESTO", string(c.Origin), "a change that failed")
}

// TestAll lists cargos in one order, whatever the order of their map.
func TestAll(t *testing.T) {
	t.Parallel()
	s := store.New()
	var want []cargo.TrackingID
	for i := range 100 {
		id := cargo.TrackingID(fmt.Sprintf("%03d", i))
		require.NoError(t, s.Add(cargo.New(id, cargo.RouteSpecification{})))
		want = append(want, id)
	}
	var got []cargo.TrackingID
	for _, c := range s.All() {
		got = append(got, c.TrackingID)
	}
	require.Equal(t, want, got)
}

func TestFull(t *testing.T) {
	t.Parallel()
	s := store.New()
	for i := range store.MaxCargos {
		require.NoError(t, s.Add(cargo.New(cargo.TrackingID(fmt.Sprint(i)), cargo.RouteSpecification{})))
	}
	require.ErrorIs(t, s.Add(cargo.New("one more", cargo.RouteSpecification{})), store.ErrFull)
}

// TestConcurrent handles one cargo from several goroutines while others read it: no event is
// lost.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := store.New()
	require.NoError(t, s.Seed(time.Now()))
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 20 {
				_ = s.Change("ABC123", func(c *cargo.Cargo) error { return c.Handle(cargo.HandlingEvent{}) })
			}
		})
		users.Go(func() {
			for range 20 {
				for _, c := range s.All() {
					c.Delivery()
				}
			}
		})
	}
	users.Wait()
	c, err := s.Find("ABC123")
	require.NoError(t, err)
	require.Len(t, c.History, 80)
}
