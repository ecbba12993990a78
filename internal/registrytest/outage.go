package registrytest

import (
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// An outage is a way in which the registry is away. Either leave and comeBack are of its
// server, or the network has a condition.
type outage struct {
	name            string
	leave, comeBack func(p *Process)
	network         condition
}

func outages() []outage {
	return []outage{
		{name: "the registry is silent", leave: (*Process).Stop, comeBack: (*Process).Continue},
		{name: "the registry is killed", leave: (*Process).Kill, comeBack: (*Process).Start},
		{name: "the registry is killed and loses its data", leave: (*Process).Kill, comeBack: (*Process).StartEmpty},
		{name: "the registry is restarted and loses its data", leave: func(p *Process) { p.Kill(); p.StartEmpty() }},
		{name: "the network resets connections", network: resetting},
		{name: "the network loses everything", network: losing},
	}
}

// outage lets the registry be away.
func (s Suite) outage(t *testing.T, o outage) {
	t.Helper()
	p := s.Start(t)
	n := newNetwork(t, p.Addr)
	addr := p.Addr
	if o.network != passing {
		addr = n.addr // otherwise the clients reach the server itself
	}
	r := s.Registry(t, addr, service)
	set := []discover.Instance{instance("192.0.2.1:80"), instance("192.0.2.2:80"), instance("192.0.2.3:80")}
	w := watch(t, "the watch of before", r)
	registrations := make([]*registration, len(set))
	for i, in := range set {
		registrations[i] = register(t, r, in)
	}
	w.want(patience, set...)

	w.freeze()
	o.begin(p, n)
	if o.lasts() {
		after(t, s.Outage)
	}
	o.end(p, n)
	returned := time.Now()
	fresh := watch(t, "a watch of afterwards", s.Registry(t, p.Addr, service))
	after(t, comeback)
	fresh.want(time.Until(returned.Add(comeback+comeback/10)), set...)
	fresh.freeze()
	t.Logf("the registry knows its instances %v after its return; the watch saw %d errors",
		fresh.last().Sub(returned).Round(time.Millisecond), w.failures())
	after(t, 2*comeback)
	fresh.thaw()
	w.thaw()

	late := instance("192.0.2.4:80")
	last := register(t, s.Registry(t, p.Addr, service), late)
	w.want(patience, append(set, late)...)
	last.end()
	for _, r := range registrations {
		r.end()
	}
	w.want(patience)
}

func (o outage) begin(p *Process, n *network) {
	if o.leave != nil {
		o.leave(p)
	}
	n.set(o.network)
}

func (o outage) end(p *Process, n *network) {
	if o.comeBack != nil {
		o.comeBack(p)
	}
	n.set(passing)
}

// lasts reports whether begin leaves the registry away.
func (o outage) lasts() bool { return o.comeBack != nil || o.network != passing }

// slowNetwork has a network that takes its time. Everything works.
func (s Suite) slowNetwork(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	n := newNetwork(t, p.Addr)
	n.set(delaying)
	r := s.Registry(t, n.addr, service)
	w := watch(t, "the watch", r)
	a, b := instance("192.0.2.1:80"), instance("192.0.2.2:80")
	first := register(t, r, a)
	second := register(t, r, b)
	w.want(patience, a, b)
	w.freeze()
	after(t, min(s.Outage, 2*s.Lease))
	w.thaw()
	first.end()
	w.want(patience, b)
	second.end()
	w.want(patience)
	if w.failures() > 0 {
		t.Errorf("the source yields errors because of a delay of %v: %q", delay, w.errs)
	}
}

// quiet has a registry in which nothing changes: that is no outage.
func (s Suite) quiet(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	in := instance("192.0.2.1:80")
	first := watch(t, "the watch of before", s.Registry(t, p.Addr, service))
	register(t, s.Registry(t, p.Addr, service), in)
	first.want(patience, in)
	after(t, comeback)
	w := watch(t, "a watch of afterwards", s.Registry(t, p.Addr, service))
	empty := watch(t, "a watch of another service", s.Registry(t, p.Addr, "empty"))
	after(t, max(s.Outage, 2*s.Lease))
	for _, w := range []*watcher{first, w, empty} {
		if w.failures() > 0 {
			t.Errorf("%s: errors though the registry answers: %q", w.name, w.errs)
		}
	}
}

// twoRegistrars has two clients that register the same instance, as two processes do when
// the second one starts before the first one has ended.
func (s Suite) twoRegistrars(t *testing.T) {
	t.Helper()
	p := s.Start(t)
	in := instance("192.0.2.1:80")
	w := watch(t, "the watch", s.Registry(t, p.Addr, service))
	first := register(t, s.Registry(t, p.Addr, service), in)
	w.want(patience, in)
	second := register(t, s.Registry(t, p.Addr, service), in)
	after(t, comeback) // nothing shows when the second one is known
	w.freeze()
	first.end()
	after(t, comeback)
	w.thaw()
	third := register(t, s.Registry(t, p.Addr, service), in)
	after(t, comeback)
	w.freeze()
	third.end()
	after(t, comeback)
	w.thaw()
	second.end()
	w.want(patience)
}
