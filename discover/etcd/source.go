package etcd

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// gap is the shortest time between two sets. Changes in between are in the next one, so that
// many changes of a large set cost a bounded part of the CPU.
const gap = 20 * time.Millisecond

// errLeft is the error of a round whose loop was left.
var errLeft = errors.New("etcd: the loop was left")

// A view is the sets of one Watch.
type view struct {
	registry *Registry
	roster   *roster
	yield    func([]discover.Instance, error) bool
	pause    pause
}

// follow yields sets until ctx ends.
func (r *Registry) follow(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		if err := r.config.err(); err != nil {
			yield(nil, err)
			return
		}
		v := &view{registry: r, roster: newRoster(r), yield: yield}
		for {
			err := v.round(ctx)
			switch {
			case ctx.Err() != nil, errors.Is(err, errLeft):
				return
			case errors.Is(err, errCompacted): // nothing is wrong; the next list has it all
			case !yield(nil, err), errors.Is(err, errClosed):
				return
			}
			v.pause.wait(ctx, r)
		}
	}
}

// round lists the instances, and follows the changes until something is in doubt.
func (v *view) round(ctx context.Context) error {
	revision, err := v.registry.list(ctx, v.pause.patience(), v.roster)
	if err != nil {
		return err
	}
	if !v.yield(v.roster.set(), nil) {
		return errLeft
	}
	// The events of this revision are in the list already and change nothing. A watch from
	// the next revision would get no progress notifications until that revision exists.
	w, err := v.registry.watch(ctx, revision)
	if err != nil {
		return err
	}
	defer w.end()
	return v.changes(ctx, w)
}

// changes yields the sets that the changes make.
func (v *view) changes(ctx context.Context, w *watch) error {
	due := time.NewTimer(gap) // of the next set
	defer due.Stop()
	waiting, free := false, false // a change waits for the gap to end; it has ended
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due.C:
			free = true
		case m, ok := <-w.messages:
			if !ok {
				return w.err
			}
			v.pause.reset()
			changed, err := v.roster.apply(m)
			if err != nil {
				return err
			}
			waiting = waiting || changed
		}
		if !waiting || !free {
			continue
		}
		if !v.yield(v.roster.set(), nil) {
			return errLeft
		}
		waiting, free = false, false
		due.Reset(gap)
	}
}
