package jwtx

import (
	"context"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

const (
	// fetchTimeout bounds a fetch, with all its requests.
	fetchTimeout = 5 * time.Second
	// pauseKnown is the least time between the starts of two fetches while keys are known,
	// whatever tokens strangers send.
	pauseKnown = 10 * time.Second
	// pauseUnknown is the same while none are.
	pauseUnknown = time.Second
)

// errUnavailable is the error of a call whose token cannot be verified without newer keys.
var errUnavailable = endpoint.Errorf(endpoint.Unavailable, "tokens cannot be verified at present")

// keys are the keys of an issuer, and when they are fetched again.
type keys struct {
	fetch         func(ctx context.Context) (*keySet, error) // read-only, as the next line
	refresh, keep time.Duration

	mu     sync.Mutex // guards the fields below
	set    *keySet    // nil: none was fetched
	since  time.Time  // the start of the fetch that confirmed the set
	began  time.Time  // the start of the last fetch
	flight *flight    // the fetch that runs, or nil
	failed error      // of the last fetch
}

// flight is one fetch.
type flight struct {
	done chan struct{} // closed when the fetch has ended
	err  error         // set before
}

// get returns the set in use. A call waits for a fetch if no set is in use, or if the set
// was not confirmed for long because there were no calls. No call waits while the issuer does
// not answer.
func (k *keys) get(ctx context.Context) (*keySet, error) {
	set, f, err := k.current(time.Now())
	if f == nil {
		return set, err
	}
	if err := f.wait(ctx); err == nil || set == nil {
		return k.result(err)
	}
	return set, nil
}

// current returns the set in use, and the fetch to wait for before it is used. It starts a
// fetch if one is due.
func (k *keys) current(now time.Time) (*keySet, *flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := now.Sub(k.since)
	if k.set != nil && age < k.refresh {
		return k.set, nil, nil
	}
	set := k.set
	if age >= k.keep {
		set = nil
	}
	k.begin(now, set == nil)
	switch wait := k.flight != nil && k.failed == nil; {
	case wait && (set == nil || age >= 2*k.refresh):
		return set, k.flight, nil
	case set == nil:
		return nil, nil, errUnavailable.WithCause(k.failed)
	default:
		return set, nil, nil
	}
}

// newest returns the set after a fetch, for which it waits if enough time has passed since
// the last one.
func (k *keys) newest(ctx context.Context) (*keySet, error) {
	k.mu.Lock()
	k.begin(time.Now(), false)
	set, f, failed := k.set, k.flight, k.failed
	k.mu.Unlock()
	switch {
	case failed != nil: // whether the issuer has the key is not known
		return nil, errUnavailable.WithCause(failed)
	case f == nil:
		return set, nil
	}
	return k.result(f.wait(ctx))
}

// begin starts a fetch, unless one runs or the last one started a short time ago. none
// reports that no keys are in use. The caller holds mu.
func (k *keys) begin(now time.Time, none bool) {
	pause := pauseKnown
	if none {
		pause = pauseUnknown
	}
	if k.flight != nil || now.Sub(k.began) < pause {
		return
	}
	k.began, k.flight = now, &flight{done: make(chan struct{})}
	go k.run(k.flight, now)
}

// wait waits for the end of the fetch, or of ctx.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		if f.err != nil {
			return errUnavailable.WithCause(f.err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// result returns the set in use after a wait.
func (k *keys) result(err error) (*keySet, error) {
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set, nil
}

// run makes one fetch, on a goroutine that ends with it.
func (k *keys) run(f *flight, began time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	var set *keySet
	returned := false
	defer func() { // even after a panic or runtime.Goexit
		if !returned {
			f.err = endpoint.NewPanicError(recover())
		}
		k.land(f, set, began)
	}()
	set, f.err = k.fetch(ctx)
	returned = true
}

// land notes the outcome of a fetch. A set with the same keys stays the one in use, with the
// tokens that were verified by it.
func (k *keys) land(f *flight, set *keySet, began time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(f.done)
	k.flight, k.failed = nil, f.err
	if f.err != nil {
		return
	}
	if k.set == nil || !k.set.equal(set) {
		k.set = set
	}
	k.since = began
}
