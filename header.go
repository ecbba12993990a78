package endpoint

import (
	"encoding/base64"
	"fmt"
	"iter"
	"strings"
)

// A Header is the metadata of a call: a view on the transport's own map,
// nothing is copied. Keys are ASCII and case-insensitive. The values of keys
// that end in "-bin" are raw bytes here and base64, once, on the wire. All
// methods that read are safe on a nil Header. It is not safe for concurrent
// writing.
type Header struct {
	m   map[string][]string
	raw bool // keys are lower-case and binary values are not encoded
}

// HTTPHeader returns a view on m as HTTP writes metadata: with canonical MIME keys
// ("Content-Type"), and the values of keys that end in "-bin" in base64. m may be
// nil until a value is set. For authors of transports.
func HTTPHeader(m map[string][]string) Header { return Header{m: m} }

// MetadataHeader returns a view on m as gRPC writes metadata: with lower-case keys
// and raw values. m may be nil until a value is set. For authors of transports.
func MetadataHeader(m map[string][]string) Header { return Header{m: m, raw: true} }

// Get returns the first value of key, or "".
func (h *Header) Get(key string) string {
	if h == nil || len(h.m) == 0 {
		return ""
	}
	vs := h.m[h.key(key)]
	if len(vs) == 0 {
		return ""
	}
	return h.decode(key, vs[0])
}

// Values returns all values of key.
func (h *Header) Values(key string) []string {
	if h == nil || len(h.m) == 0 {
		return nil
	}
	return h.decodeAll(key, h.m[h.key(key)])
}

// Set replaces the values of key. On a nil Header it does nothing.
func (h *Header) Set(key string, values ...string) {
	if h == nil {
		return
	}
	if h.m == nil {
		h.m = map[string][]string{}
	}
	vs := make([]string, len(values))
	for i, v := range values {
		vs[i] = h.encode(key, v)
	}
	h.m[h.key(key)] = vs
}

// Add adds a value to those of key. On a nil Header it does nothing.
func (h *Header) Add(key, value string) {
	if h == nil {
		return
	}
	if h.m == nil {
		h.m = map[string][]string{}
	}
	k := h.key(key)
	h.m[k] = append(h.m[k], h.encode(key, value))
}

// Del removes key.
func (h *Header) Del(key string) {
	if h != nil {
		delete(h.m, h.key(key))
	}
}

// All ranges over keys, in the transport's form, and their values, in no order.
func (h *Header) All() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		if h == nil {
			return
		}
		for k, vs := range h.m {
			if !yield(k, h.decodeAll(k, vs)) {
				return
			}
		}
	}
}

// Raw returns the map under the view, nil if nothing was ever set. For authors
// of transports.
func (h *Header) Raw() map[string][]string {
	if h == nil {
		return nil
	}
	return h.m
}

func (h *Header) key(key string) string {
	if h.raw {
		return strings.ToLower(key)
	}
	return canonicalKey(key)
}

func (h *Header) encode(key, value string) string {
	if !h.raw && isBinary(key) {
		return base64.RawStdEncoding.EncodeToString([]byte(value))
	}
	return value
}

// decode returns the raw bytes of a binary value, padded or not; a value that
// is not base64 is returned as it is.
func (h *Header) decode(key, value string) string {
	if !h.raw && isBinary(key) {
		if b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")); err == nil {
			return string(b)
		}
	}
	return value
}

func (h *Header) decodeAll(key string, vs []string) []string {
	if len(vs) == 0 {
		return nil
	}
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = h.decode(key, v)
	}
	return out
}

func isBinary(key string) bool {
	return len(key) >= 4 && strings.EqualFold(key[len(key)-4:], "-bin")
}

// canonicalKey returns the MIME form of an ASCII key without importing
// net/textproto, which brings the network stack with it.
func canonicalKey(key string) string {
	upper := true
	for i := range len(key) {
		c := key[i]
		if upper && 'a' <= c && c <= 'z' || !upper && 'A' <= c && c <= 'Z' {
			return rewriteKey(key)
		}
		upper = c == '-'
	}
	return key
}

func rewriteKey(key string) string {
	b := []byte(key)
	upper := true
	for i, c := range b {
		switch {
		case upper && 'a' <= c && c <= 'z':
			b[i] = c - 'a' + 'A'
		case !upper && 'A' <= c && c <= 'Z':
			b[i] = c - 'A' + 'a'
		}
		upper = c == '-'
	}
	return string(b)
}

// owned are the keys that belong to a transport: whoever could set them would
// change how the message is framed or where it goes.
var owned = map[string]bool{
	"host": true, "connection": true, "transfer-encoding": true, "te": true, "trailer": true,
	"upgrade": true, "keep-alive": true, "proxy-connection": true, "connect-timeout-ms": true, "expect": true, "endpoint-attempt": true,
	"accept": true, "accept-encoding": true, // they list the forms that this end can read
}

// checkKey says why key must not be set by a caller.
func checkKey(key string) error {
	lower := strings.ToLower(key)
	switch {
	case key == "":
		return fmt.Errorf("endpoint: a header without a key")
	case owned[lower], strings.HasPrefix(lower, "content-"), strings.HasPrefix(lower, "grpc-"), lower[0] == ':':
		return fmt.Errorf("endpoint: header %q belongs to the transport", key)
	}
	for i := range len(key) {
		if c := key[i]; !isTokenByte(c) {
			return fmt.Errorf("endpoint: header key %q has the character %q", key, c)
		}
	}
	return nil
}

// checkValue says why value cannot be sent under key.
func checkValue(key, value string) error {
	if isBinary(key) {
		return nil
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("endpoint: the value of header %q has a control character", key)
		}
	}
	return nil
}

// isTokenByte is RFC 9110 §5.6.2's tchar.
func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// Check returns an error of code [InvalidArgument] that names a key that a caller
// may not send, or one whose value it may not: the first in alphabetical order.
// For authors of transports, who call it before a request leaves.
func (h *Header) Check() error {
	if h == nil {
		return nil
	}
	first, found := "", error(nil)
	for k, vs := range h.m {
		if found != nil && k > first {
			continue
		}
		err := checkKey(k)
		for i := 0; err == nil && i < len(vs); i++ {
			err = checkValue(k, vs[i])
		}
		if err != nil {
			first, found = k, err
		}
	}
	if found == nil {
		return nil
	}
	return Errorf(InvalidArgument, "%s", found.Error())
}
