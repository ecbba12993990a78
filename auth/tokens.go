package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A Token is what a client sends to prove who it is.
type Token struct {
	Value   string
	Expires time.Time // zero if it does not
}

const (
	// fetchTimeout bounds one fetch.
	fetchTimeout = 30 * time.Second
	// fetchPause is how long to wait after a fetch that failed, and how old a token must be
	// to be dropped because a server refused it.
	fetchPause = time.Second
	// maxAhead is how long before its end a token is replaced, at most. It is a fifth of the
	// token's life if that is less.
	maxAhead = time.Minute
)

// Tokens are the tokens of one client, one at a time. A token is kept until shortly before
// it expires: a minute, or a fifth of its life if that is less. From then on the next one
// is fetched in the background, while calls use the old one. Calls that have no token wait
// for one fetch together, each until its own context ends.
//
// A token that a server has refused is dropped, unless it is younger than a second; then
// another one would be refused as well. After a fetch that failed, the next one is made
// after a second. It is safe for concurrent use, and may be shared by several clients.
type Tokens struct {
	fetch func(ctx context.Context) (Token, error) // nil: there is one token, which stays

	mu     sync.Mutex // guards the fields below
	now    *held      // nil: there is none
	flight *flight    // the fetch that runs, or nil
	failed error      // of the last fetch
	pause  time.Time  // until then, no fetch begins
}

// held is a token with the time at which it was fetched.
type held struct {
	Token

	since time.Time
}

// flight is one fetch.
type flight struct {
	done  chan struct{} // closed when the fields below are set
	token *held
	err   error
}

// NewTokens returns the Tokens that fetch returns. The context of a fetch ends after 30 s,
// and not with a call. An error of fetch is the cause of the error of the calls that wait,
// and has its code if it is an *endpoint.Error, else Unavailable.
func NewTokens(fetch func(ctx context.Context) (Token, error)) *Tokens {
	t := &Tokens{fetch: fetch}
	if fetch == nil {
		t.failed = errors.New("auth: NewTokens: the function is nil")
	}
	return t
}

// Static returns the Tokens of one value that stays, such as the key of an API.
func Static(value string) *Tokens {
	t := &Tokens{now: &held{Value: value}}
	if value == "" {
		t.now, t.failed = nil, errors.New("auth: Static: the value is empty")
	}
	return t
}

// Err returns what is wrong with the construction, or nil.
func (t *Tokens) Err() error {
	if t.fetch != nil || t.now != nil {
		return nil
	}
	if t.failed != nil {
		return t.failed
	}
	return errors.New("auth: zero Tokens; use NewTokens or Static")
}

// Token returns a token that is valid. It waits for a fetch if there is none.
func (t *Tokens) Token(ctx context.Context) (Token, error) {
	h, err := t.get(ctx)
	if err != nil {
		return Token{}, err
	}
	return h.Token, nil
}

func (t *Tokens) get(ctx context.Context) (*held, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, h, err := t.current(time.Now())
	if f == nil {
		return h, err
	}
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// current returns the token, or the fetch to wait for. It starts a fetch if one is due.
func (t *Tokens) current(now time.Time) (*flight, *held, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	valid := t.now.validAt(now)
	if t.fetch == nil || valid && !t.now.dueAt(now) {
		return nil, t.now, nil
	}
	if t.flight == nil && now.Before(t.pause) {
		if valid {
			return nil, t.now, nil
		}
		return nil, nil, t.failed
	}
	if t.flight == nil {
		t.flight = &flight{done: make(chan struct{})}
		go t.run(t.flight)
	}
	if valid {
		return nil, t.now, nil
	}
	return t.flight, nil, nil
}

func (h *held) validAt(now time.Time) bool {
	return h != nil && (h.Expires.IsZero() || now.Before(h.Expires))
}

// dueAt reports whether it is time to fetch the next token.
func (h *held) dueAt(now time.Time) bool {
	if h.Expires.IsZero() {
		return false
	}
	ahead := min(h.Expires.Sub(h.since)/5, maxAhead)
	return !now.Before(h.Expires.Add(-ahead))
}

// run makes one fetch, on a goroutine that ends with it.
func (t *Tokens) run(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	h := &held{since: time.Now()}
	returned := false
	defer func() { // even after a panic or runtime.Goexit
		if !returned {
			f.err = endpoint.NewPanicError(recover())
		}
		t.land(f, h)
	}()
	h.Token, f.err = t.fetch(ctx)
	returned = true
}

// land notes the outcome of a fetch.
func (t *Tokens) land(f *flight, h *held) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(f.done)
	t.flight = nil
	switch {
	case f.err != nil:
	case h.Value == "":
		f.err = errors.New("auth: the fetched token is empty")
	case !h.validAt(now):
		f.err = fmt.Errorf("auth: the fetched token expired at %v", h.Expires)
	}
	if f.err != nil {
		t.failed, t.pause = f.err, now.Add(fetchPause)
		return
	}
	f.token, t.now, t.failed = h, h, nil
}

// drop drops a token that a server has refused. It reports whether another one may help.
func (t *Tokens) drop(h *held) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.fetch == nil || h == nil:
		return false
	case t.now != h:
		return true // it has been replaced
	case time.Since(h.since) < fetchPause:
		return false
	}
	t.now = nil
	return true
}
