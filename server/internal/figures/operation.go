package figures

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/ids"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/outcome"
)

// maxCode is the last of the canonical codes. Others count as Unknown.
const maxCode = endpoint.Unauthenticated

// maxIdentity is how much of an error's domain and reason is kept, in bytes.
const maxIdentity = 128

// A call that succeeds is slow if it took more than slowFactor times the median of the
// last minute, and more than slowAtLeast. Before the operation has enoughCalls in the last
// minute, a call is slow after slowAtFirst.
const (
	slowFactor  = 10
	slowAtLeast = 10 * time.Millisecond
	slowAtFirst = time.Second
	enoughCalls = 20
)

// An Operation has the figures of one operation. [Set.Of] makes it. It is safe for
// concurrent use.
type Operation struct {
	op   *endpoint.Operation
	set  *Set
	slow atomic.Int64 // nanoseconds after which a success is slow

	begun  atomic.Uint64
	codes  [maxCode + 1]atomic.Uint64
	faults [2]atomic.Uint64 // by Kind
	took   total
	window window
}

// Operation returns the operation that the figures are of. If several have the same
// name, it is the first one.
func (o *Operation) Operation() *endpoint.Operation { return o.op }

// Begin counts a call that begins. [Operation.End] must be called for it.
func (o *Operation) Begin() { o.begun.Add(1) }

// End counts a call that ended with err, which is nil for a success. ctx is that of the
// call, began and now are readings of [Set.Now].
func (o *Operation) End(ctx context.Context, began, now time.Duration, err error) {
	took, code := now-began, endpoint.OK
	var call *endpoint.Call
	if err != nil {
		call = endpoint.CallFrom(ctx)
		code = outcome.Code(call, o.op, err)
	}
	o.codes[canonical(code)].Add(1)
	bucket := bucketOf(took)
	o.took[bucket].Add(1)
	slot, first := o.window.at(secondOf(now))
	if slot != nil {
		slot.took[bucket].Add(1)
	}
	if first {
		o.setSlow(now)
	}
	switch {
	case err != nil:
		o.failed(ctx, slot, Call{Took: took, Code: code, Kind: kindOf(call, code, err)}, now, err)
	case int64(took) > o.slow.Load() && o.op.Streams == endpoint.Unary:
		o.record(ctx, slot, Call{Took: took, Kind: Slow}, now)
	}
}

func canonical(c endpoint.Code) endpoint.Code {
	if c < 0 || c > maxCode {
		return endpoint.Unknown
	}
	return c
}

// kindOf returns whose fault it is that a call failed.
func kindOf(call *endpoint.Call, code endpoint.Code, err error) Kind {
	if outcome.BlameOf(call, code, err, mark.FairTime) == outcome.Fault {
		return ServerFault
	}
	return CallerFault
}

// failed counts and records a call that failed.
func (o *Operation) failed(ctx context.Context, s *slot, c Call, now time.Duration, err error) {
	o.faults[c.Kind].Add(1)
	if s != nil {
		s.faults[c.Kind].Add(1)
	}
	c.Domain, c.Reason = o.identity(err)
	o.record(ctx, s, c, now)
}

// identity returns what the caller sees of the identity of err.
func (o *Operation) identity(err error) (domain, reason string) {
	e := endpoint.ErrorOf(err)
	if o.op.Side == endpoint.ServerSide {
		e = o.op.Outgoing(err)
	}
	return short(e.Domain()), short(e.Reason())
}

// short returns a copy of the start of s as printable text.
func short(s string) string {
	return strings.Clone(bounds.Cut(bounds.Line(s), maxIdentity))
}

// record puts c among the recent calls, unless its second has enough of them.
func (o *Operation) record(ctx context.Context, s *slot, c Call, now time.Duration) {
	if s == nil || s.recorded[c.Kind].Add(1) > perSecond {
		return
	}
	header := endpoint.CallFrom(ctx).Header()
	c.At, c.Operation = o.set.start.Add(now), o.op
	// Copies, because a part of a header would keep all of it.
	trace, _ := ids.Trace(header.Get("traceparent"))
	c.TraceID = strings.Clone(trace)
	if id := header.Get(ids.RequestHeader); ids.ValidRequest(id) {
		c.RequestID = strings.Clone(id)
	}
	o.set.recent.add(c)
}

// setSlow decides for the second that begins which calls are slow.
func (o *Operation) setSlow(now time.Duration) {
	limit := slowAtFirst
	if took := o.window.took(secondOf(now)); took.calls() >= enoughCalls {
		limit = max(slowFactor*took.quantile(0.5), slowAtLeast)
	}
	o.slow.Store(int64(limit))
}
