package server

import (
	"io"
	"log/slog"
	"time"
)

// Defaults of the bounds of a stop. Together with the seconds that calls and listeners get
// to end once they are cancelled, they are less than the 30 s after which Kubernetes kills a
// process by default.
const (
	// DefaultPropagation is how long a server that others were told of goes on serving
	// when it is not ready any more, unless [Propagation] says otherwise. Kubernetes needs
	// one to three seconds to tell its proxies; a registry tells its watchers in less.
	DefaultPropagation = 5 * time.Second
	// DefaultGrace is how long calls in flight have to finish, unless [Grace] says
	// otherwise.
	DefaultGrace = 15 * time.Second
)

const (
	cutTime        = time.Second            // for calls to return once they are cancelled
	deregisterTime = 3 * time.Second        // for a registrar to return
	workTime       = 2 * time.Second        // for works and checks to return
	closeTime      = 2 * time.Second        // for what Close adds, together
	flushTime      = 2 * time.Second        // for what Flush adds
	hangMargin     = 100 * time.Millisecond // for a func to return after the end of its context
	minimumTime    = 100 * time.Millisecond // for a closer, if those before it have used up the time
)

// An Option is an option of [New].
type Option interface{ applyServer(s *Server) }

type option func(s *Server)

func (o option) applyServer(s *Server) { o(s) }

// Log sets where the server writes its log, and its events. The default is slog.Default.
// A nil log is a fault.
func Log(log *slog.Logger) Option {
	return option(func(s *Server) {
		if log == nil {
			s.fault("Log: the log is nil")
			return
		}
		s.log = log
	})
}

// Propagation sets how long a server that stops goes on serving, so that load balancers
// and clients notice that it is not ready. The default is [DefaultPropagation] if a
// listener is registered, or if /readyz was asked since the start; otherwise nobody would
// notice, and it is 0. A negative time is a fault.
func Propagation(d time.Duration) Option {
	return option(func(s *Server) {
		s.check(d >= 0, "Propagation: the time is %v, want at least 0", d)
		s.config.propagation = &d
	})
}

// Grace sets how long calls in flight have to finish once no new ones are accepted. After
// it they are cancelled with the cause [ErrStopping], and a second later their connections
// are closed. The default is [DefaultGrace]. A time that is not positive is a fault.
func Grace(d time.Duration) Option {
	return option(func(s *Server) {
		s.check(d > 0, "Grace: the time is %v, want more than 0", d)
		s.config.grace = d
	})
}

// Announce writes one line "NAME on ADDRESS" to w for each listener once its address is
// bound, for people and for programs that start this one. Main writes them to os.Stdout
// by default, Run does not write them. A nil w means neither does.
func Announce(w io.Writer) Option {
	return option(func(s *Server) {
		if w == nil {
			w = io.Discard
		}
		s.config.announce = w
	})
}
