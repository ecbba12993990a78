package gokit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/migrate/gokit"
)

// text returns a logger that writes lines without the time.
func text(out *bytes.Buffer, least slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: least, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestLogger(t *testing.T) {
	t.Parallel()
	n := 0
	count := log.Valuer(func() any { n++; return n })
	for name, tt := range map[string]struct {
		write func(log.Logger) error
		want  string
	}{
		"plain":   {func(l log.Logger) error { return l.Log("method", "sum", "err", errors.New("bad")) }, "level=INFO msg=\"\" method=sum err=bad\n"},
		"message": {func(l log.Logger) error { return l.Log("msg", "hello", "a", 1) }, "level=INFO msg=hello a=1\n"},
		"warn":    {func(l log.Logger) error { return level.Warn(l).Log("msg", "m") }, "level=WARN msg=m\n"},
		"error":   {func(l log.Logger) error { return level.Error(l).Log() }, "level=ERROR msg=\"\"\n"},
		"below":   {func(l log.Logger) error { return level.Debug(l).Log("msg", "m") }, ""},
		"with":    {func(l log.Logger) error { return log.With(l, "n", count).Log("msg", "m") }, "level=INFO msg=m n=1\n"},
		"missing": {func(l log.Logger) error { return l.Log("a") }, "level=INFO msg=\"\" a=(MISSING)\n"},
		"key":     {func(l log.Logger) error { return l.Log(1, nil) }, "level=INFO msg=\"\" 1=<nil>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, tt.write(gokit.Logger(text(&out, slog.LevelInfo))))
			require.Equal(t, tt.want, out.String())
		})
	}
	require.NoError(t, gokit.Logger(nil).Log("a", 1))
}

// full is a handler that cannot write.
type full struct{ slog.Handler }

func (full) Enabled(context.Context, slog.Level) bool { return true }

func (full) Handle(context.Context, slog.Record) error { return errors.New("full") }

func TestLoggerError(t *testing.T) {
	t.Parallel()
	require.EqualError(t, gokit.Logger(slog.New(full{})).Log("a", 1), "full")
}
