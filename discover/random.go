package discover

import (
	"context"
	"math/rand/v2"
	"sort"
)

// Random returns a [Balancer] that picks at random, each member as often as its
// weight says. Pickers share nothing, so it scales with the cores.
func Random() Balancer { return tableBalancer(newRandom) }

func newRandom(t table) Picker {
	return &random{t, weightsUpTo(t)}
}

type random struct {
	table   table
	weights weightSums // nil where all are equal
}

func (r *random) Pick(context.Context) int {
	place, _ := r.choose(0)
	return place
}

// See decision 84.
func (r *random) choose(int64) (int, *seat) {
	var place int
	if r.weights != nil {
		place = r.weights.draw()
	} else {
		place = rand.IntN(r.table.n)
	}
	return place, r.table.at(place)
}

// weightSums has the sums of the weights up to each member.
type weightSums []float64

// weightsUpTo returns nil where all weights are equal.
func weightsUpTo(t table) weightSums {
	if t.isEven() {
		return nil
	}
	sums := make(weightSums, t.n)
	sum := 0.0
	for i, m := range t.all {
		sum += m.Weight()
		sums[i] = sum
	}
	return sums
}

// draw returns the place of one at random, as often as its weight says.
func (w weightSums) draw() int {
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
	weights weightSums // nil where all are equal
	share   float64    // and then the inverse of each
}

func newPairs(t table) pairs { return pairs{t, weightsUpTo(t), 1 / t.at(0).member.Weight()} }

// draw returns two members. Where weights differ, they may be the same: a member
// must come up alone as often as its weight says, or the heavier of two idle ones
// would get all calls.
func (p *pairs) draw() (int, int) {
	if p.weights == nil {
		return two(p.table.n)
	}
	return p.weights.draw(), p.weights.draw()
}
