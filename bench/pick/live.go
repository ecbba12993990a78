package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// live is a pool that follows a source.
type live struct {
	target endpoint.Target[*instance] // the pool, as a client sees it
	sets   chan []discover.Instance   // what the source says next
	joined chan string                // addresses that calls go to from now on
}

// newLive returns a pool that has all of the set.
func newLive(set []discover.Instance, b discover.Balancer) *live {
	l := &live{sets: make(chan []discover.Instance), joined: make(chan string, len(set))}
	pool := discover.New(dial, discover.Balance(b), discover.OnEvent(l.event))
	l.target = pool.For(nil)
	go func() { _ = pool.Run(context.Background(), l) }() // as long as the process
	l.sets <- set
	for range set {
		<-l.joined
	}
	return l
}

func (l *live) event(_ context.Context, e endpoint.Event) {
	if e.Kind == "joined" {
		l.joined <- e.Detail
	}
}

// Watch makes live a discover.Source.
func (l *live) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		for {
			select {
			case set := <-l.sets:
				if !yield(set, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// follow exchanges one instance for the one of the address, and returns when
// calls are spread over the set.
func (l *live) follow(set []discover.Instance, addr string) {
	l.sets <- set
	for got := ""; got != addr; {
		got = <-l.joined
	}
}

// dial returns the instance that an address is the number of; what follows the
// digits is ignored.
func dial(_ context.Context, addr string) (*instance, error) {
	n, err := strconv.Atoi(addr[:addressDigits])
	return &instance{n}, err
}

const addressDigits = 5

// address is the one of the instance with a number. Their order is that of the
// numbers.
func address(i int) string { return fmt.Sprintf("%0*d", addressDigits, i) }

func instances(n int) []discover.Instance {
	set := make([]discover.Instance, n)
	for i := range set {
		set[i] = discover.Instance{Addr: address(i)}
	}
	return set
}

// weighted returns the set with the weights 1 to 4.
func weighted(n int) []discover.Instance {
	set := instances(n)
	for i := range set {
		set[i].Weight = float64(i%4 + 1)
	}
	return set
}
