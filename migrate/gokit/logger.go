package gokit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-kit/log"
)

// Logger returns a logger of go-kit that writes to l. The value of the key "level" is the level
// of the record, info without one; that of "msg" is its message. Other keys are attributes, in
// order. A value of log.With that is computed for each record is computed as in go-kit. Log
// returns the error of l's handler. If l is nil, the logger writes nothing.
func Logger(l *slog.Logger) log.Logger {
	if l == nil {
		return log.NewNopLogger()
	}
	return logger{l.Handler()}
}

type logger struct{ to slog.Handler }

// Log writes a record.
func (l logger) Log(keyvals ...any) error {
	level, msg := slog.LevelInfo, ""
	var attrs []slog.Attr
	for i := 0; i < len(keyvals); i += 2 {
		var value any = log.ErrMissingValue
		if i+1 < len(keyvals) {
			value = keyvals[i+1]
		}
		switch key := fmt.Sprint(keyvals[i]); key {
		case "level":
			level = levelOf(value)
		case "msg":
			msg = fmt.Sprint(value)
		default:
			attrs = append(attrs, slog.Any(key, value))
		}
	}
	ctx := context.Background()
	if !l.to.Enabled(ctx, level) {
		return nil
	}
	r := slog.NewRecord(time.Now(), level, msg, 0)
	r.AddAttrs(attrs...)
	return l.to.Handle(ctx, r)
}

// levelOf returns the level that a value of go-kit's package level names, info for others.
func levelOf(value any) slog.Level {
	switch strings.ToLower(fmt.Sprint(value)) {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}
