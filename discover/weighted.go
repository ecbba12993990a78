package discover

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
)

// Weighted returns a [Balancer] that picks in turn, each member as often as its
// weight says and as evenly spread as that allows: a member of weight 5 among
// four of weight 1 does not get its calls in a row.
//
// It is a static stride schedule: turn after turn passes all members, and a
// member is picked in those turns in which the sum of its strides crosses a
// whole number. That takes no lock and, on average, at most two steps for a
// pick while the mean of the weights is at least half of the largest; in the
// worst case as many as the largest weight is larger than the mean.
func Weighted() Balancer { return tableBalancer(newWeighted) }

func newWeighted(t table) Picker {
	if t.isEven() {
		return newRoundRobin(t)
	}
	largest := 0.0
	for _, m := range t.all {
		largest = max(largest, m.Weight())
	}
	w := &weighted{table: t, strides: make([]uint16, t.n)}
	for i, m := range t.all {
		// At least 1, so that each member comes up some time.
		w.strides[i] = uint16(max(1, m.Weight()/largest*maxStride+0.5))
	}
	w.step.Store(rand.Uint64() >> 8)
	return w
}

// maxStride is the stride of the largest weight, which is picked in each turn.
const maxStride = 1<<16 - 1

type weighted struct {
	table   table
	strides []uint16
	step    atomic.Uint64
}

func (w *weighted) Pick(context.Context) int {
	place, _ := w.choose(0)
	return place
}

func (w *weighted) choose(int64) (int, *seat) {
	for {
		step := w.step.Add(1)
		i := step % uint64(len(w.strides))
		turn := step / uint64(len(w.strides))
		stride := uint64(w.strides[i])
		// Each member counts from a place of its own, or all of one weight
		// would come up in the same turns.
		at := stride*turn + i*(maxStride/2)
		if at%maxStride >= maxStride-stride {
			return int(i), w.table.at(int(i))
		}
	}
}
