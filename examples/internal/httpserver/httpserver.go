// Package httpserver makes the HTTP servers of the examples, so that all of them have
// the same limits.
package httpserver

import (
	"log/slog"
	"net/http"
	"time"
)

// snippet: new

// New returns a server of h that strangers may call: a client that sends or reads
// slowly, or not at all, holds a connection for a bounded time only.
func New(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // header and body; httpx lifts it for request streams
		WriteTimeout:      60 * time.Second, // the call and its answer; httpx lifts it for streams
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: 30 * time.Second}, // a connection that takes nothing
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// end snippet
