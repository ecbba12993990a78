package auth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// cacheSize is how many verifications are kept.
const cacheSize = 10_000

// digest is what is kept of credentials. Whether two are equal is not told by how long it
// takes to compare their digests.
func digest(credential string) [sha256.Size]byte {
	var room [2048]byte // of most tokens, on the stack
	return sha256.Sum256(append(room[:0], credential...))
}

// identity is what tells the callers of a program apart who have different credentials.
func identity(d [sha256.Size]byte) string { return string(d[:]) }

// A cache keeps proofs by the digests of credentials.
type cache struct {
	lasts time.Duration

	mu     sync.Mutex // guards the field below
	proofs map[[sha256.Size]byte]cached
}

type cached struct {
	proof *endpoint.Proof
	until time.Time
}

func newCache(lasts time.Duration) *cache {
	return &cache{lasts: lasts, proofs: map[[sha256.Size]byte]cached{}}
}

// get returns the proof that is kept for key, or nil.
func (c *cache) get(key [sha256.Size]byte) *endpoint.Proof {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.proofs[key]
	if !ok || !time.Now().Before(kept.until) {
		return nil
	}
	return kept.proof
}

// put keeps a proof. If the cache is full, another one goes.
func (c *cache) put(key [sha256.Size]byte, p *endpoint.Proof) {
	until := time.Now().Add(c.lasts)
	if e, ok := p.Value.(interface{ Expires() time.Time }); ok {
		if end := e.Expires(); !end.IsZero() && end.Before(until) {
			until = end
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.proofs) >= cacheSize {
		c.evict()
	}
	c.proofs[key] = cached{p, until}
}

// evict drops those of a few proofs that have expired, or one of them. The caller holds mu.
func (c *cache) evict() {
	const few = 8
	n, now := 0, time.Now()
	for key, kept := range c.proofs {
		if n++; n == few && len(c.proofs) >= cacheSize || !now.Before(kept.until) {
			delete(c.proofs, key)
		}
		if n == few {
			return
		}
	}
}
