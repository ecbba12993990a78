package redislimit

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrUnavailable is wrapped by the errors of a [Throttle] that gets no answer from Redis.
var ErrUnavailable = errors.New("redislimit: Redis does not answer")

const (
	// DefaultTimeout is how long a [Throttle] waits for Redis, unless [Timeout] says
	// otherwise.
	DefaultTimeout = 50 * time.Millisecond
	// probeWait is how long the call that starts a probe waits for its result.
	probeWait = 3 * time.Millisecond
	// maxQuestions bounds the questions of a Throttle to Redis at the same time. Each
	// has a goroutine, and only as many connections as the client's pool has.
	maxQuestions = 1024
	// maxRefill is how long a bucket may take to fill.
	maxRefill = 366 * 24 * time.Hour
)

// A Throttle is a limit that is kept in Redis, a resilience.Throttle. Each key has a
// token bucket (GCRA), which starts full. All processes that use the same Redis and the
// same name share it. A refused call takes no token. The clock is that of Redis.
//
// One call of Redis decides: a script, which Redis runs by its hash or, if it has lost
// it, from its text. It uses a single key, so any node of a cluster can run it. When the
// answer is lost, go-redis asks again, and a call may take two tokens.
//
// # When Redis is away
//
// The first question that fails, or has no answer after [Timeout], opens a circuit: all
// calls that wait for Redis, and those that follow, fail at once with [ErrUnavailable].
// Whether they then pass or are rejected is up to the Quota. At most every 100 ms a call
// also starts a probe that takes no token, and waits up to 3 ms for it. When it is
// answered, the circuit closes. There is one circuit for all keys, so a node of a cluster
// that is away lifts the limit of all, until the key that failed is served again.
//
// A question that a caller no longer waits for goes on, so callers with short deadlines
// neither open the circuit nor cost connections. It ends with the client's own time-outs,
// which are 5 s by default. With ContextTimeoutEnabled in the client's options it ends
// after [Timeout] and frees its connection. There are at most 1024 questions at a time;
// further calls wait for one to end.
//
// # Memory of Redis
//
// Keys are "limit:NAME:KEY", of at most 142 bytes: a KEY of more than 64 bytes is
// replaced by its SHA-256. A value has at most 30 bytes. A key exists while its bucket is
// not full, at most burst/perSecond seconds after its last call, and a refused call makes
// none. So strangers who choose their keys can make no more of them than there are calls
// in that time. If that is too many, give Redis a maxmemory with the policy volatile-ttl,
// which removes the fullest buckets first.
//
// The zero Throttle fails; make one with [New]. A Throttle is safe for concurrent use. It
// does not close the client.
type Throttle struct {
	client  redis.UniversalClient
	script  *redis.Script
	prefix  string
	limit   limit
	timeout time.Duration
	faults  []error
	circuit *circuit      // nil unless made by New
	slots   chan struct{} // one element for each question
}

// An Answer is the decision about a call.
type Answer struct {
	OK         bool          // the call may pass, and has taken a token
	Remaining  int           // tokens that are left
	RetryAfter time.Duration // until the next token, in whole milliseconds; 0 if OK
}

// An Option is an option of [New].
type Option interface{ apply(t *Throttle) }

type option func(t *Throttle)

func (o option) apply(t *Throttle) { o(t) }

// Timeout sets how long a [Throttle] waits for Redis before it takes it to be away. The
// default is [DefaultTimeout]: an answer takes less than a millisecond within a data
// center, and pauses of Redis and of this process are mostly shorter than 50 ms, which is
// half of what a Quota waits. d must be positive.
func Timeout(d time.Duration) Option {
	return option(func(t *Throttle) {
		t.timeout = d
		t.check(d > 0, "Timeout(%v), want a positive time", d)
	})
}

