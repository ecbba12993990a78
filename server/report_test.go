package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server"
)

// lines is a writer that keeps its lines.
type lines struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.text.String(), "\n"), "\n")
}

// TestReport publishes the health after each change, and at intervals.
func TestReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin, got := time.Now(), &lines{}
		s := server.New("rooms", quiet())
		s.Add(
			server.Listen("broker", free, newPart(newJournal(), func(context.Context) error { time.Sleep(time.Second); return nil })),
			server.Check("database", func(context.Context) error { time.Sleep(2 * time.Second); return nil }),
			server.Report(func(_ context.Context, r server.HealthReport) {
				time.Sleep(100 * time.Millisecond)
				fmt.Fprintln(got, time.Since(begin).Truncate(time.Second), r.Server, r.State, r.Status, r.Ready)
			}))
		stop := running(t, s)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		all := got.all()
		require.Contains(t, all, "0s rooms running fail false")
		require.Equal(t, "2s rooms running pass true", all[len(all)-1])
		n := len(all)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(t, 6, len(got.all())-n, 1)
		require.NoError(t, stop())
		require.Equal(t, "1m5s rooms draining pass false", got.all()[len(got.all())-1])
	})
}

// TestReportFails has a report panic, twice in the same way. It is an event once.
func TestReportFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		s := server.New("rooms", server.Log(slog.New(slog.NewTextHandler(log, nil))))
		calls := make(chan struct{}, 100)
		s.Add(server.Report(func(context.Context, server.HealthReport) {
			calls <- struct{}{}
			if len(calls) != 3 {
				panic("boom")
			}
		}))
		stop := running(t, s)
		time.Sleep(45 * time.Second)
		synctest.Wait()
		require.NoError(t, stop())
		require.GreaterOrEqual(t, len(calls), 4)
		n := 0
		for _, line := range log.all() {
			if strings.Contains(line, "endpoint.kind=failed") && strings.Contains(line, "endpoint.detail=report") {
				require.Contains(t, line, "boom")
				n++
			}
		}
		require.Equal(t, 2, n, "the third call was well")
	})
}
