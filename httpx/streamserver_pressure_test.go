package httpx_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/race"
)

type block struct {
	Text string `json:"text"`
}

// blocks is a service of large items, in both directions.
type blocks struct {
	Down endpoint.Endpoint[from, endpoint.Stream[block]]
	Up   endpoint.Endpoint[endpoint.Stream[block], count1]
}

func (b *blocks) HTTP(r *httpx.Routes) {
	r.ServerStream("GET", "/blocks", &b.Down)
	r.ClientStream("POST", "/blocks", &b.Up)
}

// manyBlocks yields n items of 64 KiB.
func manyBlocks(n int) endpoint.Stream[block] {
	text := strings.Repeat("x", 64<<10)
	return func(yield func(block, error) bool) {
		for range n {
			if !yield(block{text}, nil) {
				return
			}
		}
	}
}

// counted ranges over the stream and returns how many items it has, and the most
// memory that was in use meanwhile.
func counted(s endpoint.Stream[block]) (n int, most uint64, err error) {
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

// TestStreamMemory sends 1 GiB in each direction through a small heap.
func TestStreamMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a gibibyte in each direction; run without -short")
	}
	const heap = 64 << 20
	total := 1 << 14 // items of 64 KiB
	if race.Enabled() {
		total /= 16 // which is slow
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heap))
	var up uint64
	svc := &blocks{
		Down: func(_ context.Context, f from) (endpoint.Stream[block], error) { return manyBlocks(f.N), nil },
		Up: func(_ context.Context, s endpoint.Stream[block]) (count1, error) {
			n, most, err := counted(s)
			up = most
			return count1{n}, err
		},
	}
	for version, c := range versions(t, mounted(t, svc), func() *blocks { return &blocks{} }) {
		n := total / 2 // over each version
		s, err := c.Down(t.Context(), from{N: n})
		require.NoError(t, err)
		got, most, err := counted(s)
		require.NoError(t, err, version)
		require.Equal(t, n, got)
		require.Less(t, most, uint64(heap), version)
		sum, err := c.Up(t.Context(), manyBlocks(n))
		require.NoError(t, err, version)
		require.Equal(t, count1{n}, sum)
		require.Less(t, up, uint64(heap), version)
	}
}

// TestStreamGoroutines holds that a thousand loops which break leave nothing
// behind, nor do calls that end before their request stream does, given producers
// that select on their context.
func TestStreamGoroutines(t *testing.T) {
	server := newPermits()
	svc := newFeed()
	svc.Sum = func(_ context.Context, s endpoint.Stream[count1]) (count1, error) {
		for n, err := range s {
			return n, err
		}
		return count1{}, nil
	}
	broken := map[string]func(f *feed) error{
		"response stream": func(f *feed) error {
			s, err := f.Ticks(t.Context(), from{N: 999})
			return errors.Join(err, breakAtFirst(s))
		},
		"request stream": func(f *feed) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := f.Sum(ctx, endless(ctx, 1, nil))
			return err
		},
		"both": func(f *feed) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := f.Twice(ctx, endless(ctx, 1, nil))
			return errors.Join(err, breakAtFirst(s))
		},
	}
	for version, f := range feeds(t, mounted(t, svc, httpx.Use(server))) {
		for name, call := range broken {
			if name == "both" && version == "HTTP/1" {
				continue
			}
			loop := func(n int) {
				for range n {
					require.NoError(t, call(f), "%s, %s", version, name)
					<-server.exits
				}
			}
			loop(10)
			before := runtime.NumGoroutine()
			loop(1000)
			// Some connections more may be idle, at three goroutines each.
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+50 }, 10*time.Second, 10*time.Millisecond,
				"%s, %s: %d goroutines before, %d after", version, name, before, runtime.NumGoroutine())
		}
	}
	require.Zero(t, server.held.Load())
}

func breakAtFirst[T any](s endpoint.Stream[T]) error {
	for _, err := range s {
		return err
	}
	return errors.New("no item")
}
