package bus_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/bus"
)

func TestTopic(t *testing.T) {
	t.Parallel()
	var topic bus.Topic[string]
	topic.Publish(t.Context(), "lost") // it has no subscriber yet
	var got []string
	for _, name := range []string{"a", "b"} {
		topic.Subscribe(func(_ context.Context, event string) { got = append(got, name+" "+event) })
	}
	topic.Publish(t.Context(), "one")
	topic.Publish(t.Context(), "two")
	require.Equal(t, []string{"a one", "b one", "a two", "b two"}, got)
}

// TestTopicReentrant subscribes and publishes from a subscriber.
func TestTopicReentrant(t *testing.T) {
	t.Parallel()
	var topic bus.Topic[int]
	sum := 0
	topic.Subscribe(func(ctx context.Context, event int) {
		if event > 0 {
			topic.Subscribe(func(_ context.Context, event int) { sum += 1 + event })
			topic.Publish(ctx, event-1)
		}
	})
	topic.Publish(t.Context(), 2)
	require.Equal(t, 1+2*1+1*1, sum, "1 has one more subscriber, and 0 two")
}

// TestTopicConcurrent publishes and subscribes from several goroutines.
func TestTopicConcurrent(t *testing.T) {
	t.Parallel()
	var topic bus.Topic[int]
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for n := range 100 {
				topic.Publish(t.Context(), n)
				if n%10 == 0 {
					topic.Subscribe(func(context.Context, int) {})
				}
			}
		})
	}
	users.Wait()
}
