package balance

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
)

// The parameters of Prequal, as its paper has them.
const (
	probesPerCall  = 3           // r_probe
	removePerCall  = 1           // r_remove
	probePool      = 16          // m
	probeAge       = time.Second // after which a probe is not used
	hotQuantile    = 0.84        // Q_RIF: 2^-0.25
	reuseSlack     = 1.0         // δ of the reuse budget
	recentRIFs     = 128         // answers from which the threshold of "hot" is taken
	recentLatency  = 16          // calls from which a replica estimates its latency
	fewestToChoose = 2           // probes without which a replica is picked at random
)

// preq is Prequal, in its asynchronous mode: each call sends probes to replicas
// at random, whose answers (requests in flight and an estimate of the latency)
// serve later calls. A client picks by "hot-cold lexicographic": of the probes
// with few requests in flight the one with the least latency, and if all have
// many, the one with the fewest.
type preq struct {
	w       *world
	clients []prober
	known   []estimates // of each replica
}

// A prober is one client.
type prober struct {
	probes []probe
	rifs   []int // of the last answers
	worst  bool  // what is removed next: the worst probe, or the oldest
}

// A probe is an answer.
type probe struct {
	replica int
	rif     int // requests in flight
	latency time.Duration
	at      time.Duration
	uses    float64 // left
}

// estimates are a replica's calls of late, by the requests that were in flight
// when they came.
type estimates map[int][]time.Duration

func newPrequal(w *world) *preq {
	p := &preq{w: w, clients: make([]prober, w.clients), known: make([]estimates, len(w.replicas))}
	for i := range p.known {
		p.known[i] = estimates{}
	}
	return p
}

func (p *preq) acquire(client int) (int, endpoint.Token) {
	c := &p.clients[client]
	for _, i := range p.targets() {
		p.probe(c, i)
	}
	c.expire(p.w.sim.now)
	i := p.choose(c)
	for range removePerCall {
		c.remove()
	}
	rif := p.w.replicas[i].pending()
	return i, endpoint.Token{N: int64(p.w.sim.now), P: rif}
}

// targets returns the replicas that a call probes: drawn at random, none twice.
func (p *preq) targets() []int {
	n := len(p.w.replicas)
	drawn := make([]int, 0, probesPerCall)
	for len(drawn) < min(probesPerCall, n) {
		if i := p.w.random.IntN(n); !slices.Contains(drawn, i) {
			drawn = append(drawn, i)
		}
	}
	return drawn
}

// choose returns the replica for a call.
func (p *preq) choose(c *prober) int {
	if len(c.probes) < fewestToChoose {
		return p.w.random.IntN(len(p.w.replicas))
	}
	k := c.best()
	chosen := &c.probes[k]
	i := chosen.replica
	chosen.rif++ // until the next probe tells
	if chosen.uses--; chosen.uses < 1 && p.w.random.Float64() >= chosen.uses {
		c.probes = slices.Delete(c.probes, k, k+1)
	}
	return i
}

// release records how long the call took at the replica.
func (p *preq) release(_, i int, t endpoint.Token, _ error) {
	rif, ok := t.P.(int)
	if !ok {
		return
	}
	recent := append(p.known[i][rif], p.w.sim.now-time.Duration(t.N))
	p.known[i][rif] = recent[max(0, len(recent)-recentLatency):]
}

// probe asks a replica; the answer comes after the way there and back.
func (p *preq) probe(c *prober, i int) {
	p.w.sim.after(probeTrip, func() {
		rif := p.w.replicas[i].pending()
		answer := probe{replica: i, rif: rif, latency: p.known[i].at(rif)}
		p.w.sim.after(probeTrip, func() {
			answer.at, answer.uses = p.w.sim.now, p.reuse()
			c.take(answer)
		})
	})
}

// reuse is how often a probe may be used, so that the pool stays filled.
func (p *preq) reuse() float64 {
	share := float64(probePool) / float64(len(p.w.replicas))
	spare := (1-share)*probesPerCall - removePerCall
	if spare <= 0 {
		return math.Inf(1)
	}
	return max(1, (1+reuseSlack)/spare)
}

// at returns the median latency of the calls that came when about so many were in
// flight.
func (e estimates) at(rif int) time.Duration {
	nearest, distance := -1, math.MaxInt
	for n := range e {
		d := max(n-rif, rif-n)
		if d < distance || d == distance && n < nearest {
			nearest, distance = n, d
		}
	}
	return quantile(slices.Clone(e[nearest]), 0.5)
}

// take keeps an answer; the oldest gives way to it.
func (c *prober) take(p probe) {
	c.rifs = append(c.rifs, p.rif)
	c.rifs = c.rifs[max(0, len(c.rifs)-recentRIFs):]
	if len(c.probes) >= probePool {
		c.probes = slices.Delete(c.probes, 0, 1)
	}
	c.probes = append(c.probes, p)
}

func (c *prober) expire(now time.Duration) {
	c.probes = slices.DeleteFunc(c.probes, func(p probe) bool { return now-p.at > probeAge })
}

// hot is the number of requests in flight from which a replica is hot.
func (c *prober) hot() int {
	sorted := slices.Sorted(slices.Values(c.rifs))
	return sorted[min(int(hotQuantile*float64(len(sorted))), len(sorted)-1)]
}

// order compares probes, the better one first.
func (c *prober) order() func(a, b probe) int {
	hot := c.hot()
	return func(a, b probe) int {
		switch aHot, bHot := a.rif > hot, b.rif > hot; {
		case aHot && bHot:
			return cmp.Compare(a.rif, b.rif)
		case aHot:
			return 1
		case bHot:
			return -1
		}
		return cmp.Compare(a.latency, b.latency)
	}
}

// best returns the index of the probe to use.
func (c *prober) best() int {
	order, best := c.order(), 0
	for k := range c.probes {
		if order(c.probes[k], c.probes[best]) < 0 {
			best = k
		}
	}
	return best
}

// remove drops the worst probe and the oldest in turn: what is bad stays bad in
// the pool because nobody uses it.
func (c *prober) remove() {
	c.worst = !c.worst
	if len(c.probes) == 0 {
		return
	}
	k := 0
	if c.worst {
		order := c.order()
		for i := range c.probes {
			if order(c.probes[i], c.probes[k]) > 0 {
				k = i
			}
		}
	}
	c.probes = slices.Delete(c.probes, k, k+1)
}
