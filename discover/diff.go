package discover

import "unsafe"

// ends is how many instances two sets have in common where they begin and where
// they end.
type ends struct{ from, left int }

func commonEnds(before, set []Instance) ends {
	from := commonStart(before, set)
	return ends{from, commonEnd(before[from:], set[from:])}
}

// blockSize instances are compared at once: about a kilobyte.
const blockSize = 16

// commonStart goes over the sets block by block. Most of a large one is what it
// was, down to the memory of its strings if the source keeps them. Only where a
// block differs are its instances looked at.
func commonStart(a, b []Instance) int {
	n := min(len(a), len(b))
	for i := 0; i < n; {
		end := min(i+blockSize, n)
		if identical(a[i:end], b[i:end]) {
			i = end
		}
		for ; i < end; i++ {
			if !a[i].equal(&b[i]) {
				return i
			}
		}
	}
	return n
}

// commonEnd is commonStart from the other end.
func commonEnd(a, b []Instance) int {
	n := min(len(a), len(b))
	a, b = a[len(a)-n:], b[len(b)-n:]
	for i := n; i > 0; {
		start := max(i-blockSize, 0)
		if identical(a[start:i], b[start:i]) {
			i = start
		}
		for ; i > start; i-- {
			if !a[i-1].equal(&b[i-1]) {
				return n - i
			}
		}
	}
	return n
}

// identical reports whether the words in memory of two slices of one length are the
// same. If so, the instances are equal: the strings and maps that they point to are the
// same, and a source does not change what it has yielded. Instances that are not
// identical may be equal. See decision 82.
func identical(a, b []Instance) bool { return words(a) == words(b) }

// words returns the memory of a slice as a string, to be compared and not kept. It is
// sound whatever the memory holds: nothing is written, and no pointer is made of it.
// Padding between fields, which a platform may have, can only make equal instances
// differ.
func words(a []Instance) string {
	return unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(a))), uintptr(len(a))*unsafe.Sizeof(Instance{}))
}
