package observe

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// maxRoutes is how many routes of an operation are told apart.
const maxRoutes = 64

// routes has the observers of an operation for each route other than its pattern.
type routes struct {
	mu sync.Mutex // held while the field below is replaced
	of atomic.Pointer[map[string]*operation]
}

// at returns the observers of the calls of l on a route.
func (l *operation) at(route string) *operation {
	if known := l.routes.of.Load(); known != nil {
		if at := (*known)[route]; at != nil {
			return at
		}
	}
	l.routes.mu.Lock()
	defer l.routes.mu.Unlock()
	known := map[string]*operation{}
	if old := l.routes.of.Load(); old != nil {
		known = maps.Clone(*old)
	}
	switch at := known[route]; {
	case at != nil:
		return at
	case len(known) == maxRoutes:
		return l
	}
	at := l.makeAt(route)
	known[route] = at
	l.routes.of.Store(&known)
	return at
}

// makeAt makes the observers of the parts that tell routes apart, and takes those of the
// others from l.
func (l *operation) makeAt(route string) *operation {
	op := *l.op
	op.Pattern = route
	at := &operation{op: l.op, clock: l.clock}
	for i, p := range l.parts {
		obs := l.observers[i]
		if own := l.observeRoute(p, &op); own != nil {
			obs = own
		}
		at.add(p, obs)
	}
	return at
}

// observeRoute returns the observer of p for the calls of one route, or for their
// attempts. It is nil if p does not tell routes apart.
func (l *operation) observeRoute(p Part, op *endpoint.Operation) Observer {
	rp, ok := p.(RoutePart)
	if !ok {
		return nil
	}
	if ap, ok := p.(AttemptPart); ok && l.attempts {
		return ap.ObserveAttempts(op)
	}
	return rp.ObserveRoute(op)
}
