package shell_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// produce calls test with a Producer of items, as a transport gets it. ctx is the
// caller's.
func produce(ctx context.Context, t *testing.T, items endpoint.Stream[int], test func(p *shell.Producer)) {
	t.Helper()
	call := connect[endpoint.Stream[int], string](t, endpoint.ClientStream, &target{}, shell.Client[string]{
		Upload: func(_ context.Context, _ string, p *shell.Producer, _ any) error {
			test(p)
			return nil
		},
	})
	_, err := call(ctx, items)
	require.NoError(t, err)
}

// sending starts p and returns what it sends, how it ends and what Failed returns.
func sending(p *shell.Producer, send func(n int) error) (sent []int, end error) {
	ended := make(chan error)
	p.Start(func(item any) error {
		sent = append(sent, *item.(*int))
		return send(sent[len(sent)-1])
	}, func(err error) { ended <- err })
	return sent, <-ended
}

func all(int) error { return nil }

// TestProducer has all ways in which a request stream ends.
func TestProducer(t *testing.T) {
	t.Parallel()
	failing := func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, errFailed) }
	panicError := endpoint.NewPanicError("long ago")
	around := fmt.Errorf("not sent: %w", shell.ErrEnded)
	for name, tt := range map[string]struct {
		items endpoint.Stream[int]
		send  func(n int) error
		sent  []int
		end   error
	}{
		"all sent":                 {endpoint.StreamOf(1, 2), all, []int{1, 2}, nil},
		"no items":                 {endpoint.StreamOf[int](), all, nil, nil},
		"a nil stream":             {nil, all, nil, nil},
		"an error of the items":    {failing, all, []int{1}, errFailed},
		"an error of sending":      {endless, func(int) error { return errFailed }, []int{1}, errFailed},
		"a later one":              {endless, func(n int) error { return map[int]error{3: errFailed}[n] }, []int{1, 2, 3}, errFailed},
		"the call has ended":       {endless, func(int) error { return shell.ErrEnded }, []int{1}, shell.ErrEnded},
		"a panic that was caught":  {func(yield func(int, error) bool) { yield(0, panicError) }, all, nil, panicError},
		"an error around ErrEnded": {endless, func(int) error { return around }, []int{1}, around},
	} {
		for _, exclusive := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, exclusive %v", name, exclusive), func(t *testing.T) {
				t.Parallel()
				produce(t.Context(), t, tt.items, func(p *shell.Producer) {
					p.Exclusive = exclusive
					require.NoError(t, p.Failed(), "before the start")
					sent, end := sending(p, tt.send)
					require.Equal(t, tt.sent, sent)
					require.Equal(t, tt.end, end)
					failed := tt.end
					if failed == shell.ErrEnded { //nolint:errorlint // the very same
						failed = nil // why it ended is for the receiver
					}
					require.Equal(t, failed, p.Failed())
					require.Equal(t, failed, p.Failed(), "it is not used up")
				})
			})
		}
	}
}

// TestProducerThatPanics has a panic of the items, and of sending one, which is
// repeated where the producer is asked.
func TestProducerThatPanics(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items endpoint.Stream[int]
		send  func(n int) error
	}{
		"the items": {func(yield func(int, error) bool) { yield(1, nil); panic("oops") }, all},
		"sending":   {endless, func(int) error { panic("oops") }},
	} {
		for _, exclusive := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, exclusive %v", name, exclusive), func(t *testing.T) {
				t.Parallel()
				produce(t.Context(), t, tt.items, func(p *shell.Producer) {
					p.Exclusive = exclusive
					sent, end := sending(p, tt.send)
					require.Equal(t, []int{1}, sent)
					var panicked *endpoint.PanicError
					require.ErrorAs(t, end, &panicked)
					require.Equal(t, "oops", panicked.Value)
					for range 2 {
						require.PanicsWithValue(t, "oops", func() { _ = p.Failed() })
					}
					p.Stop() // the lock is free
				})
			})
		}
	}
}

