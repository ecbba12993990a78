package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server"
)

// TestRegister has two listeners with registrars, one of them with two.
func TestRegister(t *testing.T) {
	t.Parallel()
	r, second := newRegistry(), newRegistry()
	slo := observe.NewSLO(observe.Objective{Availability: 0.99})
	s := server.New("rooms", quiet(), server.Propagation(0), server.Advertise("rooms.example"))
	same := func(_ context.Context, n int) (int, error) { return n, nil }
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, &posts{Post: same, Put: same}, httpx.Use(s, slo)))
	s.Add(
		server.HTTP(free, mux, server.Register(r, server.As(discover.Instance{
			Weight: 2, Zone: "a", Priority: 1, Meta: map[string]string{"version": "7", "transport": "mine"},
		})), server.Register(second, server.As(discover.Instance{Addr: "outside:80"}))),
		server.Watch(slo),
		server.Admin(":0", server.Hosts("rooms.example")),
	)
	stop := running(t, s)
	r.await(1)
	second.await(1)
	set, known := instances(r)
	require.True(t, strings.HasPrefix(set.Addr, "rooms.example:"), set.Addr)
	require.NotEqual(t, "rooms.example:0", set.Addr)
	require.InDelta(t, 2, set.Weight, 0)
	require.Equal(t, "a", set.Zone)
	require.Equal(t, 1, set.Priority)
	require.True(t, strings.HasPrefix(set.Meta["admin"], "rooms.example:"), set.Meta["admin"])
	require.NotEqual(t, set.Addr, set.Meta["admin"])
	delete(set.Meta, "admin")
	require.Equal(t, map[string]string{
		"service": "rooms", "transport": "mine", "version": "7",
		"slo.posts.Post.availability": "0.99", "slo.posts.Put.availability": "0.99",
	}, set.Meta)
	require.Equal(t, 1, known)
	other, _ := instances(second)
	require.Equal(t, "outside:80", other.Addr)
	require.Equal(t, "http", other.Meta["transport"])
	require.NoError(t, stop())
	r.await(0)
	second.await(0)
}

// instances returns one instance, and how many there are.
func instances(r *registry) (discover.Instance, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range r.set {
		return in, len(r.set)
	}
	return discover.Instance{}, 0
}

// TestRegisterFails has a registrar that can never register: the server serves all the same.
func TestRegisterFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		var log strings.Builder
		s := server.New("rooms", server.Log(slog.New(slog.NewTextHandler(&log, nil))))
		s.Add(server.Listen("broker", free, newPart(j, well), server.Register(registrarFunc(func(context.Context, discover.Instance) error {
			return errors.New("no such namespace")
		}))))
		stop := running(t, s)
		synctest.Wait()
		require.Equal(t, server.StateRunning, s.State())
		require.Contains(t, log.String(), "no such namespace")
		begun := time.Now()
		require.NoError(t, stop())
		require.Equal(t, server.DefaultPropagation, time.Since(begun), "others may know of it")
	})
}

type registrarFunc func(ctx context.Context, in discover.Instance) error

func (f registrarFunc) Register(ctx context.Context, in discover.Instance) error { return f(ctx, in) }

// TestDeregisterHangs has a registrar that does not return: the stop goes on, and succeeds.
func TestDeregisterHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j, release := newJournal(), make(chan struct{})
		defer close(release)
		s := server.New("rooms", quiet(), server.Propagation(0))
		s.Add(server.Listen("broker", free, newPart(j, well), server.Register(&registrar{journal: j, after: func(context.Context) error {
			<-release
			return nil
		}})))
		stop := running(t, s)
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, stop())
		require.InDelta(t, 3, time.Since(begun).Seconds(), 0.2)
		require.Contains(t, j.all(), "3 part drain")
	})
}

// TestRegisterWhenReady has a critical check that passes after a while, fails later, and one
// that never passes.
func TestRegisterWhenReady(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]bool{"passes": true, "never passes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				var fails atomic.Bool
				fails.Store(true)
				s := server.New("rooms", quiet(), server.Propagation(0))
				s.Add(
					server.Listen("broker", free, newPart(j, well), server.Register(&registrar{journal: j, after: well})),
					server.Check("database", func(context.Context) error {
						if fails.Load() {
							return errors.New("down")
						}
						return nil
					}),
				)
				stop := running(t, s)
				time.Sleep(15 * time.Second)
				require.NotContains(t, strings.Join(j.all(), " "), "register")
				fails.Store(!passes)
				time.Sleep(15 * time.Second)
				require.Equal(t, passes, strings.Contains(strings.Join(j.all(), " "), " register"))
				fails.Store(true)
				time.Sleep(15 * time.Second)
				require.NoError(t, stop())
				if passes {
					require.Contains(t, j.all(), "45 deregister", "and not before")
				}
			})
		})
	}
}
