package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// gate is a Streamer that logs each item and refuses the one whose turn is at.
type gate struct {
	scripted
	at   int
	seen int
}

var errGate = errors.New("gate shut")

func (g *gate) Item(ctx context.Context, t endpoint.Token) error {
	if t.P != &g.scripted || ctx.Value(scriptedKey(g.name)) != &g.scripted {
		return fmt.Errorf("Item of %s gets the token or the context of another", g.name)
	}
	g.log.Log("item %s", g.name)
	if g.seen++; g.seen == g.at {
		return errGate
	}
	return nil
}

// gates returns a stack of n layers, all of them gates that log but the last,
// which opens before an item as often as open says, 0 for always.
func gates(log *endpointtest.Recorder, n, open int) endpoint.Stack {
	var s endpoint.Stack
	for i := range n {
		g := &gate{log: log, name: string(rune('A' + i))}
		if i == n-1 {
			g.at = open
		}
		s = append(s, g)
	}
	return s
}

// itemsOf returns the lines "item X" of a log, without the others.
func itemsOf(log *endpointtest.Recorder) []string {
	return slices.DeleteFunc(log.Reset(), func(line string) bool { return line[:5] != "item " && line[:5] != "call " })
}

func TestStreamItems(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 5, 9} {
		t.Run(fmt.Sprint(n, " layers"), func(t *testing.T) {
			t.Parallel()
			var log endpointtest.Recorder
			var inward, outward []string
			for i := range n {
				inward = append(inward, "item "+string(rune('A'+i)))
				outward = append(outward, "item "+string(rune('A'+n-1-i)))
			}

			s, err := gates(&log, n, 0).Wrap(ticks)(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			for item, err := range s {
				log.Log("call reads %d, %v", item, err)
			}
			want := slices.Concat(outward, []string{"call reads 1, <nil>"}, outward, []string{"call reads 2, <nil>"})
			if got := itemsOf(&log); !slices.Equal(got, want) {
				t.Errorf("a response stream logs\n\t%q, want\n\t%q", got, want)
			}

			e := gates(&log, n, 0).Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
				sum := 0
				for item, err := range req {
					log.Log("call reads %d, %v", item, err)
					sum += item
				}
				return sum, nil
			})
			if sum, err := e(t.Context(), ticksTo(2)); sum != 3 || err != nil {
				t.Errorf("a request stream = %d, %v, want 3", sum, err)
			}
			want = slices.Concat(inward, []string{"call reads 1, <nil>"}, inward, []string{"call reads 2, <nil>"})
			if got := itemsOf(&log); !slices.Equal(got, want) {
				t.Errorf("a request stream logs\n\t%q, want\n\t%q", got, want)
			}
		})
	}
}

func TestStreamItemEndsResponse(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 5, 9} {
		for _, stream := range []endpoint.StreamKind{endpoint.ServerStream, endpoint.Bidi} {
			t.Run(fmt.Sprint(n, " layers, ", stream), func(t *testing.T) {
				t.Parallel()
				var log endpointtest.Recorder
				stack, source := gates(&log, n, 2), stoppable(t)
				var s endpoint.Stream[int]
				var err error
				if stream == endpoint.Bidi {
					s, err = stack.Wrap(func(ctx context.Context, _ endpoint.Stream[int]) (endpoint.Stream[int], error) {
						return source(ctx, 3)
					})(t.Context(), nil)
				} else {
					s, err = stack.Wrap(source)(t.Context(), 3)
				}
				if err != nil {
					t.Fatal(err)
				}
				items, err := s.Collect()
				if !slices.Equal(items, []int{1}) || err != errGate { //nolint:errorlint // the very same
					t.Errorf("a stream whose second item is refused = %v, %v, want [1], %v", items, err, errGate)
				}
			})
		}
	}
}

