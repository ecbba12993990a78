package server_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

var errDown = errors.New("down")

func down(context.Context) error { return errDown }

// TestCheckFaults has every fault that a check can have.
func TestCheckFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		items []server.Item
		want  string // "" for none
	}{
		{"none", []server.Item{server.Check("a", well), server.Check("b", well, server.Every(time.Second), server.Within(time.Second), server.Warn())}, ""},
		{"short period alone", []server.Item{server.Check("a", well, server.Every(time.Second))}, ""},
		{"empty name", []server.Item{server.Check("", well)}, "server: Check : the name is empty"},
		{"colon", []server.Item{server.Check("a:b", well)}, `server: Check a:b: the name "a:b" has a colon or a character that is not printable`},
		{"double name", []server.Item{server.Check("a", well), server.Check("a", well)}, "server: Check a: there are two of this name"},
		{"nil func", []server.Item{server.Check("a", nil)}, "server: Check a: the func is nil"},
		{"nil option", []server.Item{server.Check("a", well, server.Warn(), nil)}, "server: Check a: option 1 is nil"},
		{"no period", []server.Item{server.Check("a", well, server.Every(0))}, "server: Check a: Every: the time is 0s, want more than 0"},
		{"no time-out", []server.Item{server.Check("a", well, server.Within(-1))}, "server: Check a: Within: the time is -1ns, want more than 0"},
		{
			"time-out above the period",
			[]server.Item{server.Check("a", well, server.Every(time.Second), server.Within(2*time.Second))},
			"server: Check a: the time-out of 2s is longer than the period of 1s",
		},
		{"all of them", []server.Item{server.Check("", nil, nil)}, "server: Check : option 0 is nil\nserver: Check : the name is empty\nserver: Check : the func is nil"},
		{"nil report", []server.Item{server.Report(nil)}, "server: Report: the func is nil"},
		{"nil thing", []server.Item{server.Watch(nil)}, "server: Watch: thing 0 is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := server.New("rooms", quiet())
			s.Add(tt.items...)
			if tt.want == "" {
				require.NoError(t, s.Err())
				return
			}
			require.EqualError(t, s.Err(), tt.want)
		})
	}
}

// TestCheckReadiness has a critical check and a warning fail and recover. A part is told.
func TestCheckReadiness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		j, log := newJournal(), &lines{}
		s := server.New("rooms", server.Log(slog.New(slog.NewTextHandler(log, nil))))
		s.Add(
			server.Listen("broker", free, newPart(j, well)),
			server.Go("work", untilEnd),
			server.Check("database", func(context.Context) error {
				if broken.Load() {
					return errDown
				}
				return nil
			}),
			server.Check("cache", down, server.Warn()),
		)
		require.False(t, s.Health().Ready)
		require.Empty(t, s.Health().Checks)
		stop := running(t, s)
		synctest.Wait()
		begin := time.Now()
		require.Equal(t, server.HealthReport{
			Server: "rooms", State: server.StateRunning, Ready: true, Status: server.HealthWarn,
			Checks: []server.CheckResult{
				{Name: "database", Status: server.HealthPass, Critical: true, Start: begin, Since: begin},
				{Name: "cache", Status: server.HealthWarn, Err: s.Health().Checks[1].Err, Start: begin, Since: begin},
				{Name: "listener/broker", Status: server.HealthPass, Critical: true, Start: begin, Since: begin},
				{Name: "work/work", Status: server.HealthPass, Critical: true, Start: begin, Since: begin},
			},
		}, s.Health())
		require.ErrorIs(t, s.Health().Checks[1].Err, errDown)
		broken.Store(true)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		require.Equal(t, server.StateRunning, s.State())
		require.False(t, s.Health().Ready)
		require.Equal(t, server.HealthFail, s.Health().Status)
		broken.Store(false)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		require.True(t, s.Health().Ready)
		require.NoError(t, stop())
		require.False(t, s.Health().Ready)
		var ready []string
		for _, line := range j.all() {
			if _, rest, ok := strings.Cut(line, " part ready "); ok {
				ready = append(ready, rest)
			}
		}
		require.Equal(t, []string{"true", "false", "true", "false"}, ready)
		var events []string
		for _, line := range log.all() {
			if _, event, ok := strings.Cut(line, "endpoint.source=check endpoint.kind="); ok {
				event, _, _ = strings.Cut(event, " endpoint.code")
				events = append(events, event)
			}
		}
		require.Len(t, events, 3)
		require.Contains(t, events[0], "warned endpoint.name=cache")
		require.Contains(t, events[1], "failed endpoint.name=database")
		require.Contains(t, events[2], "passed endpoint.name=database")
	})
}

// TestCheckBeforeReady has a check whose first call takes long: the server runs and is not
// ready.
func TestCheckBeforeReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		s := server.New("rooms", quiet())
		s.Add(
			server.Listen("broker", free, newPart(j, well)),
			server.Check("database", func(context.Context) error { time.Sleep(3 * time.Second); return nil }))
		stop := running(t, s)
		time.Sleep(3*time.Second - 1)
		synctest.Wait()
		require.Equal(t, server.StateRunning, s.State())
		require.False(t, s.Health().Ready)
		require.Empty(t, j.all())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.True(t, s.Health().Ready)
		require.Equal(t, []string{"3 part ready true"}, j.all())
		require.NoError(t, stop())
	})
}

// TestCheckHangs has a check and a report that hang. They delay the stop by a bounded time,
// and are no failure of it.
func TestCheckHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := server.New("rooms", quiet())
		s.Add(
			server.Check("database", func(context.Context) error { <-release; return nil }),
			server.Report(func(context.Context, server.HealthReport) { <-release }))
		stop := running(t, s)
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(begin), 3*time.Second)
		require.EqualError(t, s.Health().Checks[0].Err, "not run yet")
		close(release)
	})
}

// TestCheckEndsBeforeClose has a check and a report that need a moment to return at the stop.
// What Close adds is closed after that.
func TestCheckEndsBeforeClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var returned atomic.Int32
		slowly := func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(time.Second)
			returned.Add(1)
		}
		s := server.New("rooms", quiet())
		s.Add(
			server.Check("database", func(ctx context.Context) error { slowly(ctx); return ctx.Err() }),
			server.Report(func(ctx context.Context, _ server.HealthReport) { slowly(ctx) }),
			server.Close("database", func() error {
				require.Equal(t, int32(2), returned.Load())
				return nil
			}))
		stop := running(t, s)
		synctest.Wait()
		require.NoError(t, stop())
	})
}

// TestCheckOwn has a work fail: its check has the error while the server drains.
func TestCheckOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		s := server.New("rooms", quiet())
		s.Add(
			server.Check("work/b", well),
			server.Listen("broker", free, newPart(j, func(context.Context) error { time.Sleep(10 * time.Second); return nil })),
			server.Go("a", well),
			server.Go("b", func(context.Context) error { time.Sleep(time.Second); return errDown }))
		ended := running(t, s)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, server.StateDraining, s.State())
		got := map[string]server.HealthStatus{}
		for _, c := range s.Health().Checks {
			got[c.Name] = c.Status
		}
		require.Equal(t, map[string]server.HealthStatus{
			"work/b": server.HealthPass, "listener/broker": server.HealthPass, "work/a": server.HealthPass, "work/b#2": server.HealthFail,
		}, got)
		require.ErrorIs(t, ended(), errDown)
	})
}
