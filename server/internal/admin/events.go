package admin

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

const (
	// maxEvents is how many events are kept.
	maxEvents = 100
	// maxText is how much of a text of an event is kept, in bytes.
	maxText = 256
)

// An Event is an endpoint.Event with its time, in bounded texts.
type Event struct {
	At        time.Time `json:"at"`
	Source    string    `json:"source"`
	Name      string    `json:"name,omitzero"`
	Kind      string    `json:"kind"`
	Operation string    `json:"operation,omitzero"`
	Detail    string    `json:"detail,omitzero"`
	Delay     float64   `json:"delaySeconds,omitzero"`
	Error     string    `json:"error,omitzero"`
	// Count is how often the event happened in a row; At is when it did last.
	Count int `json:"count"`
}

// Events keeps the latest events. The zero Events is empty and ready. It is safe for
// concurrent use.
type Events struct {
	mu    sync.Mutex // guards the fields below
	ring  [maxEvents]Event
	added int
}

// Add keeps an event. An event that only repeats the one before is counted with it: a
// policy that rejects call after call pushes out nothing else.
func (l *Events) Add(ctx context.Context, e endpoint.Event) {
	kept := Event{
		At: time.Now(), Source: e.Source, Name: e.Name, Kind: e.Kind, Operation: nameOf(e.Operation),
		Detail: short(e.Detail), Delay: e.Delay.Seconds(), Error: errorText(ctx, e.Err), Count: 1,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.added > 0 {
		last := &l.ring[(l.added-1)%maxEvents]
		if last.repeats(kept) {
			kept.Count = last.Count + 1
			*last = kept
			return
		}
	}
	l.ring[l.added%maxEvents] = kept
	l.added++
}

// repeats reports whether the event is the same as another one, but for its numbers.
func (e Event) repeats(o Event) bool {
	e.At, e.Delay, e.Count = o.At, o.Delay, o.Count
	return e == o
}

// All returns the events, the latest first.
func (l *Events) All() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.added, maxEvents)
	all := make([]Event, 0, n)
	for i := range n {
		all = append(all, l.ring[(l.added-1-i)%maxEvents])
	}
	return slices.Clip(all)
}

// errorText returns what is shown of the error of an event. Of the error of a call, that
// is its code and its identity: the text may have something of the request.
func errorText(ctx context.Context, err error) string {
	if err == nil {
		return ""
	}
	if endpoint.CallFrom(ctx) == nil {
		return short(err.Error())
	}
	e := endpoint.ErrorOf(err)
	if e.Domain() == "" {
		return e.Code().String()
	}
	return short(e.Code().String() + " " + e.Domain() + "/" + e.Reason())
}

// short returns the start of a text as one printable line.
func short(text string) string { return bounds.Cut(bounds.Line(text), maxText) }

// nameOf returns "Service.Name", or what there is of it.
func nameOf(op *endpoint.Operation) string {
	switch {
	case op == nil:
		return ""
	case op.Unrouted:
		return "unrouted"
	case op.Service == "":
		return op.Name
	}
	return op.Service + "." + op.Name
}
