package consul

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/typedkit/endpoint/discover"
)

// The metadata of a service that says more of an instance than its address.
const (
	weightKey   = "weight"
	zoneKey     = "zone"
	priorityKey = "priority"
)

// What Consul allows, in bytes.
const (
	maxPairs = 64
	maxKey   = 128
	maxValue = 512
)

// maxWeight is the largest weight that a pool takes.
const maxWeight = 1e12

// isWeight reports whether w is one: it is positive, and a number.
func isWeight(w float64) bool { return w > 0 && w <= maxWeight }

// metaOf returns the metadata of a service that is the instance. Its error has all that
// Consul would not take.
func metaOf(in discover.Instance) (map[string]string, error) {
	var faults []error
	meta := make(map[string]string, len(in.Meta)+3)
	put := func(key, written, value string) {
		switch {
		case key == "":
			faults = append(faults, errors.New("a key of the metadata is empty"))
		case len(written) > maxKey:
			faults = append(faults, fmt.Errorf("the key %q takes %d bytes, more than %d", bounded(key), len(written), maxKey))
		case len(value) > maxValue:
			faults = append(faults, fmt.Errorf("the value of %q has %d bytes, more than %d", bounded(key), len(value), maxValue))
		case !utf8.ValidString(value):
			faults = append(faults, fmt.Errorf("the value of %q is not UTF-8", bounded(key)))
		}
		meta[written] = value
	}
	for _, key := range slices.Sorted(maps.Keys(in.Meta)) {
		put(key, escape(key), in.Meta[key])
	}
	if in.Weight > 0 {
		put(weightKey, weightKey, strconv.FormatFloat(in.Weight, 'g', -1, 64))
	}
	if in.Zone != "" {
		put(zoneKey, zoneKey, in.Zone)
	}
	if in.Priority != 0 {
		put(priorityKey, priorityKey, strconv.Itoa(in.Priority))
	}
	if len(meta) > maxPairs {
		faults = append(faults, fmt.Errorf("there are %d pairs of metadata, more than %d: %s",
			len(meta), maxPairs, bounded(strings.Join(slices.Sorted(maps.Keys(meta))[maxPairs:], ", "))))
	}
	return meta, errors.Join(faults...)
}

const hex = "0123456789abcdef"

// escape returns a key that Consul takes. It writes what Consul does not allow, what stands for
// something else, and the first of two underscores as "__" and two digits.
func escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if isPlain(key, i) && (i > 0 || !isReserved(key)) {
			b.WriteByte(c)
			continue
		}
		b.WriteString("__")
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// isPlain reports whether the byte of a key stands for itself.
func isPlain(key string, i int) bool {
	c := key[i]
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		return true
	case c == '_':
		return i+1 == len(key) || key[i+1] != '_'
	}
	return false
}

// isReserved reports whether a key of an instance would stand for something else.
func isReserved(key string) bool {
	return key == weightKey || key == zoneKey || key == priorityKey || strings.HasPrefix(key, "consul-")
}

// unescape returns the key that escape was given.
func unescape(key string) string {
	if !strings.Contains(key, "__") {
		return key
	}
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if c, ok := escaped(key[i:]); ok {
			b.WriteByte(c)
			i += 3
			continue
		}
		b.WriteByte(key[i])
	}
	return b.String()
}

// escaped returns the byte that the start of a text stands for.
func escaped(text string) (byte, bool) {
	if len(text) < 4 || text[:2] != "__" {
		return 0, false
	}
	high, low := strings.IndexByte(hex, text[2]), strings.IndexByte(hex, text[3])
	if high < 0 || low < 0 {
		return 0, false
	}
	return byte(high<<4 | low), true
}
