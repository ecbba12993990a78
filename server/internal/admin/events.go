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
	// repeatTime is how soon after an event the same one is taken for a repeat.
	repeatTime = time.Minute
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
	// Count is how often the event happened, each time soon after the one before. At is
	// the last time.
	Count int `json:"count"`
}

// Events keeps the latest events. The zero Events is empty and ready. It is safe for
// concurrent use.
type Events struct {
	mu   sync.Mutex // guards the field below
	kept []Event    // at most maxEvents, in no order
}

// Add keeps an event, in place of the oldest if there are enough. An event that happens
// again within repeatTime is counted with the first: policies that reject call after call
// push out nothing else.
func (l *Events) Add(ctx context.Context, e endpoint.Event) {
	added := Event{
		At: time.Now(), Source: e.Source, Name: e.Name, Kind: e.Kind, Operation: nameOf(e.Operation),
		Detail: short(e.Detail), Delay: e.Delay.Seconds(), Error: errorText(ctx, e.Err), Count: 1,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := 0
	for i := range l.kept {
		if l.kept[i].isRepeatedBy(added) {
			added.Count += l.kept[i].Count
			l.kept[i] = added
			return
		}
		if l.kept[i].At.Before(l.kept[oldest].At) {
			oldest = i
		}
	}
	if len(l.kept) < maxEvents {
		l.kept = append(l.kept, added)
		return
	}
	l.kept[oldest] = added
}

// isRepeatedBy reports whether a later event is the same, but for its numbers.
func (e Event) isRepeatedBy(o Event) bool {
	soon := o.At.Sub(e.At) < repeatTime
	e.At, e.Delay, e.Count = o.At, o.Delay, o.Count
	return soon && e == o
}

// All returns the events, the latest first.
func (l *Events) All() []Event {
	l.mu.Lock()
	all := append([]Event{}, l.kept...)
	l.mu.Unlock()
	slices.SortStableFunc(all, func(a, b Event) int { return b.At.Compare(a.At) })
	return all
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
