package server_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// TestStopInOrder has a call that does not end, and a work that ends with its context.
func TestStopInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		reg := &registrar{journal: j, after: well}
		s := server.New("rooms", quiet())
		s.Add(
			server.Listen("broker", free, newPart(j, func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}), server.Register(reg)),
			server.Go("work", func(ctx context.Context) error {
				j.note("work begins")
				<-ctx.Done()
				require.ErrorIs(t, context.Cause(ctx), server.ErrStopping)
				j.note("work ends")
				return ctx.Err()
			}),
			server.Close("first", func() error { j.note("close first"); return nil }),
			server.Close("second", func() error { j.note("close second"); return nil }),
			server.Flush("traces", noting(j, "flush", well)),
		)
		stop := running(t, s)
		synctest.Wait()
		require.Equal(t, server.StateRunning, s.State())
		require.ElementsMatch(t, []string{"0 work begins", "0 part ready true", "0 register"}, j.all())
		require.Equal(t, "rooms", reg.in.Meta["service"])
		require.Equal(t, "broker", reg.in.Meta["transport"])
		time.Sleep(100 * time.Second)
		require.NoError(t, stop())
		require.Equal(t, []string{
			"100 part ready false", "100 part draining", "100 deregister",
			"105 part drain", "121 part close", "121 work ends",
			"121 close second", "121 close first", "121 flush",
		}, j.all()[3:])
		require.Equal(t, server.StateStopped, s.State())
	})
}

// TestStopIsBounded has everything hang, panic or exit that can.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bad   behaviour
		limit time.Duration
	}{
		"hangs":  {hangs, 30 * time.Second},
		"panics": {panics, 6 * time.Second},
		"exits":  {exits, 6 * time.Second},
		"fails":  {func(context.Context) error { return errors.New("no") }, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				release := make(chan struct{})
				bad := tt.bad
				if name == "hangs" {
					bad = func(context.Context) error { <-release; return nil }
				}
				s := server.New("rooms", quiet())
				s.Add(
					server.Listen("broker", free, newPart(j, bad), server.Register(&registrar{journal: j, after: bad})),
					server.Go("work", func(ctx context.Context) error { <-ctx.Done(); return bad(ctx) }),
					server.Close("first", func() error { j.note("close first"); return bad(t.Context()) }),
					server.Close("second", func() error { j.note("close second"); return bad(t.Context()) }),
					server.Flush("logs", noting(j, "flush", bad)),
					server.Flush("traces", noting(j, "flush", bad)),
				)
				stop := running(t, s)
				synctest.Wait()
				start := time.Now()
				err := stop()
				require.Less(t, time.Since(start), tt.limit)
				require.ErrorContains(t, err, "second: ")
				for _, what := range []string{"deregister", "part drain", "part close", "close second", "close first", "flush"} {
					require.Contains(t, strings.Join(j.all(), "\n"), what)
				}
				close(release)
			})
		})
	}
}

// TestFailureStops has a part or a work fail while the server runs.
func TestFailureStops(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fails behaviour
		want  string
	}{
		"error":   {func(context.Context) error { return errors.New("no") }, "work: no"},
		"panic":   {panics, "work: panic: boom"},
		"exit":    {exits, "work: ended its goroutine"},
		"no time": {func(context.Context) error { return context.Canceled }, "work: context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				s := server.New("rooms", quiet())
				s.Add(
					server.Listen("broker", free, newPart(j, well)),
					server.Go("work", func(ctx context.Context) error { time.Sleep(time.Second); return tt.fails(ctx) }),
					server.Go("other", untilEnd),
					server.Go("done", well),
				)
				err := s.Run(t.Context())
				require.ErrorContains(t, err, tt.want)
				require.NotContains(t, err.Error(), "other")
				require.Contains(t, j.all(), "1 part drain")
			})
		})
	}
}

// brokenPart is a Part whose Serve ends by itself.
type brokenPart struct {
	*part
	serve behaviour
}

func (p brokenPart) Serve(l net.Listener) error {
	_ = l.Close()
	<-time.NewTimer(time.Second).C
	return p.serve(context.Background())
}

// TestListenerFails has one of two listeners fail: the other one is drained.
func TestListenerFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve behaviour
		want  string
	}{
		"error": {func(context.Context) error { return errors.New("no") }, "broken: no"},
		"nil":   {well, "broken: stopped serving by itself"},
		"panic": {panics, "broken: panic: boom"},
		"exit":  {exits, "broken: ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				s := server.New("rooms", quiet())
				s.Add(
					server.Listen("broken", free, brokenPart{newPart(newJournal(), well), tt.serve}),
					server.Listen("broker", free, newPart(j, well), server.Register(&registrar{journal: j, after: well})),
				)
				require.EqualError(t, s.Run(t.Context()), tt.want)
				require.Equal(t, []string{"1 part ready false", "1 part draining", "1 deregister", "6 part drain", "6 part close"}, j.all()[2:])
			})
		})
	}
}
