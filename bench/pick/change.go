package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/kit/sd/lb"
	"github.com/typedkit/endpoint/discover"
)

// The groups of what happens when one of many instances is another.
const (
	groupChange = "one of 10,000 changes"
	groupRead   = "one of 10,000 changes, all addresses read anew"
	groupBeside = "picks while one of 10,000 changes every 5 ms"
)

const (
	changed     = 10_000 // instances of which one changes
	changeEvery = 5 * time.Millisecond
)

// A changer is a balancer over instances of which one is exchanged.
type changer struct {
	exchange func() // makes one instance another, and waits until picks know
	run      func(n int) error
}

// newChanger returns one whose sets have the strings of the set before, but for
// what changed, or, with read, strings of their own, as of a source that reads
// them each time.
func newChanger(kind string, read bool) (*changer, error) {
	switch kind {
	case kindLeastRequest:
		a := instances(changed)
		l := newLive(a, discover.LeastRequest())
		b := slices.Clone(a)
		b[changed/2].Addr += "x"
		if read {
			for i := range b {
				b[i].Addr = strings.Clone(b[i].Addr)
			}
		}
		return &changer{
			exchange: func() { a, b = b, a; l.follow(a, a[changed/2].Addr) },
			run:      func(n int) error { return spin(l.target, n) },
		}, nil
	case kindKit:
		e, source := newKit(changed)
		a := addresses(changed)
		b := slices.Clone(a)
		b[changed/2] += "x"
		if read {
			for i := range b {
				b[i] = strings.Clone(b[i])
			}
		}
		picker := lb.NewRoundRobin(e)
		return &changer{
			exchange: func() { a, b = b, a; source.follow(a) },
			run:      func(n int) error { return spinKit(picker, n) },
		}, nil
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

// change makes n changes.
func (c *changer) change(n int) error {
	for range n {
		c.exchange()
	}
	return c.run(1)
}

// beside picks n times while changes are made.
func (c *changer) beside(n int) error {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(changeEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.exchange()
			case <-done:
				return
			}
		}
	}()
	err := c.run(n)
	close(done)
	<-ended
	return err
}
