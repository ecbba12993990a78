package redislimit

import (
	"sync"
	"time"
)

// cooldown is the time between two probes.
const cooldown = 100 * time.Millisecond

// A circuit remembers whether Redis answers. It is closed while Redis does, and the
// first failure opens it. A probe that succeeds closes it again.
//
// It is not a breaker of package resilience, because one that opens would leave the
// calls that already wait to their own time-outs. See decision 184.
type circuit struct {
	mu  sync.Mutex // guards the field below, and the fields of periods
	now *period
}

// A period begins when the circuit closes, and goes on while it is open after that.
type period struct {
	opened chan struct{} // closed when the circuit opens

	// Written before opened is closed.
	err error  // the failure
	key string // the key whose question failed

	probing   bool
	nextProbe time.Time
}

func newPeriod() *period { return &period{opened: make(chan struct{})} }

func newCircuit() *circuit { return &circuit{now: newPeriod()} }

// current returns the current period.
func (c *circuit) current() *period {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// isOpen reports whether the circuit has opened in the period.
func (p *period) isOpen() bool {
	select {
	case <-p.opened:
		return true
	default:
		return false
	}
}

// open opens the circuit, and with that ends the wait of all questions of the period.
// A failure of an earlier period is ignored: Redis has answered since.
func (c *circuit) open(p *period, key string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != p || p.isOpen() {
		return
	}
	p.err, p.key = err, key
	p.nextProbe = time.Now().Add(cooldown)
	close(p.opened)
}

// startProbe reports whether the caller is to probe Redis now, and then endProbe must
// follow. There is one probe at a time.
func (c *circuit) startProbe(p *period) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != p || p.probing || time.Now().Before(p.nextProbe) {
		return false
	}
	p.probing = true
	return true
}

// endProbe closes the circuit if Redis answered the probe.
func (c *circuit) endProbe(p *period, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered {
		c.now = newPeriod()
		return
	}
	p.probing = false
	p.nextProbe = time.Now().Add(cooldown)
}
