package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/backoff"
)

const (
	maxNodes = 10_000
	readers  = 16 // of data at the same time

	// gap is the shortest time between two readings. Changes in between are in the next one,
	// so that many changes of a large set cost a bounded part of the CPU.
	gap = 20 * time.Millisecond
)

// errLeft is the error of a round whose loop was left.
var errLeft = errors.New("zookeeper: the loop was left")

// A view is the sets of one Watch.
type view struct {
	registry *Registry
	link     *link
	roster   *roster
	yield    func([]discover.Instance, error) bool
	backoff  backoff.Backoff

	// The watches of a session that have not fired. A second one of the same node would be kept
	// until both fire.
	conn     *zk.Conn
	children bool            // of the path
	creation bool            // of the path, or of its data
	data     map[string]bool // of the children, by their names
}

// follow yields sets until ctx ends.
func (r *Registry) follow(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		if err := r.config.err(); err != nil {
			yield(nil, err)
			return
		}
		v := &view{registry: r, link: r.open(newInbox()), roster: newRoster(r), yield: yield}
		defer v.link.close()
		for ctx.Err() == nil {
			err := v.round(ctx)
			if ctx.Err() != nil || errors.Is(err, errLeft) || !yield(nil, err) {
				return
			}
			v.backoff.Wait(ctx)
		}
	}
}

// round yields the set, and then the sets that changes make, until the connection is lost.
func (v *view) round(ctx context.Context) error {
	now, err := v.link.connected(ctx)
	if err != nil {
		return err
	}
	if v.conn != now.conn {
		v.link.inbox.take()
		v.conn, v.children, v.creation, v.data = now.conn, false, false, map[string]bool{}
	}
	var shown []discover.Instance
	for first := true; ; first = false {
		if err := v.read(ctx, now); err != nil {
			return err
		}
		v.backoff.Reset()
		if set := v.roster.instances(); first || !same(set, shown) {
			if !v.yield(set, nil) {
				return errLeft
			}
			shown = set
		}
		if err := v.await(ctx, now); err != nil {
			return err
		}
	}
}

// await waits for a change, and at least for the gap.
func (v *view) await(ctx context.Context, now *standing) error {
	timer := time.NewTimer(gap)
	defer timer.Stop()
	var changed <-chan struct{}
	for {
		select {
		case <-changed:
			return nil
		case <-timer.C:
			changed = v.link.inbox.signal
		case <-now.ended:
			return errLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read brings the roster up to date.
func (v *view) read(ctx context.Context, now *standing) error {
	for p, f := range v.link.inbox.take() {
		if p != v.registry.path {
			delete(v.data, path.Base(p))
			continue
		}
		v.children = v.children && !f.children
		v.creation = v.creation && !f.data
	}
	names, err := v.list(ctx, now)
	if err != nil {
		return wrap("the children of "+v.registry.path, err)
	}
	if len(names) > maxNodes {
		return fmt.Errorf("zookeeper: there are more than %d nodes below %s", maxNodes, v.registry.path)
	}
	v.roster.retain(names)
	var stale []question
	for _, name := range names {
		if watched := v.data[name]; !watched || v.roster.entries[name].unread {
			stale = append(stale, question{name, watched})
		}
	}
	return v.get(ctx, now, stale)
}

// list returns the names of the children, and has the zk.Conn watch them, or the creation of
// the node above them.
func (v *view) list(ctx context.Context, now *standing) ([]string, error) {
	p := v.registry.path
	for {
		watched := v.children
		names, err := v.link.ask(ctx, now, func(conn *zk.Conn) (names []string, err error) {
			if watched {
				names, _, err = conn.Children(p)
				return names, err
			}
			names, _, _, err = conn.ChildrenW(p)
			return names, err
		}, nil)
		if err == nil {
			v.children = true
			return names, nil
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		v.children = false
		if v.creation {
			return nil, nil
		}
		exists, err := v.link.ask(ctx, now, func(conn *zk.Conn) (bool, error) {
			exists, _, _, err := conn.ExistsW(p)
			return exists, err
		}, nil)
		if err != nil {
			return nil, err
		}
		v.creation = true
		if !exists {
			return nil, nil
		}
	}
}

// A question is for the data of a node, which may have a watch already.
type question struct {
	name    string
	watched bool
}

// A reading is the answer to the question for the data of a node.
type reading struct {
	name string
	node node
	err  error
}

// get reads the data of nodes, and has the zk.Conn watch it.
func (v *view) get(ctx context.Context, now *standing, stale []question) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo, done := make(chan question, len(stale)), make(chan reading)
	for _, q := range stale {
		todo <- q
	}
	close(todo)
	var reading sync.WaitGroup
	for range min(readers, len(stale)) {
		reading.Go(func() { v.work(ctx, now, todo, done) })
	}
	go func() {
		reading.Wait()
		close(done)
	}()
	var failed error
	for r := range done {
		if err := v.note(r); err != nil && failed == nil {
			failed = err
			cancel()
		}
	}
	return failed
}

// work reads until there is nothing to read, or the connection is lost.
func (v *view) work(ctx context.Context, now *standing, todo <-chan question, done chan<- reading) {
	for q := range todo {
		p := v.registry.path + "/" + q.name
		n, err := v.link.ask(ctx, now, func(conn *zk.Conn) (n node, err error) {
			if q.watched {
				n.data, n.stat, err = conn.Get(p)
				return n, err
			}
			n.data, n.stat, _, err = conn.GetW(p)
			return n, err
		}, nil)
		done <- reading{q.name, n, err}
		if err != nil && !isOfNode(err) {
			return
		}
	}
}

// isOfNode reports whether an error is about one node.
func isOfNode(err error) bool {
	return errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrInvalidPath)
}

// note takes a reading into the roster.
func (v *view) note(r reading) error {
	switch {
	case r.err == nil:
		v.data[r.name] = true
		return v.roster.put(r.name, r.node.data, r.node.stat.Mzxid)
	case errors.Is(r.err, zk.ErrNoNode): // deleted since the list, which will change
		v.roster.remove(r.name)
	case isOfNode(r.err):
		v.roster.refuse(r.name, nil, wrap("the data of the node", r.err))
	default:
		return wrap("the data of "+v.registry.path+"/"+r.name, r.err)
	}
	return nil
}
