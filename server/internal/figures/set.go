// Package figures counts the calls of a server's operations: how many are in flight, how
// they ended, how long they took, since the start and over the last minute. It also keeps
// the recent calls that failed or were slow.
//
// A layer uses it like this:
//
//	s := figures.New()                            // once
//	o := s.Of(op)                                 // once for an operation, in For
//	o.Begin(); began := s.Now()                   // in Enter
//	o.End(ctx, began, s.Now(), err)               // in Exit
//
// o fits into the P of an endpoint.Token and began into its N. A page reads it with
// [Set.Operations] and [Set.Recent].
//
// A call that succeeds costs four atomic adds and no allocation. One that fails, or is
// slow, also looks at its error and its headers. For each operation and second, at most
// ten calls of a kind are kept among the recent ones. An operation holds 27 KB, and the
// recent calls of all operations 25 KB.
package figures

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// A Set has the figures of all operations of a program. Make one with [New]. It is safe
// for concurrent use.
type Set struct {
	start  time.Time
	recent recent

	mu  sync.Mutex // held while the field below is replaced
	all atomic.Pointer[map[key]*Operation]
}

// key tells operations apart. There are as many as the program has routes and methods:
// a service that is mounted twice, or a client that is made again, has one set of
// figures.
type key struct {
	service, name, transport, method, pattern string
	side                                      endpoint.Side
	unrouted                                  bool
}

// keyOf returns the key of op. All requests that no route matches have the same one.
func keyOf(op *endpoint.Operation) key {
	if op.Unrouted {
		return key{unrouted: true}
	}
	return key{op.Service, op.Name, op.Transport, op.Method, op.Pattern, op.Side, false}
}

// New returns an empty Set, whose time starts now.
func New() *Set {
	s := &Set{start: time.Now()}
	s.all.Store(&map[key]*Operation{})
	return s
}

// Start returns when the Set was made.
func (s *Set) Start() time.Time { return s.start }

// Now returns the time since the Set was made, by the monotonic clock.
func (s *Set) Now() time.Duration { return time.Since(s.start) }

// Of returns the figures of op, which are made at the first time. It takes no lock for an
// operation that is known.
func (s *Set) Of(op *endpoint.Operation) *Operation {
	k := keyOf(op)
	if o := (*s.all.Load())[k]; o != nil {
		return o
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := *s.all.Load()
	if o := known[k]; o != nil {
		return o
	}
	o := &Operation{op: op, set: s}
	o.slow.Store(int64(slowAtFirst))
	all := maps.Clone(known)
	all[k] = o
	s.all.Store(&all)
	return o
}

// Operations returns the figures of all operations: those that are served before those
// that are called, then by service, name, transport, method and pattern. Requests that no
// route matches come last.
func (s *Set) Operations() []*Operation {
	return slices.SortedFunc(maps.Values(*s.all.Load()), func(a, b *Operation) int {
		k, l := keyOf(a.op), keyOf(b.op)
		return cmp.Or(
			compareBool(k.unrouted, l.unrouted), cmp.Compare(k.side, l.side),
			cmp.Compare(k.service, l.service), cmp.Compare(k.name, l.name), cmp.Compare(k.transport, l.transport),
			cmp.Compare(k.method, l.method), cmp.Compare(k.pattern, l.pattern))
	})
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Recent returns the recent calls that failed or were slow, the latest first: at most 50
// of each [Kind].
func (s *Set) Recent() []Call { return s.recent.all() }
