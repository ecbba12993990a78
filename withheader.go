package endpoint

import (
	"context"
	"slices"
	"strings"
)

// headerContext is one header for the next client calls under it.
type headerContext struct {
	context.Context
	key, value string
}

func (h *headerContext) Value(key any) any {
	if key == headersKey {
		return h
	}
	return h.Context.Value(key)
}

// WithHeader returns a context whose next client calls send the header, with
// this value in place of others of the same key. It reaches no further: the
// calls that a layer of the client makes do not send it, and neither does a
// server pass on what it received. A key that the transport owns (Host, Accept,
// Accept-Encoding, Content-*, grpc-*, pseudo headers, and those of one
// connection) or a value that cannot be sent is an [InvalidArgument] error of the
// call.
func WithHeader(ctx context.Context, key, value string) context.Context {
	return &headerContext{Context: ctx, key: key, value: value}
}

// addHeaders sets what WithHeader left in ctx for this call. The innermost
// value of a key wins.
func (c *Call) addHeaders(ctx context.Context) error {
	h, _ := ctx.Value(headersKey).(*headerContext)
	for seen := []string(nil); h != nil; h, _ = h.Context.Value(headersKey).(*headerContext) {
		if err := checkKey(h.key); err != nil {
			return Errorf(InvalidArgument, "%s", err.Error())
		}
		if err := checkValue(h.key, h.value); err != nil {
			return Errorf(InvalidArgument, "%s", err.Error())
		}
		key := strings.ToLower(h.key)
		if slices.Contains(seen, key) {
			continue
		}
		seen = append(seen, key)
		c.header.Set(key, h.value)
	}
	return nil
}
