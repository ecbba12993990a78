package httpx

import (
	"math/rand/v2"
	"time"
)

// The bounds of a client that goes on with a stream.
const (
	fruitlessTries = 10 // in a row
	firstWait      = 100 * time.Millisecond
	longestWait    = 10 * time.Second
	longestAsked   = time.Minute // by the server
)

// resumption plans when a client asks again for a stream that was interrupted. See
// decision 160.
type resumption struct {
	fruitless int           // connections in a row without an item
	wait      time.Duration // before the last try
}

// connected notes a connection that has ended, how long it lasted and whether it had
// an item.
func (r *resumption) connected(lasted time.Duration, item bool) {
	r.fruitless++
	if item {
		r.fruitless = 0
	}
	if item && lasted >= r.wait { // or a server that drops each connection after one item is asked ten times a second
		r.wait = 0
	}
	r.wait = min(max(2*r.wait, firstWait), longestWait)
}

// next returns how long to wait before the next try: at least as long as the server
// asks for, and up to half as long again, so that the readers of a server that stops
// do not come back all at once. ok is false for a client that gives up.
func (r *resumption) next(asked time.Duration) (wait time.Duration, ok bool) {
	if r.fruitless >= fruitlessTries || asked > longestAsked {
		return 0, false
	}
	wait = max(r.wait, asked)
	return wait + rand.N(wait/2), true
}
