package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
)

// Equal reports whether two secrets are equal. The time that it takes depends on neither of
// their contents. Empty ones are equal to nothing: they are secrets that nobody has set.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])&^subtle.ConstantTimeEq(int32(min(len(a), 1)), 0) == 1
}

// errUnknownKey is the error of a key that is not one of Keys.
var errUnknownKey = errors.New("auth: the key is not known")

// Keys returns a verify of [APIKey.Verify] for a few keys that are known: the callers by
// their keys, without scopes. It compares a key with all of them, so the time that it takes
// does not depend on the key. P is the type of a caller.
func Keys[P Principal](callers map[string]P) func(ctx context.Context, key string) (P, []string, error) {
	digests := make([][sha256.Size]byte, 0, len(callers))
	values := make([]P, 0, len(callers))
	for key, p := range callers {
		digests, values = append(digests, digest(key)), append(values, p)
	}
	return func(_ context.Context, key string) (P, []string, error) {
		i := indexOf(digests, digest(key))
		if i < 0 {
			return *new(P), nil, errUnknownKey
		}
		return values[i], nil, nil
	}
}

// indexOf returns the index of a digest, or -1. It compares it with all of them.
func indexOf(digests [][sha256.Size]byte, d [sha256.Size]byte) int {
	found := -1
	for i := range digests {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digests[i][:], d[:]), i, found)
	}
	return found
}
