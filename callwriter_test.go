package endpoint_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// writerFrom returns the writer of the Call that ctx belongs to.
func writerFrom(ctx context.Context) *endpoint.CallWriter {
	return (*endpoint.CallWriter)(endpoint.CallFrom(ctx))
}

func TestCallWriter(t *testing.T) {
	t.Parallel()
	for _, side := range []endpoint.Side{endpoint.ServerSide, endpoint.ClientSide} {
		ctx, w, err := endpoint.StartCall(t.Context(), &endpoint.Operation{Side: side}, endpoint.Header{}, endpoint.Header{})
		if err != nil {
			t.Fatal(err)
		}
		c := endpoint.CallFrom(ctx)
		if writerFrom(ctx) != w || (*endpoint.Call)(w) != c {
			t.Errorf("%v: the writer is not that of the Call in the context", side)
		}
		if c.Peer() != "" || c.Reply().Raw() != nil || c.Status(nil) != 0 || c.RequestBytes() != 0 || c.ResponseBytes() != 0 {
			t.Errorf("%v: a new Call: %+v, want nothing set", side, c)
		}
		w.SetReply(endpoint.MetadataHeader(map[string][]string{"x-other": {"o"}}))
		w.SetPeer("192.0.2.1:80")
		w.SetStatus(404)
		w.AddBytes(3, 0)
		w.AddBytes(4, 5)
		if c.Reply().Get("X-Other") != "o" || c.Peer() != "192.0.2.1:80" || c.Status(nil) != 404 || c.RequestBytes() != 7 || c.ResponseBytes() != 5 {
			t.Errorf("%v: after it was set: %+v, want what was set", side, c)
		}
	}
}

// Both sides of a stream count their bytes at the same time. It is for the race
// detector.
func TestCallWriterOfBothSides(t *testing.T) {
	t.Parallel()
	ctx, w, err := endpoint.StartCall(t.Context(), &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, add := range []func(){func() { w.AddBytes(1, 0) }, func() { w.AddBytes(0, 2) }} {
		wg.Go(func() {
			for range 1000 {
				add()
			}
		})
	}
	wg.Wait()
	if c := endpoint.CallFrom(ctx); c.RequestBytes() != 1000 || c.ResponseBytes() != 2000 {
		t.Errorf("%d and %d bytes, want 1000 and 2000", c.RequestBytes(), c.ResponseBytes())
	}
}

// The writer of a call that belongs to no service is nil, and sets nothing.
func TestCallWriterNil(t *testing.T) {
	t.Parallel()
	w := writerFrom(t.Context())
	if w != nil {
		t.Fatalf("without a Call, the writer is %v, want nil", w)
	}
	w.SetPeer("peer")
	w.SetReply(endpoint.Header{})
	w.SetStatus(200)
	w.AddBytes(1, 1)
	if err := w.AddHeaders(endpoint.WithHeader(t.Context(), "Host", "x")); err != nil {
		t.Errorf("AddHeaders = %v, want nil", err)
	}
}

// What a layer of the client adds is sent as well: when the request leaves, in
// each attempt.
func TestCallWriterAddHeaders(t *testing.T) {
	t.Parallel()
	ctx, stack := clientShell(t, headers(t.Context(), "all", "outer", "x", "outer"), endpoint.Stack{
		&retry{new(endpointtest.Recorder), 2},
		endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			if endpoint.CallFrom(ctx).Attempt() == 1 {
				ctx = endpoint.WithHeader(ctx, "once", "1")
			}
			return endpoint.WithHeader(ctx, "x", "layer"), nil, nil
		}),
	})
	var sent []string
	_, err := stack.Wrap(func(ctx context.Context, n int) (int, error) {
		c, w := endpoint.CallFrom(ctx), writerFrom(ctx)
		if err := w.AddHeaders(ctx); err != nil {
			t.Errorf("AddHeaders: %v", err)
		}
		sent = append(sent, c.Header().Get("all")+" "+c.Header().Get("x")+" "+c.Header().Get("once"))
		if err := w.AddHeaders(endpoint.WithHeader(ctx, "Host", "x")); endpoint.CodeOf(err) != endpoint.InvalidArgument {
			t.Errorf("AddHeaders of Host = %v, want InvalidArgument", err)
		}
		return n, errTest
	})(ctx, 7)
	if want := []string{"outer layer 1", "outer layer "}; !slices.Equal(sent, want) || err != errTest { //nolint:errorlint // the very same
		t.Errorf("the attempts send %q (error %v), want %q", sent, err, want)
	}
}
