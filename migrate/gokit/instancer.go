package gokit

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-kit/kit/sd"
	"github.com/typedkit/endpoint/discover"
)

// ToInstancer returns an instancer of go-kit that finds the addresses of source. It watches
// the source from now on, and has one goroutine for that and one for each channel that is
// registered, so a channel that is not read delays no other. Stop ends all of them, waits for
// them, and sends nothing more. Deregister waits until nothing more is sent to its channel,
// which may then be closed.
//
// A channel gets the last event, once there is one, and then each newer one. One that is read
// slowly misses events, but never the last. When the source ends by itself, the last event
// stands. A nil source is an event with an error.
func ToInstancer(source discover.Source) sd.Instancer {
	ctx, cancel := context.WithCancel(context.Background())
	i := &instancer{cancel: cancel, feeds: map[chan<- sd.Event]*feed{}}
	if source == nil {
		i.publish(sd.Event{Err: errors.New("gokit: ToInstancer: the source is nil")})
		return i
	}
	i.work.Go(func() {
		for set, err := range source.Watch(ctx) {
			if err != nil {
				i.publish(sd.Event{Err: err})
				continue
			}
			e := sd.Event{Instances: make([]string, len(set))}
			for n, in := range set {
				e.Instances[n] = in.Addr
			}
			i.publish(e)
		}
	})
	return i
}

// instancer is what ToInstancer returns.
type instancer struct {
	cancel context.CancelFunc
	work   sync.WaitGroup // the watch and the feeds

	mu      sync.Mutex // guards the fields below; never held while an event is sent
	last    *sd.Event
	feeds   map[chan<- sd.Event]*feed
	stopped bool
}

// A feed sends events to a channel.
type feed struct {
	to   chan<- sd.Event
	news chan struct{} // holds one when there is a newer event
	quit chan struct{}
	done chan struct{}
}

// Register starts to send events to ch, without waiting for that. A second call for the same
// channel, and one after Stop, does nothing.
func (i *instancer) Register(ch chan<- sd.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped || i.feeds[ch] != nil {
		return
	}
	f := &feed{to: ch, news: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	i.feeds[ch] = f
	if i.last != nil {
		f.wake()
	}
	i.work.Go(func() { i.run(f) })
}

// Deregister ends that.
func (i *instancer) Deregister(ch chan<- sd.Event) {
	i.mu.Lock()
	f := i.feeds[ch]
	delete(i.feeds, ch)
	i.mu.Unlock()
	if f != nil {
		close(f.quit)
		<-f.done
	}
}

// Stop ends the watch and all feeds.
func (i *instancer) Stop() {
	i.mu.Lock()
	i.stopped = true
	for _, f := range i.feeds {
		close(f.quit)
	}
	clear(i.feeds)
	i.mu.Unlock()
	i.cancel()
	i.work.Wait()
}

// publish makes e the last event.
func (i *instancer) publish(e sd.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = &e
	for _, f := range i.feeds {
		f.wake()
	}
}

// wake tells the feed that there is a newer event.
func (f *feed) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// run sends the last event whenever there is a newer one. Each is a copy, because go-kit's
// endpointers sort it in place.
func (i *instancer) run(f *feed) {
	defer close(f.done)
	for {
		select {
		case <-f.quit:
			return
		case <-f.news:
		}
		i.mu.Lock()
		e := *i.last
		i.mu.Unlock()
		e.Instances = slices.Clone(e.Instances)
		select {
		case <-f.quit:
			return
		case f.to <- e:
		}
	}
}
