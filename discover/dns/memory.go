package dns

import (
	"slices"
	"strings"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A memory keeps instances that answers no longer name. See decision 154.
type memory struct {
	keep  time.Duration
	known []known
}

// A known is an instance and when an answer last named it.
type known struct {
	instance discover.Instance
	named    time.Time
}

// merge returns a sorted set with the instances that an answer has named within keep
// before now. An answer without instances clears the memory: it does not name a subset.
func (m *memory) merge(set []discover.Instance, now time.Time) []discover.Instance {
	if m.keep == 0 || len(set) == 0 {
		m.known = nil
		return set
	}
	all := make([]known, 0, len(set)+len(m.known))
	for _, in := range set {
		all = append(all, known{in, now})
	}
	for _, k := range m.known { // the latest first
		if now.Sub(k.named) < m.keep && !contains(set, k.instance.Addr) && len(all) < maxInstances {
			all = append(all, k)
		}
	}
	m.known = all
	merged := make([]discover.Instance, len(all))
	for i, k := range all {
		merged[i] = k.instance
	}
	return discover.Sorted(merged)
}

// contains reports whether a sorted set has the address.
func contains(set []discover.Instance, addr string) bool {
	_, ok := slices.BinarySearchFunc(set, addr, func(in discover.Instance, addr string) int { return strings.Compare(in.Addr, addr) })
	return ok
}
