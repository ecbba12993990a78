package main

import (
	"errors"
	"runtime"
	"strings"
)

// What a handler gets as an ID: a positive one is good.
const (
	goodID   = 1
	refuseID = 0  // answered with errRefused
	trailID  = -1 // answered with a *trail
)

var errRefused = errors.New("the handler refuses this ID")

// A trail is the error by which a handler tells how many pass-through layers the
// call came through: those that are on the stack. So the very values that are
// timed are checked, and no layer does anything for it.
type trail struct{ layers int }

func (*trail) Error() string { return "the handler was asked for the call's trail" }

// refusal returns the error for an ID that is not positive. It is kept out of
// the handlers so that they stay small.
//
//go:noinline
func refusal(id int64) error {
	if id != trailID {
		return errRefused
	}
	var pcs [256]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	t := &trail{}
	for {
		frame, more := frames.Next()
		if isPassing(frame.Function) {
			t.layers++
		}
		if !more {
			return t
		}
	}
}

// isPassing reports whether a function is a pass-through layer: passHTTP.func1,
// (*passer).Wrap[…].func1 and the like.
func isPassing(function string) bool {
	_, name, _ := strings.Cut(function[strings.LastIndex(function, "/")+1:], ".")
	return strings.HasPrefix(strings.TrimLeft(name, "(*"), "pass")
}
