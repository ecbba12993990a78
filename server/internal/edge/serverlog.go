package edge

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// logLines is how many lines of a level a server may log in a minute.
	logLines = 10
	// logBytes is how much of a line is kept. The trace of a panic is the longest.
	logBytes = 16 << 10
)

// A serverLog is the handler behind http.Server.ErrorLog. It passes the lines of net/http
// on to a logger: panics as errors, lines that clients cause as information, and the rest as
// warnings. Each level has a bound of its own, so that a flood of one
// hides nothing of the others.
type serverLog struct {
	to *slog.Logger

	mu                     sync.Mutex // guards the fields below
	panics, clients, other lines
}

// lines are those of one level.
type lines struct {
	since      time.Time // start of the minute
	n          int
	suppressed int // since the last line that was logged
}

// Enabled reports true: the level is known in Handle.
func (s *serverLog) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs and WithGroup are not called for an http.Server.
func (s *serverLog) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup is like WithAttrs.
func (s *serverLog) WithGroup(string) slog.Handler { return s }

// Handle logs the message of a record.
func (s *serverLog) Handle(ctx context.Context, r slog.Record) error {
	text := r.Message[:min(len(r.Message), logBytes)]
	level, of := slog.LevelWarn, &s.other
	switch {
	case strings.Contains(text, "panic serving"):
		level, of = slog.LevelError, &s.panics
	case isByClient(text):
		level, of = slog.LevelInfo, &s.clients
	}
	s.mu.Lock()
	suppressed, ok := of.next(r.Time)
	s.mu.Unlock()
	switch {
	case !ok:
	case suppressed > 0:
		s.to.LogAttrs(ctx, level, text, slog.Int("suppressed", suppressed))
	default:
		s.to.LogAttrs(ctx, level, text)
	}
	return nil
}

// isByClient reports whether a line of net/http is about what a client sent.
func isByClient(text string) bool {
	for _, prefix := range []string{"http: TLS handshake error", "http2: ", "http: URL query contains semicolon", "timeout waiting for"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// next reports whether another line may be logged, and how many were left out since
// the last one.
func (l *lines) next(now time.Time) (suppressed int, ok bool) {
	if now.Sub(l.since) >= time.Minute {
		l.since, l.n = now, 0
	}
	if l.n == logLines {
		l.suppressed++
		return 0, false
	}
	l.n++
	suppressed, l.suppressed = l.suppressed, 0
	return suppressed, true
}
