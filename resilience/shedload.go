package resilience

import (
	"sync"
	"sync/atomic"
	"time"
)

// tolerance is the stretch that the limit of a Shed is steered to.
const tolerance = 2

// Bounds of a window: how long it is, and how many calls end in it. It also
// lasts until as many calls have ended as ran at its start, so that the limit
// set by one window shows in the next.
const (
	windowTime  = 100 * time.Millisecond
	windowCalls = 50
)

// patience is how long the limit may stay at its lowest while calls take too
// long, before what they take counts as usual.
const patience = 10 * time.Second

// shares are the percentages of the limit that calls of a rank may fill.
var shares = [priorities]int64{30, 50, 90, 100}

// load finds how many calls may run side by side. See decision 60.
type load struct {
	running atomic.Int64
	limit   atomic.Int64
	pressed atomic.Bool // a call was refused in this window

	mu      sync.Mutex // guards the fields below, and the paces of all operations
	size    float64    // limit is this, rounded
	bounds  limits
	window  loadWindow
	descent descent
	stretch float64 // of the last window
	paces   []*pace
}

// loadWindow is what was seen since the limit was last set.
type loadWindow struct {
	start   time.Duration // after the epoch
	wanted  int64         // calls that must end in it
	ended   int64
	missed  int64   // calls among those that outlasted their callers
	peak    int64   // calls that ran side by side
	stretch float64 // sum over the calls that ended
}

// descent is how calls were when the limit began to fall, or when half as many
// of them ran as at its last beginning.
type descent struct {
	start   time.Duration
	peak    int64
	stretch float64
}

func (l *load) init(bounds limits) {
	l.bounds = bounds
	l.resize(200)
	l.window.wanted = windowCalls
}

// admit says whether one more call of priority p may run, and counts it if it is
// to be counted.
func (l *load) admit(p Priority, counted bool) bool {
	most := max(l.limit.Load()*shares[p.rank()]/100, 1)
	for {
		running := l.running.Load()
		switch {
		case running >= most:
			if !l.pressed.Load() { // else all processors would write to it
				l.pressed.Store(true)
			}
			return false
		case !counted || l.running.CompareAndSwap(running, running+1):
			return true
		}
	}
}

// leave counts a call that ended. l.mu must be held.
func (l *load) leave(now time.Duration, stretch float64, missed bool) {
	running := l.running.Add(-1) + 1
	w := &l.window
	w.ended++
	if missed {
		w.missed++
	}
	w.peak = max(w.peak, running)
	w.stretch += stretch
	if w.ended >= w.wanted && now-w.start >= windowTime {
		l.adjust(now)
		*w = loadWindow{start: now, wanted: max(windowCalls, running)}
	}
}

// adjust sets the limit at the end of a window.
func (l *load) adjust(now time.Duration) {
	w := &l.window
	l.stretch = w.stretch / float64(w.ended)
	if 2*w.missed > w.ended {
		// Whatever calls take at best, most of them take too long now.
		l.stretch = max(l.stretch, 2*tolerance)
	}
	pressed := l.pressed.Swap(false)
	if l.stretch <= tolerance {
		l.descent = descent{}
		if pressed {
			l.resize(l.size * min(tolerance/l.stretch, 1.25))
		}
		return
	}
	if l.inVain(now) {
		for _, p := range l.paces {
			p.forget()
		}
		l.descent = descent{}
		return
	}
	// More than twice what runs bounds nobody, and less of it would change
	// nothing.
	l.resize(min(l.size, 2*float64(w.peak)) * max(tolerance/l.stretch, 0.5))
}

// inVain says that calls still take too long though fewer of them run: what they
// wait for is not each other.
func (l *load) inVain(now time.Duration) bool {
	w, d := &l.window, &l.descent
	least := l.limit.Load() <= int64(l.bounds.least)
	halved := 2*w.peak <= d.peak
	if helped := l.stretch < 0.75*d.stretch; d.peak == 0 || w.peak > d.peak && !least || halved && helped {
		*d = descent{start: now, peak: w.peak, stretch: l.stretch}
		return false
	}
	return halved || least && now-d.start > patience
}

func (l *load) resize(size float64) {
	l.size = min(max(size, float64(l.bounds.least)), float64(l.bounds.most))
	l.limit.Store(int64(l.size))
}

func (l *load) state() (limit, running, stretch float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size, float64(l.running.Load()), l.stretch
}

// A pace is how long the calls of an operation take. Both medians are running
// ones: each time moves them up or down by a fixed part, so that a few slow calls
// move them as little as a few that are a bit slow.
type pace struct {
	recent time.Duration // median, quick to follow
	steady time.Duration // median, slow to follow: what the floor is made of
	floor  time.Duration // the lowest that steady was
	count  int
}

// Both medians move by a part in so many, and the floor counts after so many
// calls.
const (
	recentPart = 30
	steadyPart = 100
	settled    = 16
)

// add learns from a call that took so long.
func (p *pace) add(l *load, took time.Duration) {
	took = max(took, time.Microsecond) // of a fixed part of nothing, it would never grow
	if p.count == 0 {
		l.paces = append(l.paces, p)
		p.recent, p.steady = took, took
	}
	p.count++
	p.recent = moved(p.recent, took, recentPart)
	if p.count < settled {
		p.steady = p.recent
		return
	}
	p.steady = moved(p.steady, took, steadyPart)
	if p.floor == 0 || p.steady < p.floor {
		p.floor = p.steady
	}
}

func moved(median, took, part time.Duration) time.Duration {
	switch {
	case took > median:
		return min(median+median/part, took)
	case took < median:
		return max(median-median/part, took)
	}
	return median
}

// stretch is how much longer calls take than they did at best.
func (p *pace) stretch() float64 {
	if p.floor == 0 {
		return 1
	}
	return max(float64(p.recent)/float64(p.floor), 1)
}

// forget takes what calls take now as usual.
func (p *pace) forget() {
	if p.count >= settled {
		p.steady, p.floor = p.recent, p.recent
	}
}