// TestProducerThatExits has items that call runtime.Goexit: no panic to repeat, but
// the stream is not complete.
func TestProducerThatExits(t *testing.T) {
	t.Parallel()
	exit := func(yield func(int, error) bool) { yield(1, nil); runtime.Goexit() }
	produce(t.Context(), t, exit, func(p *shell.Producer) {
		sent, end := sending(p, all)
		require.Equal(t, []int{1}, sent)
		var panicked *endpoint.PanicError
		require.ErrorAs(t, end, &panicked)
		require.Nil(t, panicked.Value)
		require.Equal(t, end, p.Failed())
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(p.Failed()))
	})
}

// TestProducerStartsOnce has a Producer that is started again, and one that was
// stopped before.
func TestProducerStartsOnce(t *testing.T) {
	t.Parallel()
	unwanted := func(string) func(any) error {
		return func(any) error {
			t.Error("an item is sent again")
			return nil
		}
	}
	produce(t.Context(), t, endpoint.StreamOf(1), func(p *shell.Producer) {
		_, end := sending(p, all)
		require.NoError(t, end)
		p.Start(unwanted("again"), func(error) { t.Error("it ends again") })
	})
	produce(t.Context(), t, endpoint.StreamOf(1), func(p *shell.Producer) {
		p.Stop()
		p.Start(unwanted("stopped"), func(error) { t.Error("it ends without a start") })
		require.NoError(t, p.Failed())
	})
}

// TestProducerStops has a call that ends while the items wait.
func TestProducerStops(t *testing.T) {
	t.Parallel()
	for _, exclusive := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			more := make(chan struct{})
			items := func(yield func(int, error) bool) {
				if yield(1, nil) {
					<-more
					yield(2, nil)
				}
			}
			var sent []int
			ended := make(chan error, 1)
			produce(t.Context(), t, items, func(p *shell.Producer) {
				p.Exclusive = exclusive
				p.Start(func(item any) error {
					sent = append(sent, *item.(*int))
					return nil
				}, func(err error) { ended <- err })
				synctest.Wait()
			}) // the client stops it
			close(more)
			synctest.Wait()
			if exclusive {
				require.Equal(t, shell.ErrEnded, <-ended)
				require.Equal(t, []int{1}, sent, "nothing is sent after the call")
			} else {
				require.NoError(t, <-ended, "its send function knows that the call has ended")
			}
		})
	}
}

// TestProducerStopsBeforeItRuns stops a Producer whose goroutine has not begun.
func TestProducerStopsBeforeItRuns(t *testing.T) {
	t.Parallel()
	for range 100 { // usually in this order
		ranged := func(func(int, error) bool) {}
		ended := make(chan error, 1)
		produce(t.Context(), t, ranged, func(p *shell.Producer) {
			p.Start(func(any) error { return nil }, func(err error) { ended <- err })
			p.Stop()
		})
		if err := <-ended; err != nil {
			require.Equal(t, shell.ErrEnded, err)
		}
	}
}

// TestExclusiveProducer has a receiver that asks for the fault of the item that is
// being sent.
func TestExclusiveProducer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sending, ended := make(chan struct{}), make(chan error, 1)
		produce(t.Context(), t, endpoint.StreamOf(1), func(p *shell.Producer) {
			p.Exclusive = true
			p.Start(func(any) error {
				<-sending
				return errFailed
			}, func(err error) { ended <- err })
			synctest.Wait()
			go close(sending)
			require.Equal(t, errFailed, p.Failed(), "it waits for the item")
			require.Equal(t, errFailed, <-ended)
		})
	})
}

