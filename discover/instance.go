package discover

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// An Instance is one place where a service runs. The zero Instance has no address:
// [Sorted], [Fixed] and a [Pool] leave it out of a set.
//
// A Pool leaves out a malformed address as well, with an event "malformed": one of more
// than 255 bytes, one with a space or a character that cannot be printed, and one of
// the form host:port whose port is a number outside 1 to 65535, or missing. No dial func
// could take these. Others are up to the dial func, such as a name without a port or
// "unix:/run/users.sock".
type Instance struct {
	// Addr is what is dialled, "host:port" as of [net.JoinHostPort]: an IPv6
	// address stands in brackets. It is what tells instances apart.
	Addr string
	// Weight is the share of the calls that the instance should get, compared
	// with the weights of others. Zero and less stand for 1. More than 1e12, and what
	// is not a number, is refused by a Pool with an event "malformed", and counts as 1.
	Weight float64
	// Zone is where the instance is, "" if that is not known; see [Zone].
	Zone string
	// Priority says which instances are tried first, the lower the sooner, as
	// in RFC 2782. Those of a higher number get calls only when less than 1/1.4 of those
	// of a lower number are healthy.
	Priority int
	// Meta is what else the source knows. It must not be changed.
	Meta map[string]string
}

// equal reports whether nothing about the instance has changed.
func (in *Instance) equal(other *Instance) bool {
	if in.Addr != other.Addr {
		return false
	}
	if in.isBare() && other.isBare() {
		return true
	}
	return in.weight() == other.weight() && in.hasOddWeight() == other.hasOddWeight() && in.Zone == other.Zone &&
		in.Priority == other.Priority && maps.Equal(in.Meta, other.Meta)
}

// isBare reports whether the source says nothing but the address, as most do.
func (in *Instance) isBare() bool {
	return in.Zone == "" && in.Weight == 0 && in.Priority == 0 && in.Meta == nil
}

func (in *Instance) weight() float64 {
	if in.Weight > 0 && in.Weight <= maxWeight {
		return in.Weight
	}
	return 1
}

// maxWeight is the largest weight. The sum of the weights of a set must be finite, and
// precise enough for its smallest ones.
const maxWeight = 1e12

// hasOddWeight reports whether the weight is refused.
func (in *Instance) hasOddWeight() bool { return in.Weight > maxWeight || math.IsNaN(in.Weight) }

// checkWeight returns what is wrong with the weight, which then counts as 1, or nil.
func (in *Instance) checkWeight() error {
	if !in.hasOddWeight() {
		return nil
	}
	return fmt.Errorf("discover: the weight of the instance is %v, want at most %v; it counts as 1", in.Weight, float64(maxWeight))
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

// isSorted reports whether Sorted would change nothing.
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
