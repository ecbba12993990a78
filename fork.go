package endpoint

import (
	"context"
	"maps"
	"slices"

	"github.com/typedkit/endpoint/internal/fork"
)

// forkContext is the context of work that may run beside the call that started it,
// and when that call is over. The Calls that the work finds are copies of its own, so
// it writes neither to a reply that has been sent nor to what another goroutine
// writes. See decision 131.
type forkContext struct {
	context.Context
	nearest  *callFork // of CallFrom; nil where an attempt forks that Call itself
	incoming *callFork // of Incoming; nil without one
}

// callFork is a copy of a Call.
type callFork struct {
	call    Call
	from    *Call
	origin  any    // the identity of from
	before  Header // the reply when it was copied, or last settled
	changes []change
}

// forkAll forks the Calls that ctx belongs to. It is a fork.Func.
func forkAll(ctx context.Context) (context.Context, fork.Calls) {
	f := forkCalls(ctx, CallFrom(ctx), Incoming(ctx))
	return f, f
}

// forkAttempt forks the Calls that a hedged attempt does not fork itself. Without any,
// it returns ctx and nil.
func forkAttempt(ctx context.Context, bound bool) (context.Context, *forkContext) {
	nearest, incoming := CallFrom(ctx), Incoming(ctx)
	if bound {
		nearest = nil
	}
	if nearest == nil && incoming == nil {
		return ctx, nil
	}
	f := forkCalls(ctx, nearest, incoming)
	return f, f
}

func forkCalls(ctx context.Context, nearest, incoming *Call) *forkContext {
	f := &forkContext{Context: ctx}
	if nearest != nil {
		f.nearest = newFork(nearest, fork.Origin(ctx))
	}
	switch incoming {
	case nil:
	case nearest:
		f.incoming = f.nearest
	default:
		f.incoming = newFork(incoming, incoming)
	}
	return f
}

// newFork copies a Call that is not over.
func newFork(from *Call, origin any) *callFork {
	f := &callFork{from: from, origin: origin}
	f.call.copy(from)
	f.before = Header{m: maps.Clone(f.call.reply.m), raw: f.call.reply.raw}
	from.detach()
	return f
}

// Value answers for the forks.
func (f *forkContext) Value(key any) any {
	if k, ok := key.(contextKey); ok {
		switch {
		case k == callKey && f.nearest != nil:
			return &f.nearest.call
		case k == incomingKey && f.incoming != nil:
			return &f.incoming.call
		case k == fork.OriginKey && f.nearest != nil:
			return f.nearest.origin
		}
	} else if f.nearest != nil {
		if v := f.nearest.call.value(key); v != nil {
			return v
		}
	}
	return f.Context.Value(key)
}

// all yields the forks.
func (f *forkContext) all(yield func(*callFork) bool) {
	if f == nil {
		return
	}
	if f.nearest != nil && !yield(f.nearest) {
		return
	}
	if f.incoming != nil && f.incoming != f.nearest {
		yield(f.incoming)
	}
}

// Settle notes what the work set in the replies.
func (f *forkContext) Settle() {
	for c := range f.all {
		c.changes = c.call.reply.changesSince(&c.before)
	}
}

// Adopt copies that to the replies of the Calls that ctx belongs to. Their peer and
// their principal stay their own.
func (f *forkContext) Adopt(ctx context.Context) {
	if f.nearest != nil {
		CallFrom(ctx).Reply().apply(f.nearest.changes)
	}
	if f.incoming != nil && f.incoming != f.nearest {
		Incoming(ctx).Reply().apply(f.incoming.changes)
	}
}

// settle makes what a hedged attempt learned known to the Calls around it, when it is
// the one that decides. It is called by the goroutine of the call.
func (f *forkContext) settle() {
	for c := range f.all {
		if changes := c.call.reply.changesSince(&c.before); len(changes) > 0 {
			c.from.reply.apply(changes)
			c.before = c.call.reply.clone()
		}
		if c.from.principal != c.call.principal {
			c.from.principal = c.call.principal
		}
	}
}

// A change is what happened to one key of a Header.
type change struct {
	key    string
	values []string
	kind   changeKind
}

type changeKind uint8

const (
	replaced changeKind = iota // the values are all that there are
	added                      // the values came after those that were there
	removed
)

// changesSince returns how h differs from before.
func (h *Header) changesSince(before *Header) []change {
	var changes []change
	for k, vs := range h.m {
		old, had := before.m[k]
		switch n := len(old); {
		case had && slices.Equal(vs, old):
		case n > 0 && len(vs) > n && slices.Equal(vs[:n], old):
			changes = append(changes, change{k, h.decodeAll(k, vs[n:]), added})
		default:
			changes = append(changes, change{k, h.decodeAll(k, vs), replaced})
		}
	}
	for k := range before.m {
		if _, ok := h.m[k]; !ok {
			changes = append(changes, change{key: k, kind: removed})
		}
	}
	return changes
}

// apply makes the changes, in the form of h's own transport.
func (h *Header) apply(changes []change) {
	for _, c := range changes {
		switch c.kind {
		case replaced:
			h.Set(c.key, c.values...)
		case added:
			for _, v := range c.values {
				h.Add(c.key, v)
			}
		case removed:
			h.Del(c.key)
		}
	}
}

// clone returns a copy whose values are in one piece of memory.
func (h *Header) clone() Header {
	if len(h.m) == 0 {
		return Header{raw: h.raw}
	}
	n := 0
	for _, vs := range h.m {
		n += len(vs)
	}
	room := make([]string, 0, n)
	m := maps.Clone(h.m)
	for k, vs := range m {
		start := len(room)
		room = append(room, vs...)
		m[k] = room[start:len(room):len(room)]
	}
	return Header{m: m, raw: h.raw}
}
