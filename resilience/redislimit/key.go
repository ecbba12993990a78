package redislimit

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// maxName is how many bytes the name of a limit may have.
	maxName = 64
	// maxKey is how many bytes of a key are kept as they are.
	maxKey = 64
	// hashed begins the keys that were longer. With the hash, they are longer than
	// maxKey, so no key that is kept as it is equals one of them.
	hashed = "sha256:"
)

// isName reports whether name can name a limit. A colon would make the keys of "a"
// overlap with those of "a:b", and braces would put all keys on one node of a cluster.
func isName(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"
	return name != "" && len(name) <= maxName && strings.Trim(name, allowed) == ""
}

// prefixOf returns the start of the keys in Redis of the named limit.
func prefixOf(name string) string { return "limit:" + name + ":" }

// redisKey returns the key in Redis for a key of the limit. It has at most 142 bytes.
func redisKey(prefix, key string) string {
	if len(key) <= maxKey {
		return prefix + key
	}
	sum := sha256.Sum256([]byte(key))
	return prefix + hashed + hex.EncodeToString(sum[:])
}
