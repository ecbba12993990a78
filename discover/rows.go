package discover

import "sync/atomic"

const (
	// longRow is how many instances of a tier must fail without a success in between
	// before the whole tier counts as failing. In a larger tier, it is one partOfTier-th
	// of the instances. See decision 150.
	longRow     = 10
	partOfTier  = 4
	rowsOfTiers = 4
)

// rows count the instances of each tier that have failed since the last success there.
// Without them, a large tier that dies would be left only when each instance has failed
// often enough. Only the first tiers are counted, and only where there are several.
type rows struct {
	several atomic.Bool // there are several levels
	counts  [rowsOfTiers]atomic.Int32
}

// of returns the count of the tier of a host, nil if there is none.
func (r *rows) of(h *host) *atomic.Int32 {
	if n := h.number.Load(); r.several.Load() && n < rowsOfTiers {
		return &r.counts[n]
	}
	return nil
}

// add counts an instance that fails, and reports whether the row is perhaps long.
func (r *rows) add(h *host) bool {
	count := r.of(h)
	return count != nil && count.Add(1) >= longRow
}

// isLong reports whether the row of the host's tier is long for its number of instances.
func (r *rows) isLong(h *host, instances int) bool {
	count := r.of(h)
	return count != nil && int(count.Load()) >= max(longRow, instances/partOfTier)
}

// end notes a success.
func (r *rows) end(h *host) {
	if count := r.of(h); count != nil && count.Load() != 0 {
		count.Store(0)
	}
}

// reset clears the counts. levels is how many levels there are.
func (r *rows) reset(levels int) {
	r.several.Store(levels > 1)
	for i := range r.counts {
		r.counts[i].Store(0)
	}
}
