package measure

import (
	"cmp"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// roundVariable tells a process that it is a child, which measures one round and
// writes the results to standard output as JSON.
const roundVariable = "ENDPOINT_BENCH_ROUND"

func childRound() (number int, ok bool) {
	number, err := strconv.Atoi(os.Getenv(roundVariable))
	return number, err == nil
}

// child measures one round. It shows no progress: its parent does.
func (p Program) child(ctx context.Context, number int) int {
	err := func() error {
		results, err := p.run(ctx, Config{Rounds: 1, Window: fullWindow, Seed: uint64(number)})
		if err != nil {
			return err
		}
		return json.MarshalWrite(p.Stdout, results)
	}()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name, err)
	return exitFailed
}

// A round is one round of a relinked run.
type round struct {
	results []Result
	others  float64 // the share of the machine that other processes used meanwhile
}

// What is done to get quiet rounds: wait for quiet moments, in all rounds together
// so long, and measure at most so many times as many rounds as asked for.
const (
	patience = 3 * time.Minute
	spare    = 2
)

// relinked measures each round in a process of its own, whose functions are in an
// order of its own. Within a round, everything is compared in one process. A round
// that other processes disturbed is measured again, and if that does not help, the
// quietest count: what they did chooses, and never the results.
func (p Program) relinked(ctx context.Context, n int, progress *Progress) (results []Result, others float64, err error) {
	dir, err := os.MkdirTemp("", p.Name+"-")
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()    // a leftover in the folder for temporary files is no failure
	binary := filepath.Join(dir, p.Name+".exe") // an ending that one system wants and the others ignore
	var rounds []round
	left, limit := patience, cmp.Or(p.tolerance, busy)
	for quiet := 0; quiet < n && len(rounds) < spare*n; {
		progress.Step(phase(quiet, n, len(rounds)), quiet, n)
		if err := p.link(ctx, binary, len(rounds)); err != nil {
			return nil, 0, stopped(ctx, err)
		}
		awaitQuiet(ctx, limit, &left)
		r, err := p.measureIn(ctx, binary, len(rounds))
		if err != nil {
			return nil, 0, stopped(ctx, err)
		}
		rounds = append(rounds, r)
		if r.others <= limit {
			quiet++
		}
	}
	return quietest(rounds, n)
}

func phase(quiet, n, measured int) string {
	text := fmt.Sprintf("round %d of %d", quiet+1, n)
	if disturbed := measured - quiet; disturbed > 0 {
		text += fmt.Sprintf(", %d disturbed", disturbed)
	}
	return text
}

// quietest merges the n rounds that other processes disturbed least, and returns
// the share of the machine that those used in the worst of them.
func quietest(rounds []round, n int) (results []Result, others float64, err error) {
	slices.SortStableFunc(rounds, func(a, b round) int { return cmp.Compare(a.others, b.others) })
	for _, r := range rounds[:n] {
		if results, err = merge(results, r.results); err != nil {
			return nil, 0, err
		}
		others = r.others
	}
	return results, others, nil
}

// awaitQuiet returns when other processes use no more of the machine than limit, or
// ctx ends, or no patience is left; what it waits is taken from that.
func awaitQuiet(ctx context.Context, limit float64, left *time.Duration) {
	const look = 300 * time.Millisecond // some dozen ticks of the clocks
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for ; *left > 0; *left -= look {
		before, ok := cpuNow()
		if !ok {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if othersSince(before) <= limit {
			return
		}
	}
}

// stopped returns the reason of ctx if it has ended, because what a killed process
// says of itself does not help; else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// link builds the program. Only the first round compiles it.
func (p Program) link(ctx context.Context, binary string, number int) error {
	if _, err := os.Stat(filepath.Join(p.Dir, "main.go")); err != nil {
		return fmt.Errorf("the sources of the program are not where they were when it was built, so it cannot be linked anew (-fixed does without): %w", err)
	}
	// The linker takes 0 for no order at all. Nobody asks this build for its
	// revision, so no version control system has to be there.
	cmd := command(ctx, "go", "build", "-buildvcs=false", "-o", binary, "-ldflags=-randlayout="+strconv.Itoa(number+1), ".")
	cmd.Dir = p.Dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+p.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("linking the program anew (-fixed does without): %w\n%s", err, out)
	}
	return nil
}

func (p Program) measureIn(ctx context.Context, binary string, number int) (round, error) {
	cmd := command(ctx, binary)
	cmd.Env = append(os.Environ(), roundVariable+"="+strconv.Itoa(number+1))
	cmd.Stderr = p.Stderr
	before, _ := cpuNow()
	out, err := cmd.Output()
	if err != nil {
		return round{}, fmt.Errorf("the process of a round: %w", err)
	}
	r := round{others: othersSince(before)}
	if err := json.Unmarshal(out, &r.results); err != nil {
		return round{}, fmt.Errorf("the results of a round: %w", err)
	}
	return r, nil
}

// command returns a command that gets a signal when ctx ends, and is killed if it
// does not heed it.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if runtime.GOOS != "windows" { // which has no signals
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// merge appends the rounds of more to those of all. Both have the same cases.
func merge(all, more []Result) ([]Result, error) {
	if all == nil {
		return more, nil
	}
	if len(all) != len(more) {
		return nil, fmt.Errorf("a round measured %d cases, another one %d: did the sources change meanwhile?", len(all), len(more))
	}
	for i, m := range more {
		r := &all[i]
		if r.Group != m.Group || r.Kind != m.Kind {
			return nil, fmt.Errorf("a round measured %q, another one %q: did the sources change meanwhile?", r.Group+", "+r.Kind, m.Group+", "+m.Kind)
		}
		r.NS = slices.Concat(r.NS, m.NS)
		r.Allocs, r.Bytes = max(r.Allocs, m.Allocs), max(r.Bytes, m.Bytes)
	}
	return all, nil
}
