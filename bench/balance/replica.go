package balance

import (
	"container/heap"
	"math"
	"slices"
	"time"
)

// A replica is a server with some cores that its calls share: each runs on one
// core at most, and when there are more calls than cores, all run equally
// slower.
type replica struct {
	sim   *sim
	limit int // of calls that run at the same time, the others wait in order; 0 is none

	cores   float64
	served  float64       // seconds on a core that each call got, if it was there from the beginning
	since   time.Duration // when served was right
	running jobs
	waiting []*job
	epoch   int // of the next end of a call: each change of anything makes another
}

// A job is a call at a replica.
type job struct {
	work  float64 // seconds on a core
	ends  float64 // when served is this
	index int     // in running, -1 when it is not
	done  func()
}

func newReplica(s *sim, cores float64, limit int) *replica {
	return &replica{sim: s, cores: cores, limit: limit}
}

// pending is how many calls are there.
func (r *replica) pending() int { return len(r.running) + len(r.waiting) }

// serve begins a call of so many seconds on a core; done is called at its end.
func (r *replica) serve(work float64, done func()) *job {
	r.advance()
	j := &job{work: work, index: -1, done: done}
	if r.limit > 0 && len(r.running) >= r.limit {
		r.waiting = append(r.waiting, j)
		return j
	}
	r.start(j)
	r.schedule()
	return j
}

// abandon ends a call before it is done.
func (r *replica) abandon(j *job) {
	r.advance()
	if j.index < 0 {
		r.waiting = slices.DeleteFunc(r.waiting, func(other *job) bool { return other == j })
		return
	}
	heap.Remove(&r.running, j.index)
	r.startNext()
	r.schedule()
}

// setCores changes how fast the replica is.
func (r *replica) setCores(cores float64) {
	r.advance()
	r.cores = cores
	r.schedule()
}

func (r *replica) start(j *job) {
	j.ends = r.served + j.work
	heap.Push(&r.running, j)
}

func (r *replica) startNext() {
	if len(r.waiting) > 0 {
		r.start(r.waiting[0])
		r.waiting = r.waiting[1:]
	}
}

// rate is how much of a core each call has.
func (r *replica) rate() float64 {
	return min(1, r.cores/float64(max(len(r.running), 1)))
}

func (r *replica) advance() {
	r.served += r.rate() * (r.sim.now - r.since).Seconds()
	r.since = r.sim.now
}

// schedule has the next call end in its time.
func (r *replica) schedule() {
	r.epoch++
	if len(r.running) == 0 {
		return
	}
	epoch := r.epoch
	left := max(0, r.running[0].ends-r.served) / r.rate()
	r.sim.after(time.Duration(math.Ceil(left*float64(time.Second))), func() {
		if epoch == r.epoch {
			r.finish()
		}
	})
}

func (r *replica) finish() {
	r.advance()
	j := heap.Pop(&r.running).(*job)
	r.startNext()
	r.schedule()
	j.done()
}

// jobs is a heap, the one that ends next first.
type jobs []*job

func (h jobs) Len() int           { return len(h) }
func (h jobs) Less(i, k int) bool { return h[i].ends < h[k].ends }
func (h jobs) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].index, h[k].index = i, k
}

func (h *jobs) Push(x any) {
	j := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}

func (h *jobs) Pop() any {
	last := len(*h) - 1
	j := (*h)[last]
	j.index = -1
	*h = (*h)[:last]
	return j
}
