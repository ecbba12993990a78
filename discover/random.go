package discover

import (
	"context"
	"math/rand/v2"
	"sort"
)

// Random returns a [Balancer] that picks at random, each member as often as its
// weight says. Pickers share nothing, so it scales with the cores.
func Random() Balancer { return balanceRandom }

func balanceRandom(set []*Member) Picker { return newRandom(tableOf(set)) }

func newRandom(t table) Picker {
	if sums := weightsUpTo(t); sums != nil {
		return sums
	}
	return uniform(t.n)
}

// uniform picks among so many members of equal weight.
type uniform int

func (u uniform) Pick(context.Context) int { return rand.IntN(int(u)) }

// weightedRandom has the sums of the weights up to each member.
type weightedRandom []float64

// weightsUpTo returns nil where all weights are equal.
func weightsUpTo(t table) weightedRandom {
	if t.isEven() {
		return nil
	}
	sums := make(weightedRandom, t.n)
	sum := 0.0
	for i, m := range t.all {
		sum += m.Weight()
		sums[i] = sum
	}
	return sums
}

func (w weightedRandom) Pick(context.Context) int { return w.draw() }

func (w weightedRandom) draw() int {
	x := rand.Float64() * w[len(w)-1]
	return min(sort.Search(len(w), func(i int) bool { return w[i] > x }), len(w)-1)
}

// two returns two different members of n at random, or the only one twice. One
// random number is enough for both.
func two(n int) (int, int) {
	r := rand.Uint64()
	a := int(r >> 32 * uint64(n) >> 32)
	b := a + 1 + int(r&(1<<32-1)*uint64(n-1)>>32)
	if b >= n {
		b -= n
	}
	return a, b
}

// pairs draws two members to choose from.
type pairs struct {
	table   table
	weights weightedRandom // nil where all are equal
	share   float64        // and then the inverse of each
}

func newPairs(t table) pairs { return pairs{t, weightsUpTo(t), 1 / t.at(0).Weight()} }

// draw returns two members. Where weights differ, they may be the same: a member
// must come up alone as often as its weight says, or the heavier of two idle ones
// would get all calls.
func (p *pairs) draw() (int, int) {
	if p.weights == nil {
		return two(p.table.n)
	}
	return p.weights.draw(), p.weights.draw()
}