func TestStreamItemEndsRequest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 4, 5} {
		t.Run(fmt.Sprint(n, " layers"), func(t *testing.T) {
			t.Parallel()
			var log endpointtest.Recorder
			stopped := false
			request := endpoint.Stream[int](func(yield func(int, error) bool) {
				for i := 1; ; i++ {
					if !yield(i, nil) {
						stopped = true
						return
					}
				}
			})
			e := gates(&log, n, 3).Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
				items, err := req.Collect()
				return len(items), err
			})
			if got, err := e(t.Context(), request); got != 0 || err != errGate { //nolint:errorlint // the very same
				t.Errorf("a request whose third item is refused = %d, %v, want the handler to see %v", got, err, errGate)
			}
			if !stopped {
				t.Error("the source of the request is not told to stop")
			}
			if exits := slices.DeleteFunc(log.Lines(), func(line string) bool { return line[:4] != "exit" }); len(exits) != n || exits[0][6:] != ": gate shut" {
				t.Errorf("the exits are %q, want %d with the error", exits, n)
			}
		})
	}
}

// A request that ends with an error, or that nobody gives.
func TestStreamRequestEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		request endpoint.Stream[int]
		items   int
		err     error
	}{
		{"nil", nil, 0, nil},
		{"an error", failing(errTest, 1, 2), 2, errTest},
		{"more after an error", unruly(errTest), 1, errTest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for name, stack := range map[string]endpoint.Stack{
				"plain":    {idle{}},
				"watching": gates(new(endpointtest.Recorder), 2, 0),
				"repeater": {repeating{&scripted{log: new(endpointtest.Recorder), name: "R"}}},
				"hedger":   {hedging{&scripted{log: new(endpointtest.Recorder), name: "H"}}},
			} {
				items, errs := 0, []error(nil)
				e := stack.Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
					if req == nil {
						return 0, nil // what is not tapped is nil as it came
					}
					for _, err := range req {
						if err != nil {
							errs = append(errs, err)
							break
						}
						items++
					}
					return 0, nil
				})
				if _, err := e(t.Context(), tt.request); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if want := tt.err != nil; items != tt.items || want != (len(errs) == 1) || want && errs[0] != tt.err { //nolint:errorlint // the very same
					t.Errorf("%s: the handler reads %d items and %v, want %d and %v", name, items, errs, tt.items, tt.err)
				}
			}
		})
	}
}

type (
	repeatingItems struct{ repeating }
	hedgingItems   struct{ hedging }
)

func (repeatingItems) Item(context.Context, endpoint.Token) error { return errGate }
func (hedgingItems) Item(context.Context, endpoint.Token) error   { return errGate }

// Who may have a call repeated does not also see its items.
func TestStreamItemNotOfRepeaters(t *testing.T) {
	t.Parallel()
	l := &scripted{log: new(endpointtest.Recorder), name: "R"}
	for _, layer := range []endpoint.Layer{repeatingItems{repeating{l}}, hedgingItems{hedging{l}}} {
		s, err := endpoint.Stack{layer}.Wrap(ticks)(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if items, err := s.Collect(); len(items) != 2 || err != nil {
			t.Errorf("through %T: %v, %v, want two items", layer, items, err)
		}
	}
}

// Both directions of a call have items at the same time.
func TestStreamItemsAtOnce(t *testing.T) {
	t.Parallel()
	watch := watching{&scripted{log: new(endpointtest.Recorder), name: "W"}}
	e := endpoint.Stack{watch, watch}.Wrap(func(_ context.Context, req endpoint.Stream[int]) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			read := make(chan int)
			go func() {
				items, _ := req.Collect()
				read <- len(items)
			}()
			for i := range 100 {
				if !yield(i, nil) {
					break
				}
			}
			yield(<-read, nil)
		}, nil
	})
	s, err := e(t.Context(), ticksTo(100))
	if err != nil {
		t.Fatal(err)
	}
	if items, err := s.Collect(); len(items) != 101 || items[100] != 100 || err != nil {
		t.Errorf("a call with 100 items both ways gives %d, %v, want 101", len(items), err)
	}
}

