package gokit

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/go-kit/kit/sd"
	"github.com/typedkit/endpoint/discover"
)

// Source returns the source of the instances that i finds, each of them an address. It does
// not stop i: call i.Stop when no Watch runs any more. After an outage of its registry,
// an instancer of go-kit may yield a set that is not complete yet: see [discover.Settled].
//
// A Watch ends when i.Deregister has returned, or 5 seconds after the end of its context or loop.
// go-kit's instancers send to one channel after the other, so a channel that nothing in the program
// reads blocks Register and Deregister, which cannot be cancelled. The goroutines of the Watch
// then go on by themselves until they return.
func Source(i sd.Instancer) discover.Source {
	return discover.SourceFunc(func(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
		return func(yield func([]discover.Instance, error) bool) {
			if i == nil {
				yield(nil, errors.New("gokit: Source: the instancer is nil"))
				return
			}
			box, done := newMailbox(), make(chan struct{})
			ctx, cancel := context.WithCancel(ctx)
			defer awaitKit(done)
			defer cancel()
			go func() {
				defer close(done)
				box.fill(ctx, i)
			}()
			box.read(ctx, yield)
		}
	})
}

// A mailbox keeps the last set and the error after it, so that an instancer never waits for
// a slow loop.
type mailbox struct {
	news chan struct{} // holds one when there is something to read

	mu     sync.Mutex // guards the fields below
	set    []discover.Instance
	hasSet bool
	err    error
}

func newMailbox() *mailbox { return &mailbox{news: make(chan struct{}, 1)} }

// fill registers at i and puts its events into the box until ctx has ended. It reads them
// until i has forgotten the channel, because i waits for each of them to be read.
func (b *mailbox) fill(ctx context.Context, i sd.Instancer) {
	events, gone := make(chan sd.Event), make(chan struct{})
	var registration sync.WaitGroup
	defer registration.Wait()
	registration.Go(func() {
		defer close(gone)
		i.Register(events)
		<-ctx.Done()
		i.Deregister(events)
	})
	for {
		select {
		case e := <-events:
			b.put(e)
		case <-gone:
			return
		}
	}
}

// put puts an event into the box.
func (b *mailbox) put(e sd.Event) {
	b.mu.Lock()
	b.err = e.Err
	if e.Err == nil {
		b.set, b.hasSet = setOf(e.Instances), true
	}
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// read yields what is in the box until ctx has ended or yield says so.
func (b *mailbox) read(ctx context.Context, yield func([]discover.Instance, error) bool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.news:
		}
		b.mu.Lock()
		set, hasSet, err := b.set, b.hasSet, b.err
		b.set, b.hasSet, b.err = nil, false, nil
		b.mu.Unlock()
		if ctx.Err() != nil || hasSet && !yield(set, nil) || err != nil && !yield(nil, err) {
			return
		}
	}
}

// setOf returns the set of addresses.
func setOf(addrs []string) []discover.Instance {
	set := make([]discover.Instance, len(addrs))
	for i, addr := range addrs {
		set[i].Addr = addr
	}
	return discover.Sorted(set)
}
