package discover

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
)

// event is an endpoint.Event of a pool in short.
type event struct {
	kind, addr string
	delay      time.Duration
	err        error
}

// note keeps an event until the lock, which the caller holds, is given back.
func (p *Pool[C]) note(e event) { p.notes = append(p.notes, e) }

// after does what may not be done with the lock held. Whoever takes the lock to
// change something defers it before.
func (p *Pool[C]) after() {
	p.tell()
	p.mu.Lock()
	closing := p.closing
	p.closing = nil
	p.mu.Unlock()
	for _, s := range closing {
		p.close(s)
	}
}

// tell emits the events, in the order in which they were noted: who is at it also
// tells what is noted meanwhile.
func (p *Pool[C]) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.telling && len(p.notes) > 0 {
		notes := p.notes
		p.notes, p.telling = nil, true
		p.emitAll(notes)
	}
}

// emitAll gives the lock back for as long as it takes, also to a func that panics.
func (p *Pool[C]) emitAll(notes []event) {
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.telling = false
	}()
	for _, e := range notes {
		p.emit(e)
	}
}

func (p *Pool[C]) emit(e event) {
	if p.config.onEvent != nil {
		p.config.onEvent(context.Background(), endpoint.Event{
			Source: "pool", Name: p.config.name, Kind: e.kind, Detail: e.addr, Delay: e.delay, Err: e.err,
		})
	}
}

// Age returns how long ago the source last yielded a set, zero before the
// first.
func (p *Pool[C]) Age() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known.IsZero() {
		return 0
	}
	return time.Since(p.known)
}

// Gauges yields the figures of the pool: instances (that the source names or
// that are kept though it does not), serving (that get calls), ejected,
// age_seconds (as of Age), and for each instance, with its address as Detail,
// pending (calls in flight) and weight. The Source is "pool".
func (p *Pool[C]) Gauges(yield func(endpoint.Gauge) bool) {
	for _, g := range p.gauges() {
		g.Source, g.Name = "pool", p.config.name
		if !yield(g) {
			return
		}
	}
}

func (p *Pool[C]) gauges() []endpoint.Gauge {
	age := p.Age()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]endpoint.Gauge, 4, 4+2*len(p.slots))
	for _, s := range p.slots {
		m := Member{host: &s.host}
		all = append(all,
			endpoint.Gauge{Metric: "pending", Detail: s.addr(), Value: float64(m.Pending())},
			endpoint.Gauge{Metric: "weight", Detail: s.addr(), Value: m.Weight()})
	}
	all[0] = endpoint.Gauge{Metric: "instances", Value: float64(len(p.slots))}
	all[1] = endpoint.Gauge{Metric: "serving", Value: float64(len(p.shown))}
	all[2] = endpoint.Gauge{Metric: "ejected", Value: float64(p.tally.ejected)}
	all[3] = endpoint.Gauge{Metric: "age_seconds", Value: age.Seconds()}
	return all
}
