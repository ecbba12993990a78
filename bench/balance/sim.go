package balance

import (
	"cmp"
	"slices"
	"time"
)

// A sim is a discrete-event simulator: a queue of things to do at their time.
type sim struct {
	now   time.Duration // since the beginning
	queue []event       // a heap, the next one first
	count int
}

type event struct {
	at    time.Duration
	count int // what is due at the same time is done in the order of at
	do    func()
}

func (e event) compare(other event) int {
	return cmp.Or(cmp.Compare(e.at, other.at), cmp.Compare(e.count, other.count))
}

// at has something done at a time, which is now at the soonest.
func (s *sim) at(t time.Duration, do func()) {
	s.count++
	s.queue = append(s.queue, event{max(t, s.now), s.count, do})
	for i := len(s.queue) - 1; i > 0; {
		parent := (i - 1) / 2
		if s.queue[parent].compare(s.queue[i]) <= 0 {
			break
		}
		s.queue[parent], s.queue[i] = s.queue[i], s.queue[parent]
		i = parent
	}
}

// after has something done in so long.
func (s *sim) after(d time.Duration, do func()) { s.at(s.now+d, do) }

// run does what is to be done until a time, or until there is nothing.
func (s *sim) run(until time.Duration) {
	for len(s.queue) > 0 && s.queue[0].at <= until {
		e := s.next()
		s.now = e.at
		e.do()
	}
}

func (s *sim) next() event {
	e, last := s.queue[0], len(s.queue)-1
	s.queue[0] = s.queue[last]
	s.queue[last] = event{}
	s.queue = s.queue[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return e
		}
		if child+1 < last && s.queue[child+1].compare(s.queue[child]) < 0 {
			child++
		}
		if s.queue[i].compare(s.queue[child]) <= 0 {
			return e
		}
		s.queue[i], s.queue[child] = s.queue[child], s.queue[i]
		i = child
	}
}

// quantile returns the q-quantile of durations, which it sorts.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}
