package etcd

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/typedkit/endpoint/discover"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// maxBytes is how much the values below a prefix may take together.
const maxBytes = 64 << 20

// A roster is what a Watch knows: the keys of the service.
type roster struct {
	registry *Registry
	entries  map[string]entry
	bytes    int              // of the values of all entries
	before   map[string]entry // what was known before the list that is being read
}

// An entry is one key.
type entry struct {
	instance  discover.Instance
	value     []byte // its start, if it is malformed
	size      int    // of the value
	revision  int64
	malformed bool
}

func newRoster(r *Registry) *roster { return &roster{registry: r, entries: map[string]entry{}} }

// begin starts a list, which replaces what is known.
func (r *roster) begin() { r.before, r.entries, r.bytes = r.entries, map[string]entry{}, 0 }

// end ends a list. If it has failed, all is as it was before.
func (r *roster) end(err error) {
	if err != nil {
		r.entries, r.bytes = r.before, 0
		for _, e := range r.entries {
			r.bytes += len(e.value)
		}
	}
	r.before = nil
}

// put notes the value of a key, and reports whether that changes the set.
func (r *roster) put(kv *mvccpb.KeyValue) bool {
	key := string(kv.Key)
	old, known := r.entries[key]
	if !known {
		old = r.before[key]
	}
	e := r.entryOf(key, kv, old)
	r.remove(key)
	r.entries[key] = e
	r.bytes += len(e.value)
	switch {
	case e.malformed:
		return known && !old.malformed
	case known && !old.malformed:
		return !bytes.Equal(old.value, e.value)
	}
	return true
}

// entryOf returns the entry of a key, and tells of a value that cannot be read. Of old, which
// was there before, it keeps what has not changed.
func (r *roster) entryOf(key string, kv *mvccpb.KeyValue, old entry) entry {
	e := entry{value: kv.Value, size: len(kv.Value), revision: kv.ModRevision}
	if !old.malformed && len(old.value) > 0 && bytes.Equal(old.value, kv.Value) {
		e.instance = old.instance
		return e
	}
	var err error
	if e.instance, err = decode(kv.Value); err == nil {
		return e
	}
	e.malformed, e.value = true, bytes.Clone(kv.Value[:min(len(kv.Value), maxText)])
	if !old.malformed || old.size != e.size || !bytes.Equal(old.value, e.value) {
		r.registry.emit("malformed", bounded(key), err)
	}
	return e
}

// remove removes a key, and reports whether that changes the set.
func (r *roster) remove(key string) bool {
	old, known := r.entries[key]
	delete(r.entries, key)
	r.bytes -= len(old.value)
	return known && !old.malformed
}

// apply notes changes, and reports whether they change the set.
func (r *roster) apply(m *pb.WatchResponse) (bool, error) {
	changed := false
	for _, e := range m.Events {
		if e.Type == mvccpb.Event_PUT {
			changed = r.put(e.Kv) || changed
		} else {
			changed = r.remove(string(e.Kv.Key)) || changed
		}
	}
	return changed, r.check(int64(len(r.entries)))
}

// check returns the error of too many keys, or too large values.
func (r *roster) check(keys int64) error {
	switch {
	case keys > maxKeys:
		return fmt.Errorf("etcd: there are more than %d keys below %s/", maxKeys, r.registry.prefix)
	case r.bytes > maxBytes:
		return fmt.Errorf("etcd: the values below %s/ take more than %d MiB", r.registry.prefix, maxBytes>>20)
	}
	return nil
}

// set returns the instances. Of several keys with one address the newest counts.
func (r *roster) set() []discover.Instance {
	entries := make([]*entry, 0, len(r.entries))
	for _, e := range r.entries {
		if !e.malformed {
			entries = append(entries, &e)
		}
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.instance.Addr, b.instance.Addr), cmp.Compare(b.revision, a.revision))
	})
	set := make([]discover.Instance, 0, len(entries))
	for _, e := range entries {
		if len(set) == 0 || set[len(set)-1].Addr != e.instance.Addr {
			set = append(set, e.instance)
		}
	}
	return set
}

// maxText is how much of a text of etcd's goes into an event.
const maxText = 256

// bounded returns the start of a text in printable form.
func bounded(text string) string {
	quoted := fmt.Sprintf("%q", text[:min(len(text), maxText)])
	return quoted[1 : len(quoted)-1]
}
