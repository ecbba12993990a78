package gokit_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/migrate/gokit"
)

// told is a source that yields what it is sent.
type told chan any

func (s told) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case v := <-s:
				err, _ := v.(error)
				set, _ := v.([]discover.Instance)
				if !yield(set, err) {
					return
				}
			}
		}
	}
}

func set(addrs ...string) []discover.Instance {
	var s []discover.Instance
	for _, a := range addrs {
		s = append(s, discover.Instance{Addr: a})
	}
	return s
}

// TestInstancer has an endpointer and a balancer of go-kit over a source.
func TestInstancer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := make(told)
		i := gokit.ToInstancer(source)
		factory := func(addr string) (kitendpoint.Endpoint, io.Closer, error) { return answer(addr, nil), nil, nil }
		pool := sd.NewEndpointer(i, factory, log.NewNopLogger())
		balancer := lb.NewRoundRobin(pool)
		_, err := balancer.Endpoint()
		require.ErrorIs(t, err, lb.ErrNoEndpoints)

		source <- set("b:1", "a:1")
		source <- errors.New("broken")
		source <- set("c:1", "b:1")
		synctest.Wait()
		var got []any
		for range 2 {
			e, err := balancer.Endpoint()
			require.NoError(t, err)
			addr, err := e(t.Context(), nil)
			require.NoError(t, err)
			got = append(got, addr)
		}
		require.ElementsMatch(t, []any{"b:1", "c:1"}, got)
		pool.Close()
		source <- set("d:1") // sent to nobody, and not to the closed channel
		synctest.Wait()
		i.Stop()
		i.Stop()
	})
}

// TestInstancerChannels has one channel that is not read beside others.
func TestInstancerChannels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := make(told)
		i := gokit.ToInstancer(source)
		stuck, slow := make(chan sd.Event), make(chan sd.Event)
		i.Register(stuck)
		i.Register(slow)
		i.Register(slow)
		source <- set("a:1")
		synctest.Wait()
		source <- set("b:1")
		source <- set("c:1")
		synctest.Wait()
		require.Equal(t, sd.Event{Instances: []string{"a:1"}}, <-slow)
		require.Equal(t, sd.Event{Instances: []string{"c:1"}}, <-slow, "it misses sets, but not the last")
		late := make(chan sd.Event)
		i.Register(late)
		require.Equal(t, sd.Event{Instances: []string{"c:1"}}, <-late)
		broken := errors.New("broken")
		source <- broken
		require.Equal(t, sd.Event{Err: broken}, <-late)
		i.Deregister(late)
		i.Deregister(late)
		i.Stop()
		i.Register(late)
		synctest.Wait()
		select {
		case e := <-late:
			t.Errorf("an event after Stop: %v", e)
		default:
		}
	})
}

// TestStop waits for a source that ends slowly.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := false
		i := gokit.ToInstancer(discover.SourceFunc(func(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
			return func(func([]discover.Instance, error) bool) {
				<-ctx.Done()
				<-time.NewTimer(time.Second).C
				ended = true
			}
		}))
		i.Stop()
		require.True(t, ended)
	})
}

// TestDeregister closes channels that were not read, as go-kit's endpointers do.
func TestDeregister(t *testing.T) {
	t.Parallel()
	i := gokit.ToInstancer(discover.Static("a:1"))
	for range 100 {
		ch := make(chan sd.Event)
		i.Register(ch)
		i.Deregister(ch)
		close(ch)
	}
	i.Stop()
}

func TestInstancerOfNil(t *testing.T) {
	t.Parallel()
	i := gokit.ToInstancer(nil)
	ch := make(chan sd.Event)
	i.Register(ch)
	require.ErrorContains(t, (<-ch).Err, "the source is nil")
	i.Stop()
}

// TestThereAndBack watches a source through an instancer of go-kit.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	i := gokit.ToInstancer(discover.Static("a:1", "b:1"))
	for got, err := range gokit.Source(i).Watch(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, set("a:1", "b:1"), got)
		break
	}
	i.Stop()
}
