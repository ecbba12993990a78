package service

import "sync/atomic"

// DefaultReadBudget is how many bytes of requests a server holds while it waits for
// the rest of them, unless an option says otherwise: 64 MiB.
const DefaultReadBudget = 64 << 20

// A Budget bounds the bytes that a server holds of requests that have not come to
// their end. A request takes from it as its bytes come, not as they are announced:
// what has not been sent keeps nothing from others. It is safe for concurrent use.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget returns a Budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// A Share is what one request has taken of a Budget. A nil Share and the zero one are
// of no budget and take any number of bytes.
type Share struct {
	of   *Budget
	held int64
}

// Share returns a Share that has taken nothing. A nil Budget bounds nothing.
func (b *Budget) Share() Share { return Share{of: b} }

// Take takes n more bytes and reports whether they were there.
func (s *Share) Take(n int64) bool {
	if s == nil || s.of == nil {
		return true
	}
	if s.of.used.Add(n) > s.of.limit {
		s.of.used.Add(-n)
		return false
	}
	s.held += n
	return true
}

// Release gives back all that was taken.
func (s *Share) Release() {
	if s.held > 0 {
		s.of.used.Add(-s.held)
		s.held = 0
	}
}
