package edge

import (
	"log/slog"
	"net/http"
	"time"
)

const (
	// frameBytes is the size of the HTTP/2 frames that are read: the smallest that the
	// protocol allows (RFC 9113 §4.2), and what clients start with. A connection keeps
	// a buffer of the largest that came.
	frameBytes = 16 << 10
	// pingAfter is how long an HTTP/2 connection may be silent before it is asked
	// whether it is still there, and pingTime is how long the answer may take.
	pingAfter = 30 * time.Second
	pingTime  = 15 * time.Second
)

// NewHTTPServer returns a server of h that strangers may call, over HTTP/1 and, with and
// without TLS, HTTP/2. A client that sends or reads slowly, or not at all, holds a
// connection for a bounded time. There is no bound on a request as a whole, so a large
// upload or download may take hours: each 64 KiB of it, or its end, must come within
// limits.Progress. A handler that sets a deadline by [http.ResponseController] lifts
// that for its direction and answers for it from then on.
//
// What net/http itself logs goes to log, at most ten lines a minute for each level.
func NewHTTPServer(h http.Handler, limits Limits, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           &progress{next: h, limit: limits.Progress},
		ReadHeaderTimeout: limits.HeaderTime,
		IdleTimeout:       limits.IdleTime,
		MaxHeaderBytes:    limits.HeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: limits.Streams,
			MaxReadFrameSize:     frameBytes,
			SendPingTimeout:      pingAfter,
			PingTimeout:          pingTime,
			WriteByteTimeout:     limits.Progress,
		},
		Protocols:   protocols,
		ConnContext: withPlace,
		ErrorLog:    slog.NewLogLogger(&serverLog{to: log}, slog.LevelWarn),
	}
}
