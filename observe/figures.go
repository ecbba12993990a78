package observe

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// maxCode is the last of the canonical codes. Others count as Unknown.
const maxCode = endpoint.Unauthenticated

// bucketEnds are the upper ends of the buckets of durations, those that
// OpenTelemetry advises for http.server.request.duration. The last has none.
var bucketEnds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	75 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	750 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	7500 * time.Millisecond, 10 * time.Second,
}

// seriesKey tells series apart. What has the same names is one series, also when
// two services were mounted or two clients made.
type seriesKey struct {
	service, name, transport string
	side                     endpoint.Side
}

func (k *seriesKey) sideName() string {
	if k.side == 0 {
		return "local"
	}
	return k.side.String()
}

// figures are those of one series.
type figures struct {
	key                         seriesKey
	operation                   string // its name
	begun                       atomic.Int64
	codes                       [maxCode + 1]atomic.Int64
	requestBytes, responseBytes atomic.Int64
	nanos                       atomic.Int64
	buckets                     [len(bucketEnds) + 1]atomic.Int64
}

func (f *figures) add(o *Observation) {
	f.codes[canonical(o.Code)].Add(1)
	f.nanos.Add(int64(o.Duration))
	i := 0
	for i < len(bucketEnds) && o.Duration > bucketEnds[i] {
		i++
	}
	f.buckets[i].Add(1)
	if n := o.Call.RequestBytes(); n > 0 {
		f.requestBytes.Add(n)
	}
	if n := o.Call.ResponseBytes(); n > 0 {
		f.responseBytes.Add(n)
	}
}

// inFlight returns how many calls have begun and not ended.
func (f *figures) inFlight() int64 {
	ended := int64(0)
	for c := range f.codes {
		ended += f.codes[c].Load()
	}
	return f.begun.Load() - ended // read last: it is not below the others
}

func canonical(c endpoint.Code) endpoint.Code {
	if c < 0 || c > maxCode {
		return endpoint.Unknown
	}
	return c
}

// registry holds the figures of all series: as many as the program has
// operations, whatever its callers do.
type registry struct {
	mu  sync.Mutex // guards the field below
	all map[seriesKey]*figures
}

// of returns the figures of a series, and whether they are new.
func (r *registry) of(key seriesKey) (f *figures, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f = r.all[key]; f != nil {
		return f, false
	}
	if r.all == nil {
		r.all = map[seriesKey]*figures{}
	}
	f = &figures{key: key, operation: operationName(&endpoint.Operation{Service: key.service, Name: key.name})}
	r.all[key] = f
	return f, true
}

// each calls do for every series, without the lock.
func (r *registry) each(do func(*figures)) {
	r.mu.Lock()
	all := make([]*figures, 0, len(r.all))
	for _, f := range r.all {
		all = append(all, f)
	}
	r.mu.Unlock()
	for _, f := range all {
		do(f)
	}
}

// counter observes the calls of one operation for a registry.
type counter struct {
	op     *endpoint.Operation
	series func(seriesKey) *figures
	ended  func(*figures, *Observation) // nil for nothing
	sides  [3]atomic.Pointer[figures]
}

func (c *counter) Begin(_ context.Context, o *Observation) (context.Context, endpoint.Token) {
	side := o.Call.Side()
	f := c.sides[side].Load()
	if f == nil {
		f = c.series(seriesKey{c.op.Service, c.op.Name, c.op.Transport, side})
		c.sides[side].Store(f)
	}
	f.begun.Add(1)
	return nil, endpoint.Token{P: f}
}

func (c *counter) End(_ context.Context, t endpoint.Token, o *Observation) {
	f, ok := t.P.(*figures)
	if !ok {
		return
	}
	f.add(o)
	if c.ended != nil {
		c.ended(f, o)
	}
}