// TestProducerOfMany uses a Producer on several goroutines at once.
func TestProducerOfMany(t *testing.T) {
	t.Parallel()
	for _, exclusive := range []bool{false, true} {
		done := make(chan error, 8)
		produce(t.Context(), t, endless, func(p *shell.Producer) {
			p.Exclusive = exclusive
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					p.Start(func(item any) error {
						if *item.(*int) == 100 {
							return errFailed
						}
						return nil
					}, func(err error) { done <- err })
				})
				wg.Go(func() {
					if err := p.Failed(); err != nil && !errors.Is(err, errFailed) {
						t.Errorf("Failed returns %v", err)
					}
				})
				if i == 7 {
					wg.Go(p.Stop)
				}
			}
			wg.Wait()
		})
		select { // it may have been stopped before it started
		case err := <-done:
			require.Contains(t, []error{errFailed, shell.ErrEnded}, err)
		default:
		}
		require.Empty(t, done, "it ends once at most")
	}
}

// TestNilProducer has a call without a request stream.
func TestNilProducer(t *testing.T) {
	t.Parallel()
	require.NoError(t, (*shell.Producer)(nil).Failed())
}

// TestWhole checks that what was sent when the caller's context ended does not look
// like the whole stream.
func TestWhole(t *testing.T) {
	t.Parallel()
	cause, failed := errors.New("enough"), errors.New("failed")
	ctx, cancel := context.WithCancelCause(t.Context())
	source := func(err error, end bool) endpoint.Stream[any] {
		return endpoint.EraseStream(endpoint.Stream[int](func(yield func(int, error) bool) {
			if !yield(1, nil) {
				return
			}
			if end {
				cancel(cause)
			}
			if err != nil {
				yield(0, err)
			}
		}))
	}
	require.Nil(t, shell.Whole(ctx, nil))

	items, err := ints(shell.Whole(ctx, source(nil, false)))
	require.NoError(t, err)
	require.Equal(t, []int{1}, items)

	for _, err := range shell.Whole(ctx, source(nil, true)) {
		require.NoError(t, err)
		break
	}
	items, err = ints(shell.Whole(ctx, source(failed, true)))
	require.ErrorIs(t, err, failed, "its own error stands")
	require.NotErrorIs(t, err, cause)
	require.Equal(t, []int{1}, items)

	items, err = ints(shell.Whole(ctx, source(nil, true)))
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
	require.ErrorIs(t, err, cause)
	require.Equal(t, []int{1}, items)
}

// TestWholeBreaks checks that nothing is yielded after a break, even if the context
// has ended.
func TestWholeBreaks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var got []any
	for item, err := range shell.Whole(ctx, endpoint.EraseStream(endpoint.StreamOf(1, 2))) {
		require.NoError(t, err)
		got = append(got, *item.(*int))
		break
	}
	require.Equal(t, []any{1}, got)
}

// TestWholeIsOfTheCaller has a client whose caller gives up while its producer
// selects on the same context, for both kinds of request streams.
func TestWholeIsOfTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		upload := func(p *shell.Producer) error {
			ended := make(chan error)
			p.Start(func(any) error { return nil }, func(err error) { ended <- err })
			if err := <-ended; err != nil {
				return p.Failed()
			}
			return errors.New("the stream looked complete")
		}
		sum := connect[endpoint.Stream[int], string](t, endpoint.ClientStream, &target{}, shell.Client[string]{
			Upload: func(_ context.Context, _ string, p *shell.Producer, _ any) error { return upload(p) },
		})
		talk := connect[endpoint.Stream[int], endpoint.Stream[int]](t, endpoint.Bidi, &target{}, shell.Client[string]{
			Range: func(_ context.Context, _ any, p *shell.Producer, out *shell.Receiver) { out.End(upload(p)) },
		})
		for name, call := range map[string]func(context.Context, endpoint.Stream[int]) error{
			"a client stream": func(ctx context.Context, items endpoint.Stream[int]) error {
				_, err := sum(ctx, items)
				return err
			},
			"both": func(ctx context.Context, items endpoint.Stream[int]) error {
				answers, err := talk(ctx, items)
				require.NoError(t, err)
				_, err = answers.Collect()
				return err
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			items := func(yield func(int, error) bool) {
				if yield(1, nil) {
					cancel()
					<-ctx.Done()
				}
			}
			require.ErrorIs(t, call(ctx, items), context.Canceled, name)
		}
	})
}