// New returns a Throttle that lets perSecond calls a second of each key pass, and burst
// of them at once. All processes should give a name the same two values.
//
// The name is for this limit alone, among all programs that use the same Redis. It has 1
// to 64 letters, digits and characters of "._-/". perSecond must be positive and at most
// a million; it is rounded to whole nanoseconds between two calls. burst must be
// positive, and burst/perSecond at most a year. NewQuota reports faults in the arguments.
func New(client redis.UniversalClient, name string, perSecond float64, burst int, opts ...Option) *Throttle {
	t := &Throttle{
		client: client, script: redis.NewScript(gcra), prefix: prefixOf(name), limit: limitOf(perSecond, burst),
		timeout: DefaultTimeout, circuit: newCircuit(), slots: make(chan struct{}, maxQuestions),
	}
	t.check(!isNil(client), "the client is nil")
	t.check(isName(name), "name %.100q, want 1 to %d letters, digits and ._-/", name, maxName)
	isRate := t.check(perSecond > 0 && perSecond <= 1e6, "%v calls a second, want a positive number up to a million", perSecond)
	isBurst := t.check(burst > 0, "a burst of %d calls, want a positive number", burst)
	if isRate && isBurst {
		refill := float64(burst) / perSecond * float64(time.Second)
		t.check(refill <= float64(maxRefill), "a burst of %d at %v calls a second takes more than a year to fill", burst, perSecond)
	}
	for i, o := range opts {
		if t.check(o != nil, "option %d is nil", i) {
			o.apply(t)
		}
	}
	return t
}

// Err returns the faults of the construction, joined, or nil.
func (t *Throttle) Err() error {
	if t == nil || t.circuit == nil {
		return errors.New("redislimit: Throttle: make it with New")
	}
	return errors.Join(t.faults...)
}

// Allow takes a token of key's. If there is none, retryAfter is the time until the next,
// in whole milliseconds. See [Throttle.Take] for the error.
func (t *Throttle) Allow(ctx context.Context, key string) (ok bool, retryAfter time.Duration, err error) {
	a, err := t.Take(ctx, key)
	return a.OK, a.RetryAfter, err
}

// Take is like Allow, and also returns how many tokens are left. Its error is that of ctx
// if ctx ends first, or else wraps [ErrUnavailable] and the cause.
func (t *Throttle) Take(ctx context.Context, key string) (Answer, error) {
	if err := t.Err(); err != nil {
		return Answer{}, err
	}
	p := t.circuit.current()
	if p.isOpen() && t.circuit.startProbe(p) {
		t.probe(ctx, p)
		p = t.circuit.current()
	}
	return t.ask(ctx, p, redisKey(t.prefix, key))
}

// probe asks Redis for the key that failed, and waits a little for the answer.
func (t *Throttle) probe(ctx context.Context, p *period) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := t.ofQuestion(ctx)
		defer cancel()
		_, err := t.run(ctx, p.key, t.limit.peek)
		t.circuit.endProbe(p, err == nil || isOfOneKey(err))
	}()
	timer := time.NewTimer(probeWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A result is the end of a question.
type result struct {
	answer Answer
	err    error
}

// ask asks Redis, and waits for the answer until ctx ends or the circuit opens.
func (t *Throttle) ask(ctx context.Context, p *period, key string) (Answer, error) {
	if p.isOpen() {
		return Answer{}, p.err
	}
	select {
	case t.slots <- struct{}{}:
	case <-p.opened:
		return Answer{}, p.err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	done := make(chan result, 1)
	go t.question(ctx, p, key, done)
	select {
	case r := <-done:
		return r.answer, r.err
	case <-p.opened:
		return Answer{}, p.err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// question puts one question to Redis, whether or not its caller waits for the answer. It
// opens the circuit if there is none in time, even if the client goes on waiting.
func (t *Throttle) question(ctx context.Context, p *period, key string, done chan<- result) {
	defer func() { <-t.slots }()
	ctx, cancel := t.ofQuestion(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { t.circuit.open(p, key, unavailable(ctx.Err())) })
	defer stop()
	answer, err := t.run(ctx, key, t.limit.take)
	if err != nil {
		err = unavailable(err)
		if !isOfOneKey(err) {
			t.circuit.open(p, key, err)
		}
	}
	done <- result{answer, err}
}

// ofQuestion returns the context of a question: with the values of a call's, for hooks
// of the client, but with a time-out of its own.
func (t *Throttle) ofQuestion(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), t.timeout)
}

func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }

// check notes a fault unless ok, and returns ok.
func (t *Throttle) check(ok bool, format string, args ...any) bool {
	if !ok {
		t.faults = append(t.faults, fmt.Errorf("redislimit: New: "+format, args...))
	}
	return ok
}

// isNil reports whether client is nil, or an interface with a nil pointer.
func isNil(client redis.UniversalClient) bool {
	v := reflect.ValueOf(client)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
