package grpcx_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/race"
)

// blocks yields n items of 64 KiB.
func blocks(n int64) endpoint.Stream[Note] {
	block := make([]byte, 64<<10)
	return func(yield func(Note, error) bool) {
		for range n {
			if !yield(Note{Blob: block}, nil) {
				return
			}
		}
	}
}

// counted ranges over the stream and returns how many items it has, and the most
// memory that was in use meanwhile.
func counted(s endpoint.Stream[Note]) (n int64, most uint64, err error) {
	var m runtime.MemStats
	for _, err := range s {
		if err != nil {
			return n, most, err
		}
		if n++; n%256 == 0 {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
	return n, most, nil
}

// TestStreamMemory sends 1 GiB in each direction through a small heap. It is not
// parallel: the heap is the process'.
func TestStreamMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a gibibyte in each direction; run without -short")
	}
	const heap = 96 << 20
	total := int64(1 << 14) // items of 64 KiB
	if race.Enabled() {
		total /= 16 // which is slow
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heap))
	var up uint64
	e := echo()
	e.Count = func(_ context.Context, n Note) (endpoint.Stream[Note], error) { return blocks(n.Number), nil }
	e.Sum = func(_ context.Context, in endpoint.Stream[Note]) (Note, error) {
		n, most, err := counted(in)
		up = most
		return Note{Number: n}, err
	}
	var c Echo
	connect(t, serve(t, register(t, &e)), &c)
	items, err := c.Count(t.Context(), Note{Number: total})
	require.NoError(t, err)
	got, most, err := counted(items)
	require.NoError(t, err)
	require.Equal(t, total, got)
	require.Less(t, most, uint64(heap))
	sum, err := c.Sum(t.Context(), blocks(total))
	require.NoError(t, err)
	require.Equal(t, total, sum.Number)
	require.Less(t, up, uint64(heap))
}

// TestStreamGoroutines holds that loops which break leave nothing behind.
func TestStreamGoroutines(t *testing.T) {
	server := newExits()
	e := echo()
	var c Echo
	connect(t, serve(t, register(t, &e, grpcx.Use(server))), &c)
	loop := func(n int) {
		for range n {
			items, err := c.Talk(t.Context(), blocks(999))
			require.NoError(t, err)
			for _, err := range items {
				require.NoError(t, err)
				break
			}
			<-server.ends
		}
	}
	loop(10)
	before := runtime.NumGoroutine()
	loop(200)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+5 }, 10*time.Second, 10*time.Millisecond,
		"%d goroutines before, %d after", before, runtime.NumGoroutine())
}
