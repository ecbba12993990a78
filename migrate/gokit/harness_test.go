package gokit_test

import (
	"slices"
	"sync"

	"github.com/go-kit/kit/sd"
)

// registry is an instancer of go-kit over a list in memory, which sends as those of go-kit do:
// under its lock, to one channel after the other, and to a new one the state so far.
type registry struct {
	mu       sync.Mutex
	addrs    []string
	broken   error
	channels []chan<- sd.Event
}

func (r *registry) Register(ch chan<- sd.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.channels = append(r.channels, ch)
	ch <- r.event()
}

func (r *registry) Deregister(ch chan<- sd.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.channels = slices.DeleteFunc(r.channels, func(c chan<- sd.Event) bool { return c == ch })
}

func (*registry) Stop() {}

// update changes the registry and tells the channels.
func (r *registry) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	for _, ch := range r.channels {
		ch <- r.event()
	}
}

func (r *registry) event() sd.Event {
	if r.broken != nil {
		return sd.Event{Err: r.broken}
	}
	return sd.Event{Instances: slices.Clone(r.addrs)}
}

func (r *registry) listeners() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.channels)
}
