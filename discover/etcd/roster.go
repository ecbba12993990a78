package etcd

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/typedkit/endpoint/discover"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// A roster is what a Watch knows: the keys of the service.
type roster struct {
	registry *Registry
	entries  map[string]entry
	listed   map[string]bool // the keys of the list that is being read
}

// An entry is one key.
type entry struct {
	instance  discover.Instance
	value     []byte
	revision  int64
	malformed bool
}

func newRoster(r *Registry) *roster { return &roster{registry: r, entries: map[string]entry{}} }

// begin starts a list.
func (r *roster) begin() { r.listed = map[string]bool{} }

// end removes the keys that are not in the list.
func (r *roster) end() {
	maps.DeleteFunc(r.entries, func(key string, _ entry) bool { return !r.listed[key] })
	r.listed = nil
}

// put notes the value of a key, and reports whether that changes anything.
func (r *roster) put(kv *mvccpb.KeyValue) bool {
	key := string(kv.Key)
	if r.listed != nil {
		r.listed[key] = true
	}
	old, known := r.entries[key]
	if known && bytes.Equal(old.value, kv.Value) {
		old.revision = kv.ModRevision
		r.entries[key] = old
		return false
	}
	in, err := decode(kv.Value)
	e := entry{instance: in, value: kv.Value, revision: kv.ModRevision, malformed: err != nil}
	if err != nil {
		e.value = kv.Value[:min(len(kv.Value), maxValue+1)]
		r.registry.emit("malformed", bounded(key), err)
	}
	r.entries[key] = e
	return !e.malformed || known && !old.malformed
}

// apply notes changes, and reports whether there are any.
func (r *roster) apply(m *pb.WatchResponse) (bool, error) {
	changed := false
	for _, e := range m.Events {
		key := string(e.Kv.Key)
		if e.Type == mvccpb.Event_PUT {
			changed = r.put(e.Kv) || changed
			continue
		}
		old, known := r.entries[key]
		delete(r.entries, key)
		changed = changed || known && !old.malformed
	}
	if len(r.entries) > maxKeys {
		return changed, fmt.Errorf("etcd: there are more than %d keys below %s/", maxKeys, r.registry.prefix)
	}
	return changed, nil
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
