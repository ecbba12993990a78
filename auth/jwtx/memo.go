package jwtx

import (
	"crypto/sha256"
	"sync"
	"time"
)

// memoSize is how many tokens a memo remembers.
const memoSize = 10_000

// digest returns the SHA-256 of a token, which is all that is kept of it. The time of a
// look-up tells nothing about the tokens.
func digest(token string) [sha256.Size]byte {
	var room [2 << 10]byte
	return sha256.Sum256(append(room[:0], token...))
}

// A memo remembers tokens that were verified.
type memo struct {
	mu      sync.Mutex // guards the field below
	entries map[[sha256.Size]byte]entry
}

// entry is a verified token. Another set of keys may not have the key that signed it.
type entry struct {
	set    *keySet
	until  time.Time
	claims any
}

func newMemo() *memo { return &memo{entries: map[[sha256.Size]byte]entry{}} }

// get returns the claims of a token that was verified by a key of the set.
func (m *memo) get(key [sha256.Size]byte, set *keySet) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok || e.set != set || !time.Now().Before(e.until) {
		return nil, false
	}
	return e.claims, true
}

// put remembers a token. If there are too many, another one goes.
func (m *memo) put(key [sha256.Size]byte, e entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) >= memoSize {
		m.evict(e.set)
	}
	m.entries[key] = e
}

// evict looks at a few entries. It drops the entries of other sets and those that have
// expired, and at least one entry. The caller holds mu.
func (m *memo) evict(set *keySet) {
	const few = 8
	n, now := 0, time.Now()
	for key, e := range m.entries {
		if n++; n == few && len(m.entries) >= memoSize || e.set != set || !now.Before(e.until) {
			delete(m.entries, key)
		}
		if n == few {
			return
		}
	}
}