// The layers of one call last as long as its loop, in fake time too.
func TestStreamDuration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		timing := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			start := time.Now()
			return ctx, func(err error) error { took = time.Since(start); return err }, nil
		})
		s, err := timing.Wrap(ticks)(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // nothing runs yet
		for range s {
			time.Sleep(time.Second)
		}
		if took != 3*time.Second {
			t.Errorf("a loop of three seconds took %v for a layer", took)
		}
	})
}

// lateItems is a Streamer whose Item and Exit share what no lock guards.
type lateItems struct {
	items, after int
	exited       bool
	inside       chan struct{} // is told of each Item; may be nil
	waits        bool          // Item waits for its context
}

func (l *lateItems) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (l *lateItems) Exit(ctx context.Context, _ endpoint.Token, err error) error {
	l.exited = true
	if ctx.Err() != nil {
		return errors.New("the context of Exit has ended")
	}
	return err
}

func (l *lateItems) Item(ctx context.Context, _ endpoint.Token) error {
	if l.items++; l.exited {
		l.after++
	}
	if l.inside != nil {
		l.inside <- struct{}{}
	}
	if l.waits {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// TestStreamItemNotAfterExit has a request that is ranged over by a goroutine
// which outlives the call, as that of a client's transport may: its items are no
// longer shown, nor handed on, once Exit has begun. The race detector sees that
// they are never shown beside it.
func TestStreamItemNotAfterExit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 4, 5} { // with others around it, in one segment and in two
		for range 50 {
			l, ranged := &lateItems{}, make(chan error, 1)
			started := make(chan struct{})
			e := append(make(endpoint.Stack, 0, n), l)
			for range n - 1 {
				e = append(e, idle{})
			}
			_, err := e.Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
				go func() {
					for item, err := range req {
						if err != nil {
							ranged <- err
							return
						}
						if item == 0 {
							close(started)
						}
					}
				}()
				<-started
				return 0, nil
			})(t.Context(), func(yield func(int, error) bool) {
				i := 0
				for yield(i, nil) {
					i++
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-ranged; !errors.Is(err, endpoint.ErrStopped) {
				t.Fatalf("the range that goes on after the call ends with %v, want %v", err, endpoint.ErrStopped)
			}
			if l.after > 0 || l.items == 0 {
				t.Fatalf("%d of %d items were shown after Exit", l.after, l.items)
			}
		}
	}
}

// TestStreamItemEndsBeforeExit has a layer that waits in Item when the call ends,
// by itself and by a panic: its context ends, and then Exit runs.
func TestStreamItemEndsBeforeExit(t *testing.T) {
	t.Parallel()
	for _, kind := range []endpoint.StreamKind{endpoint.ClientStream, endpoint.Bidi} {
		for _, panics := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, ", panics: ", panics), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, ranged := &lateItems{inside: make(chan struct{}), waits: true}, make(chan error, 1)
					call := func(req endpoint.Stream[int]) {
						go func() {
							_, err := req.Collect()
							ranged <- err
						}()
						<-l.inside
						if panics {
							panic("boom")
						}
					}
					defer func() {
						if v := recover(); panics != (v == "boom") {
							t.Errorf("it panics with %v", v)
						}
						if err := <-ranged; !errors.Is(err, context.Canceled) || !l.exited {
							t.Errorf("Item waited until %v, and Exit ran: %v", err, l.exited)
						}
					}()
					if kind == endpoint.ClientStream {
						_, err := endpoint.Stack{l}.Wrap(func(_ context.Context, req endpoint.Stream[int]) (int, error) {
							call(req)
							return 0, nil
						})(t.Context(), ticksTo(3))
						if err != nil {
							t.Error(err)
						}
						return
					}
					s, err := endpoint.Stack{l}.Wrap(func(_ context.Context, req endpoint.Stream[int]) (endpoint.Stream[int], error) {
						return func(func(int, error) bool) { call(req) }, nil
					})(t.Context(), ticksTo(3))
					if err == nil {
						_, err = s.Collect()
					}
					if err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}
