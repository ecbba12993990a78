package discover

import (
	"maps"
	"slices"
	"strings"
	"unsafe"
)

// An Instance is one place where a service runs.
type Instance struct {
	// Addr is what is dialled, "host:port" as of [net.JoinHostPort]: an IPv6
	// address stands in brackets. It is what tells instances apart.
	Addr string
	// Weight is the share of the calls that the instance should get, compared
	// with the weights of others. Zero and less stand for 1.
	Weight float64
	// Zone is where the instance is, "" if that is not known; see [Zone].
	Zone string
	// Priority says which instances are tried first, the lower the sooner, as
	// in RFC 2782. Those of a higher number get calls only when no healthy one
	// of a lower number is left.
	Priority int
	// Meta is what else the source knows. It must not be changed.
	Meta map[string]string
}

// equal says that nothing about the instance has changed.
func (in *Instance) equal(other *Instance) bool {
	return in.Addr == other.Addr && in.weight() == other.weight() && in.Zone == other.Zone &&
		in.Priority == other.Priority &&
		(len(in.Meta)+len(other.Meta) == 0 || maps.Equal(in.Meta, other.Meta))
}

// ends is how many elements two sets have in common where they begin and where
// they end.
type ends struct{ from, left int }

// commonEnds compares a set with the one before. Most of a large set is what it
// was, down to the memory of its strings if the source keeps them; so it goes
// over sets block by block, and instance by instance where blocks differ.
func commonEnds(before, set []Instance) ends {
	n := min(len(before), len(set))
	var e ends
	for e.from < n {
		size := min(blockSize, n-e.from)
		a, b := before[e.from:e.from+size], set[e.from:e.from+size]
		if !identical(a, b) {
			k := commonStart(a, b)
			e.from += k
			if k < size {
				break
			}
			continue
		}
		e.from += size
	}
	n -= e.from
	before, set = before[len(before)-n:], set[len(set)-n:]
	for e.left < n {
		rest := n - e.left
		size := min(blockSize, rest)
		a, b := before[rest-size:rest], set[rest-size:rest]
		if !identical(a, b) {
			k := commonEnd(a, b)
			e.left += k
			if k < size {
				break
			}
			continue
		}
		e.left += size
	}
	return e
}

// blockSize instances are a KB or so.
const blockSize = 16

func commonStart(a, b []Instance) int {
	for i := range a {
		if !a[i].equal(&b[i]) {
			return i
		}
	}
	return len(a)
}

func commonEnd(a, b []Instance) int {
	for i := len(a); i > 0; i-- {
		if !a[i-1].equal(&b[i-1]) {
			return len(a) - i
		}
	}
	return len(a)
}

// identical says that two slices of one length have the same words in memory, so
// that the instances are equal. Others may be equal too.
func identical(a, b []Instance) bool { return words(a) == words(b) }

// words returns the memory of a slice.
func words(a []Instance) string {
	return unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(a))), len(a)*int(unsafe.Sizeof(Instance{})))
}

func (in *Instance) weight() float64 {
	if in.Weight > 0 {
		return in.Weight
	}
	return 1
}

// Sorted returns a set as a [Source] yields it: in the order of the addresses,
// each once. Of instances of one address the first stays. The slice is a copy;
// one without an address is left out.
func Sorted(set []Instance) []Instance {
	sorted := slices.DeleteFunc(slices.Clone(set), func(in Instance) bool { return in.Addr == "" })
	slices.SortStableFunc(sorted, byAddr)
	return slices.CompactFunc(sorted, sameAddr)
}

func byAddr(a, b Instance) int    { return strings.Compare(a.Addr, b.Addr) }
func sameAddr(a, b Instance) bool { return a.Addr == b.Addr }

// isSorted says that Sorted would change nothing.
func isSorted(set []Instance) bool {
	before := ""
	for i := range set {
		if set[i].Addr <= before {
			return false
		}
		before = set[i].Addr
	}
	return true
}
