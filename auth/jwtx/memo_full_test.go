package jwtx

import (
	"fmt"
	"testing"
	"time"
)

// TestMemoFull remembers more tokens than there is room for.
func TestMemoFull(t *testing.T) {
	t.Parallel()
	m, set, until := newMemo(), new(keySet), time.Now().Add(time.Hour)
	for n := range 2 * memoSize {
		m.put(digest(fmt.Sprint(n)), entry{set, until, n})
		if len(m.entries) > memoSize {
			t.Fatalf("%d tokens, want at most %d", len(m.entries), memoSize)
		}
		if v, ok := m.get(digest(fmt.Sprint(n)), set); !ok || v != n {
			t.Fatalf("token %d is %v", n, v)
		}
	}
}
