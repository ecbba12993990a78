package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/admin"
	"github.com/typedkit/endpoint/server/internal/edge"
	"github.com/typedkit/endpoint/server/internal/figures"
	"github.com/typedkit/endpoint/server/internal/health"
)

// ErrStopping is the error of a call that a server ends because it stops: a response
// stream that is still open when it accepts no more calls, and any call that is still in
// flight after [Grace]. It is also the cause of the context of such a call.
var ErrStopping = endpoint.Define(endpoint.Unavailable, "endpoint", "STOPPING", "the server is stopping")

// A Server runs what was added to it: see the documentation of the package. It is a layer
// of the services that it serves, and of the clients of its program, on every transport.
// As a layer it should be the outermost. Make one with [New]: the zero Server has no name,
// which is a fault. Add is called before Run; the other methods are safe for concurrent
// use.
//
// Its events have the source "server" and the kinds "starting", "running", "draining",
// "deregistered", "closing" (it accepts no more connections), "cancelled" (calls that did
// not end within the grace), "closed", "flushed", "stopped", and "failed" for any part
// that failed. The Detail names the part. Those of its checks have the source "check": see
// [Check].
type Server struct {
	name   string
	config config
	log    *slog.Logger
	logger *observe.Logger // writes events to log

	faults    []error
	listeners []*listener
	works     []*step
	closers   []*step
	flushes   []*step

	watched    []Watchable
	checks     []health.Check
	reporters  []*reporter
	registry   atomic.Pointer[health.Registry] // of checks; nil before Run
	publishers []*health.Publisher             // during Run

	state     atomic.Int32
	probed    atomic.Bool // /readyz was asked
	readyMu   sync.Mutex  // guards toldReady; held while parts are told
	toldReady bool

	firstReady  sync.Once
	becameReady chan struct{} // is closed when the server is ready for the first time

	figures *figures.Set // of the calls
	events  admin.Events // the latest, for the admin page
	// What ends when the server accepts no more calls, and after the grace.
	streams, calls gate
}

// New returns a Server with a name: the name of the service in logs, on the admin page
// and in a registry. An empty name and a nil option are faults, which [Server.Err] and
// Run return.
func New(name string, opts ...Option) *Server {
	s := &Server{name: name, log: slog.Default(), config: config{grace: DefaultGrace, limits: edge.DefaultLimits()}, figures: figures.New(), becameReady: make(chan struct{})}
	s.streams.cause, s.calls.cause = mark.Never(errStopped), errStopped
	if name == "" {
		s.fault("New: the name is empty")
	}
	for i, o := range opts {
		if o == nil {
			s.fault("New: option %d is nil", i)
			continue
		}
		o.applyServer(s)
	}
	s.logger = observe.NewLogger(s.log)
	return s
}

// An Item is added to a [Server]: a listener, a work, a check and so on.
type Item interface{ add(s *Server) }

type item func(s *Server)

func (i item) add(s *Server) { i(s) }

// Add adds items in order. What is wrong with them is returned by Err and by Run. Add
// panics after Run was called.
func (s *Server) Add(items ...Item) {
	if s.State() != StateNew {
		panic("server: Add after Run")
	}
	for i, it := range items {
		if it == nil {
			s.fault("Add: item %d is nil", i)
			continue
		}
		it.add(s)
	}
}

// Err returns all that is wrong with the server and what was added to it, or nil.
func (s *Server) Err() error { return errors.Join(s.faults...) }

func (s *Server) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("server: "+format, args...))
}

// check notes a fault unless ok.
func (s *Server) check(ok bool, format string, args ...any) {
	if !ok {
		s.fault(format, args...)
	}
}

// announce writes where a listener is, for people and for programs that start this one.
func (s *Server) announce(l *listener) {
	if w := s.config.announce; w != nil {
		_, _ = fmt.Fprintf(w, "%s on %s\n", l.name, l.bound)
	}
}

// config is what the options of New set.
type config struct {
	propagation *time.Duration // nil: it depends
	grace       time.Duration
	announce    io.Writer // nil: nowhere
	host        string    // to advertise
	limits      edge.Limits
}
