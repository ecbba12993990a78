package transporttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// poll calls done until it returns true, for at most d, and returns its last
// result. In a bubble the clock moves only while nothing else can run, so poll
// returns as soon as nothing more will happen.
func poll(d time.Duration, done func() bool) bool {
	if done() {
		return true
	}
	limit := time.NewTimer(d)
	defer limit.Stop()
	wait := 100 * time.Microsecond
	next := time.NewTimer(wait)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if done() {
				return true
			}
			wait = min(2*wait, max(d/100, time.Millisecond))
			next.Reset(wait)
		case <-limit.C:
			return done()
		}
	}
}

// pause waits for one unit of time.
func (k *kit) pause() { poll(k.unit, func() bool { return false }) }

// receive returns the next value of c. The case fails if none comes in time.
func (k *kit) receive[T any](c <-chan T, what string) T {
	k.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case v := <-c:
		return v
	case <-limit.C:
		k.t.Fatalf("%s did not happen within %v", what, patience)
		panic("not reached")
	}
}

// next returns the next call that ended at the watch.
func (k *kit) next(w *watch, what string) ending {
	k.t.Helper()
	return k.receive(w.ends, "the end of "+what)
}

// background runs f on a goroutine of its own. The channel gets the error of f.
func background(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			if !finished {
				c <- fmt.Errorf("the call panicked: %v", recover())
			}
		}()
		err := f()
		finished = true
		c <- err
	}()
	return c
}

// caught runs f, and reports whether it panicked and with which value.
func caught(f func()) (value any, panicked bool) {
	finished := false
	defer func() {
		if !finished {
			value, panicked = recover(), true
		}
	}()
	f()
	finished = true
	return nil, false
}

// hold waits for the end of ctx and returns its error. It does not outlive the
// case, so that a transport without cancellation fails instead of hanging.
func (k *kit) hold(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-k.over:
		return errOver
	}
}

// errOver is the error of hold at the end of the case.
var errOver = errors.New("the case is over")

// goroutines returns the traces of all goroutines in the bubble of the caller,
// except the caller's own and those of package testing. Outside a bubble there
// are none.
func goroutines() []string {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	traces := strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
	// The caller comes first: "goroutine 7 [running, synctest bubble 1]:".
	_, bubble, ok := strings.Cut(firstLine(traces[0]), "synctest bubble ")
	if !ok {
		return nil
	}
	var others []string
	for _, trace := range traces[1:] {
		_, of, ok := strings.Cut(firstLine(trace), "synctest bubble ")
		if ok && of == bubble && !strings.Contains(trace, "synctest.Run(") && !strings.Contains(trace, "testingSynctestTest(") {
			others = append(others, trace)
		}
	}
	return others
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
