package grpcx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
)

// sendable returns the metadata that gRPC can send, without what it cannot, and
// an error that names that: keys have lower-case letters, digits and "_-.", and
// values printable ASCII, unless the key ends in "-bin".
func sendable(raw map[string][]string) (metadata.MD, error) {
	md := make(metadata.MD, len(raw))
	var faults []error
	for k, vs := range raw {
		switch {
		case k == "content-type": // which grpc-go would drop
			faults = append(faults, errors.New("the key \"content-type\" belongs to gRPC"))
		case !validKey(k):
			faults = append(faults, fmt.Errorf("the key %q cannot be sent over gRPC", k))
		case !strings.HasSuffix(k, "-bin") && slices.ContainsFunc(vs, unprintable):
			faults = append(faults, fmt.Errorf("a value of %q is not printable ASCII; bytes go under a key that ends in -bin", k))
		default:
			md[k] = vs
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) }) // a map has no order
	return md, errors.Join(faults...)
}

func validKey(k string) bool {
	if k == "" || strings.HasPrefix(k, "grpc-") {
		return false
	}
	return !strings.ContainsFunc(k, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

func unprintable(v string) bool {
	return strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 || r > 0x7e })
}
