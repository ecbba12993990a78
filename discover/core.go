package discover

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	errClosed = errors.New("discover: the pool is closed")
	errTwice  = errors.New("discover: Run was called before")
	errOf     = errors.New("discover: Run: a pool made by Of does not follow a source")
	errSource = errors.New("discover: Run: the source is nil")
	errWatch  = errors.New("discover: Run: Watch of the source returned nil")
)

// A core is a pool without the type of its connections. Each of its parts does one
// thing and knows no lock; the core's mu guards them all. See decision 115.
type core struct {
	config    config
	begun     time.Time                                           // zero of the pool's clock
	connect   func(ctx context.Context, addr string) (any, error) // dials; nil for a pool of a slice
	publisher interface{ publish() }                              // shows the board to the operations, with mu held
	rows      rows                                                // of failures

	mu      sync.Mutex // guards the fields below; not held in a dial, a close or an event, but in NewPicker
	roster  roster     // who is in the pool
	dials   dials      // who is being dialled
	checks  checks     // who is being probed
	board   board      // who gets calls
	burst   burst      // when the board is published
	slow    slowStart  // the weights
	grace   *time.Timer
	state   state
	known   time.Time          // when the source last yielded a set
	isFixed bool               // the set never changes, so it has no age
	cause   error              // the last error of the source, nil once it yields a set
	cancel  context.CancelFunc // of Run
	changed chan struct{}      // closed when what await waits for may have changed
	events  events             // to be emitted without the lock
	closing []*slot            // whose connections are to be closed without the lock
}

type state uint8

const (
	idle state = iota
	running
	ended
)

func newCore(c config) *core {
	p := &core{config: c, begun: time.Now(), changed: make(chan struct{})}
	p.slow.period = c.slowStart
	p.roster.slow = &p.slow
	p.roster.strict = c.grace == 0
	p.roster.tally.zone = c.zone
	p.roster.tally.tiers = make(map[tier]standing)
	p.dials.limit, p.dials.timeout = c.dials, c.dialTime
	return p
}

// now reads the pool's clock: nanoseconds since it was made, never 0.
func (c *core) now() int64 { return int64(time.Since(c.begun)) + 1 }
