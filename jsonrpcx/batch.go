package jsonrpcx

import (
	"context"
	"encoding/json/jsontext"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
)

// A room is the number of bytes that the results of one batch may still have. A nil room is
// never full.
type room struct{ left atomic.Int64 }

// take takes n bytes and reports whether they were there. Once they were not, the room stays
// full.
func (r *room) take(n int) bool { return r == nil || r.left.Add(-int64(n)) >= 0 }

func (r *room) isFull() bool { return r != nil && r.left.Load() < 0 }

var errTooMany = errors.New("too many")

// batch serves the calls of an array and returns the array of their response objects, in the
// order of the calls. It is nil if all of them are notifications.
func (s *server) batch(ctx context.Context, raw jsontext.Value) []byte {
	var calls []jsontext.Value
	err := eachItem(raw, func(call jsontext.Value) error {
		if len(calls) == s.config.maxBatch {
			return errTooMany
		}
		calls = append(calls, call)
		return nil
	})
	switch {
	case err != nil:
		return s.refuse(ctx, len(raw), ErrBatchTooLarge.WithMeta("limit", strconv.Itoa(s.config.maxBatch)))
	case len(calls) == 0:
		return s.refuse(ctx, len(raw), ErrInvalidRequest)
	}
	return join(s.all(ctx, calls))
}

// all serves calls side by side, up to the bound, and returns their response objects.
func (s *server) all(ctx context.Context, calls []jsontext.Value) [][]byte {
	out := make([][]byte, len(calls))
	room := &room{}
	room.left.Store(s.config.maxReply)
	places := make(chan struct{}, s.config.parallel)
	var running sync.WaitGroup
	for i, call := range calls {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			m := parse(call)
			if !m.isNotification() { // for a handler that calls runtime.Goexit
				out[i] = s.unrouted.appendFailure(nil, errExited, m.id)
			}
			out[i] = s.one(ctx, m, nil, room)
		})
	}
	running.Wait()
	return out
}

var errExited = endpoint.Errorf(endpoint.Internal, "internal error")

// join returns the array of the response objects that there are, or nil.
func join(responses [][]byte) []byte {
	size := 2
	for _, r := range responses {
		size += len(r) + 1
	}
	out := append(make([]byte, 0, size), '[')
	for _, r := range responses {
		if len(r) == 0 {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, r...)
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, ']')
}
