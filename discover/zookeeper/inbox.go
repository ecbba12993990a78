package zookeeper

import (
	"sync"

	"github.com/go-zookeeper/zk"
)

// A firing says which watches of a node have fired.
type firing struct{ data, children bool }

// An inbox holds which watches of a node, and of its children, have fired.
type inbox struct {
	signal chan struct{} // has a value when there is something

	mu    sync.Mutex // guards the field below
	fired map[string]firing
}

func newInbox() *inbox { return &inbox{signal: make(chan struct{}, 1), fired: map[string]firing{}} }

// put notes an event of a watch.
func (in *inbox) put(e zk.Event) {
	in.mu.Lock()
	f := in.fired[e.Path]
	switch e.Type {
	case zk.EventNodeCreated, zk.EventNodeDataChanged:
		f.data = true
	case zk.EventNodeChildrenChanged:
		f.children = true
	case zk.EventNodeDeleted:
		f = firing{true, true}
	default: // a session has ended: there will be other watches
		in.mu.Unlock()
		return
	}
	in.fired[e.Path] = f
	in.mu.Unlock()
	select {
	case in.signal <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (in *inbox) take() map[string]firing {
	in.mu.Lock()
	defer in.mu.Unlock()
	fired := in.fired
	in.fired = map[string]firing{}
	return fired
}
