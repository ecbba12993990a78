package discover

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstRetry = 100 * time.Millisecond // before a dial that failed is repeated
	lastRetry  = 30 * time.Second       // the longest such pause
	firstGap   = 20 * time.Millisecond  // of a burst, between the first set and the next
	lastGap    = 5 * time.Second        // the longest one
	gapFactor  = 4
)

// dials are the slots that wait for their dial and the goroutines that make it.
// The pool's mu guards it.
type dials[C any] struct {
	limit   int
	running int
	queue   []*slot[C]
	wg      sync.WaitGroup
}

func (d *dials[C]) wait() { d.wg.Wait() }

// enqueue has a slot dialled.
func (p *Pool[C]) enqueue(s *slot[C]) {
	d := &p.dials
	d.queue = append(d.queue, s)
	if d.running < d.limit {
		d.running++
		d.wg.Go(p.dialer)
	}
}

// dialer dials what is queued until nothing is.
func (p *Pool[C]) dialer() {
	for {
		s := p.next()
		if s == nil {
			return
		}
		conn, err := p.connect(s.addr())
		p.dialled(s, conn, err)
	}
}

func (p *Pool[C]) next() *slot[C] {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	d := &p.dials
	for len(d.queue) > 0 {
		s := d.queue[0]
		d.queue = d.queue[1:]
		if !s.dropped {
			return s
		}
	}
	d.running--
	if d.running == 0 {
		p.burstOver()
	}
	return nil
}

// connect dials, and survives a dial func that panics.
func (p *Pool[C]) connect(addr string) (conn C, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errDialPanicked, v)
		}
	}()
	return p.dial(addr)
}

// dialled takes the outcome of a dial.
func (p *Pool[C]) dialled(s *slot[C], conn C, err error) {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil && s.dropped:
	case err != nil:
		p.note(event{kind: "dial_failed", addr: s.addr(), err: err})
		s.retry = time.AfterFunc(pause(s.misses), func() { p.redial(s) })
		s.misses++
	case s.dropped:
		s.conn = conn
		p.closing = append(p.closing, s)
	default:
		if !s.early || s.misses > 0 { // or it was not there when the others began
			p.warmUp(s)
		}
		s.conn, s.misses = conn, 0
		p.makeReady(s)
		p.joining = append(p.joining, s)
		p.publishSoon()
	}
}

// pause is how long to wait after so many failures in a row: it doubles, and
// half of it is left to chance.
func pause(misses int) time.Duration {
	d := min(firstRetry<<min(misses, 16), lastRetry)
	return d/2 + rand.N(d/2)
}

func (p *Pool[C]) redial(s *slot[C]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.dropped && p.state != ended {
		p.enqueue(s)
	}
}

// publishSoon publishes a slot that has become ready: at once if no other is being
// dialled, else soon, together with others. The first set is no exception: who
// is dialled first should not get all the calls that have waited for it, nor one
// of a priority that is not the first. Each publication of a burst is for each
// operation a copy of much of the set, so the gaps between them grow.
func (p *Pool[C]) publishSoon() {
	switch {
	case len(p.shown) == 0 && p.dials.running == 1 && len(p.dials.queue) == 0:
		p.publish()
	case p.flush == nil:
		p.gap = min(max(p.gap*gapFactor, firstGap), lastGap)
		p.flush = time.AfterFunc(p.gap, p.flushed)
	}
}

// burstOver publishes what is ready when there is nothing more to be dialled.
func (p *Pool[C]) burstOver() {
	p.gap = 0
	if p.flush != nil && p.state != ended {
		p.publish()
	}
}

func (p *Pool[C]) flushed() {
	defer p.after()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flush != nil && p.state != ended {
		p.publish()
	}
}
