package zookeeper

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/record"
)

// maxBytes is how much the data of the nodes below a path may take together.
const maxBytes = 64 << 20

// A roster is what a Watch knows: the nodes of the service, by their names.
type roster struct {
	registry *Registry
	entries  map[string]entry
	bytes    int // of the data of all entries
}

// An entry is one node.
type entry struct {
	instance  discover.Instance
	data      []byte // its start, if it is too large; nil if ZooKeeper does not give it
	written   int64  // the transaction
	malformed bool
	unread    bool // because the data was too much
}

func newRoster(r *Registry) *roster { return &roster{registry: r, entries: map[string]entry{}} }

// retain removes the nodes that do not exist any more.
func (r *roster) retain(names []string) {
	exists := make(map[string]bool, len(names))
	for _, name := range names {
		exists[name] = true
	}
	for name := range r.entries {
		if !exists[name] {
			r.remove(name)
		}
	}
}

func (r *roster) remove(name string) {
	r.bytes -= len(r.entries[name].data)
	delete(r.entries, name)
}

// put notes the data of a node. It is an error if that is too much together with the others.
func (r *roster) put(name string, data []byte, written int64) error {
	old, known := r.entries[name]
	if known && old.data != nil && bytes.Equal(old.data, data) {
		old.written = written
		r.entries[name] = old
		return nil
	}
	in, err := record.Decode(data)
	if len(data) > record.MaxSize {
		data = bytes.Clone(data[:record.MaxSize+1])
	}
	if sum := r.bytes - len(old.data) + len(data); sum > maxBytes {
		r.set(name, entry{unread: true})
		return fmt.Errorf("zookeeper: the data of the nodes below %s takes more than %d MiB", r.registry.path, maxBytes>>20)
	}
	if err != nil {
		r.refuse(name, data, fmt.Errorf("zookeeper: %w", err))
		return nil
	}
	r.set(name, entry{instance: in, data: data, written: written})
	return nil
}

// refuse notes a node that cannot be read.
func (r *roster) refuse(name string, data []byte, err error) {
	old, known := r.entries[name]
	r.set(name, entry{data: data, malformed: true})
	if !known || !old.malformed || old.data != nil || data != nil {
		r.registry.emit("malformed", bounded(r.registry.path+"/"+name), err)
	}
}

func (r *roster) set(name string, e entry) {
	r.remove(name)
	r.entries[name] = e
	r.bytes += len(e.data)
}

// instances returns the set. Of several nodes with one address the newest counts.
func (r *roster) instances() []discover.Instance {
	entries := make([]*entry, 0, len(r.entries))
	for _, e := range r.entries {
		if !e.malformed && !e.unread {
			entries = append(entries, &e)
		}
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.instance.Addr, b.instance.Addr), cmp.Compare(b.written, a.written))
	})
	set := make([]discover.Instance, 0, len(entries))
	for _, e := range entries {
		if len(set) == 0 || set[len(set)-1].Addr != e.instance.Addr {
			set = append(set, e.instance)
		}
	}
	return set
}

// same reports whether two sets are the same.
func same(a, b []discover.Instance) bool {
	return slices.EqualFunc(a, b, func(a, b discover.Instance) bool { return reflect.DeepEqual(a, b) })
}

// maxText is how much of a text of ZooKeeper's goes into an event.
const maxText = 256

// bounded returns the start of a text in printable form.
func bounded(text string) string {
	quoted := fmt.Sprintf("%q", text[:min(len(text), maxText)])
	return quoted[1 : len(quoted)-1]
}
