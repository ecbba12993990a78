package gokit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/migrate/gokit"
)

func TestSource(t *testing.T) {
	t.Parallel()
	discovertest.Source(t, func(*testing.T) discovertest.SourceKit {
		r := &registry{}
		return discovertest.SourceKit{
			Source: gokit.Source(r),
			Set: func(_ *testing.T, set []discover.Instance) {
				r.update(func() {
					r.addrs = nil
					for _, in := range set {
						r.addrs = append(r.addrs, in.Addr)
					}
				})
			},
			Break:   func(*testing.T) { r.update(func() { r.broken = errors.New("broken") }) },
			Restore: func(*testing.T) { r.update(func() { r.broken = nil }) },
		}
	})
}

// TestSourceSlow has a loop that takes its time: the instancer never waits for it, and the
// last set is not missed, even if an error follows.
func TestSourceSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{addrs: []string{"a:1"}}
		var sets [][]discover.Instance
		var errs []error
		for set, err := range gokit.Source(r).Watch(t.Context()) {
			if err != nil {
				errs = append(errs, err)
				break
			}
			if sets = append(sets, set); len(sets) == 1 {
				r.update(func() { r.addrs = []string{"b:1"} })
				r.update(func() { r.addrs = []string{"d:1", "c:1", "c:1"} })
				r.update(func() { r.broken = errors.New("broken") })
				synctest.Wait()
			}
		}
		require.Equal(t, [][]discover.Instance{{{Addr: "a:1"}}, {{Addr: "c:1"}, {Addr: "d:1"}}}, sets)
		require.Len(t, errs, 1)
		require.Zero(t, r.listeners())
	})
}

// stuck is an instancer that waits for a channel that nothing reads.
type stuck struct{ channel chan sd.Event }

func (s stuck) Register(chan<- sd.Event)   { s.channel <- sd.Event{} }
func (s stuck) Deregister(chan<- sd.Event) { s.channel <- sd.Event{} }
func (stuck) Stop()                        {}

// TestSourceStuck ends a Watch although its instancer hangs.
func TestSourceStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := stuck{make(chan sd.Event)}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for set, err := range gokit.Source(s).Watch(ctx) {
			t.Error("the instancer sends nothing:", set, err)
		}
		require.Equal(t, 6*time.Second, time.Since(begun))
		<-s.channel
		<-s.channel // the Watch deregisters what it registered late
	})
}

func TestSourceOfFixed(t *testing.T) {
	t.Parallel()
	for set, err := range gokit.Source(sd.FixedInstancer{"b:1", "a:1"}).Watch(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, []discover.Instance{{Addr: "a:1"}, {Addr: "b:1"}}, set)
		break
	}
	for _, err := range gokit.Source(nil).Watch(t.Context()) {
		require.ErrorContains(t, err, "the instancer is nil")
	}
}
