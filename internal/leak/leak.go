// Package leak finds goroutines that outlive the tests of a package.
package leak

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// patience is how long a goroutine that is about to end may take.
const patience = 5 * time.Second

// Run runs the tests and returns their exit code, or 1 when they passed and left
// goroutines behind, whose traces it prints. For TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
func Run(tests interface{ Run() int }) int {
	return run(tests, os.Stderr, patience)
}

func run(tests interface{ Run() int }, out io.Writer, wait time.Duration) int {
	before := make(map[string]bool)
	for _, g := range goroutines() {
		before[g.id] = true
	}
	code := tests.Run()
	if code != 0 {
		return code // a test that failed may well have left some
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		left := leaked(before)
		if len(left) == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			fmt.Fprintf(out, "%d goroutines outlive the tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			return 1
		}
	}
}

// leaked returns the traces of the goroutines that were not there before.
func leaked(before map[string]bool) []string {
	var traces []string
	for _, g := range goroutines() {
		if !before[g.id] && !g.ofTheSystem() {
			traces = append(traces, g.trace)
		}
	}
	return traces
}

type goroutine struct{ id, trace string }

// ofTheSystem says that the goroutine is one that package testing or the
// runtime keeps.
func (g goroutine) ofTheSystem() bool {
	for _, f := range []string{"os/signal.signal_recv", "os/signal.loop", "runtime.ensureSigM", "testing.(*F).Fuzz", "internal/fuzz."} {
		if strings.Contains(g.trace, f) {
			return true
		}
	}
	return false
}

// goroutines returns all goroutines but the caller's own.
func goroutines() []goroutine {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	var all []goroutine
	for trace := range strings.SplitSeq(strings.TrimSpace(string(buf[:n])), "\n\n") {
		// The first line reads "goroutine 7 [running]:".
		id, _, _ := strings.Cut(strings.TrimPrefix(trace, "goroutine "), " ")
		all = append(all, goroutine{id, trace})
	}
	return all[1:] // the caller comes first
}
