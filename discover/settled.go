package discover

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"
)

// Settled returns a Source whose set outlives an outage of the registry behind source, in
// which registrations may have ended. When source tells again after an error, an instance
// that it named before the error stays for d, whether source names it or not, so that it has
// the time to register again. What source says of an instance that it names counts. After d,
// the set is that of source.
//
// An instance that has really gone stays for d as well; calls find that out. Without an
// error of source, Settled changes nothing. 5 s are enough for instances that register
// within two seconds. Sources of registries of this project are settled already. If source
// is nil or d is not positive, Watch yields an error and ends.
func Settled(source Source, d time.Duration) Source {
	return settled{source, d}
}

// settled is what Settled returns. See decision 183.
type settled struct {
	source Source
	d      time.Duration
}

// told is what a source yields.
type told struct {
	set []Instance
	err error
}

// Watch follows the source.
func (s settled) Watch(ctx context.Context) iter.Seq2[[]Instance, error] {
	return func(yield func([]Instance, error) bool) {
		if err := s.err(); err != nil {
			yield(nil, err)
			return
		}
		var following sync.WaitGroup
		defer following.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		news := make(chan told)
		following.Go(func() { follow(ctx, s.source, news) })
		s.settle(news, yield)
	}
}

func (s settled) err() error {
	if s.source == nil {
		return errors.New("discover: Settled: the source is nil")
	}
	if s.d <= 0 {
		return errors.New("discover: Settled: the time must be positive")
	}
	return nil
}

// follow sends what the source yields, until ctx ends or the source does.
func follow(ctx context.Context, source Source, news chan<- told) {
	defer close(news)
	for set, err := range source.Watch(ctx) {
		select {
		case news <- told{set, err}:
		case <-ctx.Done():
			return
		}
	}
}

// settle yields what is told, until there is no more or yield says so.
func (s settled) settle(news <-chan told, yield func([]Instance, error) bool) {
	var (
		latest []Instance // of the source
		kept   []Instance // of before the outage
		shown  []Instance // was yielded last
		failed bool
	)
	timer := time.NewTimer(s.d)
	timer.Stop()
	defer timer.Stop()
	for {
		var n told
		select {
		case <-timer.C:
			kept, n.set = nil, latest
		case next, ok := <-news:
			if !ok {
				return
			}
			n = next
		}
		if n.err != nil {
			failed = true
			timer.Stop()
			if !yield(nil, n.err) {
				return
			}
			continue
		}
		if failed {
			failed, kept = false, shown
			timer.Reset(s.d)
		}
		latest, shown = n.set, n.set
		if kept != nil {
			shown = Sorted(slices.Concat(n.set, kept))
		}
		if !yield(shown, nil) {
			return
		}
	}
}
