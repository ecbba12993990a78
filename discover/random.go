package discover

import (
	"context"
	"math/rand/v2"
	"sort"
)

// Random returns a [Balancer] that picks at random, each member as often as its
// weight says. Pickers share nothing, so it scales with the cores.
func Random() Balancer {
	return func(set []*Member) Picker {
		sums := make([]float64, len(set))
		sum, equal := 0.0, true
		for i, m := range set {
			w := m.Weight()
			equal = equal && w == set[0].Weight()
			sum += w
			sums[i] = sum
		}
		if equal {
			return uniform(len(set))
		}
		return weightedRandom(sums)
	}
}

// uniform picks among so many members of equal weight.
type uniform int

func (u uniform) Pick(context.Context) int { return rand.IntN(int(u)) }

// weightedRandom has the sums of the weights up to each member.
type weightedRandom []float64

func (w weightedRandom) Pick(context.Context) int {
	x := rand.Float64() * w[len(w)-1]
	return min(sort.Search(len(w), func(i int) bool { return w[i] > x }), len(w)-1)
}

// two returns two different members of n at random, n being at least two. One
// random number is enough for both.
func two(n int) (int, int) {
	r := rand.Uint64()
	a := int(r >> 32 * uint64(n) >> 32)
	b := int(r & (1<<32 - 1) * uint64(n-1) >> 32)
	if b >= a {
		b++
	}
	return a, b
}
