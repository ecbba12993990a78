package constraint

import (
	"encoding/json/jsontext"
	"strconv"
	"strings"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// A check checks the value at p, and adds to w what is wrong with it. A valid value costs
// no allocation: places are kept as steps, and become texts with a fault.
type check func(w *walk, p unsafe.Pointer)

// A walk is one Check.
type walk struct {
	path  []step
	found []endpoint.Violation
	room  int  // for faults
	zero  bool // the value was not read: no methods are called
}

// A step leads from a value to one within it.
type step struct {
	name  string // of a member
	kind  stepKind
	index int64 // of an item
}

type stepKind uint8

const (
	member stepKind = iota
	item
	parameter // its name is all of the place
	body      // it is all of the body
)

func (w *walk) begin(faults int) { w.room = max(bounds.Faults-faults, 0) }

// keepSteps bounds how deep a value may have been for its steps to be kept.
const keepSteps = 64

// end forgets the values, and the faults, which have been taken.
func (w *walk) end() {
	w.found, w.zero = nil, false
	if cap(w.path) > keepSteps {
		w.path = nil
		return
	}
	clear(w.path[:cap(w.path)])
	w.path = w.path[:0]
}

// full reports whether as many faults were found as an answer lists.
func (w *walk) full() bool { return w.room == 0 }

// enter adds a step, which the caller sets, and returns its position.
func (w *walk) enter() int {
	w.path = append(w.path, step{})
	return len(w.path) - 1
}

func (w *walk) leave() { w.path = w.path[:len(w.path)-1] }

// fail adds a fault of the value that the walk is at.
func (w *walk) fail(detail string) { w.failAt("", detail) }

// failAt adds a fault of a value within that one.
func (w *walk) failAt(within, detail string) {
	if w.full() {
		return
	}
	w.room--
	v := endpoint.Violation{Detail: detail}
	v.Parameter, v.Pointer = w.place(within)
	w.found = append(w.found, v)
}

// maxName is how much of a name that was sent becomes part of a pointer, which is cut itself.
const maxName = 1 << 10

// place returns where the walk is: a parameter, or a pointer into the body.
func (w *walk) place(within string) (param, pointer string) {
	var p jsontext.Pointer
	for i := range w.path {
		s := &w.path[i]
		switch s.kind {
		case parameter:
			return s.name, ""
		case body:
			continue
		case item:
			p = p.AppendToken(strconv.FormatInt(s.index, 10))
		default:
			p = p.AppendToken(bounds.Cut(s.name, maxName))
		}
		if len(p) > maxName {
			break
		}
	}
	return "", bounds.Pointer(string(p) + within)
}

// isUnread reports whether one of the violations is about the message as a whole, so that it
// is not known which parts were read.
func isUnread(vs []endpoint.Violation) bool {
	for _, v := range vs {
		if v.Pointer == "" && v.Parameter == "" {
			return true
		}
	}
	return false
}

// isCovered reports whether a violation in before is about the place of v, or about a part
// of the message that v is in.
func isCovered(before []endpoint.Violation, v endpoint.Violation) bool {
	for _, b := range before {
		if b.Parameter != v.Parameter {
			continue
		}
		above := strings.TrimSuffix(b.Pointer, "…")
		if v.Parameter != "" || v.Pointer == b.Pointer || strings.HasPrefix(v.Pointer, above+"/") || above != b.Pointer && strings.HasPrefix(v.Pointer, above) {
			return true
		}
	}
	return false
}
