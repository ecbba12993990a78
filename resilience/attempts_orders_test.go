package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

// orders returns each order of Retry, Hedge and Timeout that construction
// allows, with a layer inside that touches the Call.
func orders() map[string]func() endpoint.Stack {
	touch := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		c := endpoint.CallFrom(ctx)
		if c == nil {
			return ctx, nil, nil
		}
		c.Header().Set("X-Attempt", fmt.Sprint(c.Attempt()))
		return ctx, func(err error) error { (*endpoint.CallWriter)(c).SetStatus(c.Status(err) + 1); return err }, nil
	})
	layers := map[string]func() endpoint.Layer{
		"R": func() endpoint.Layer {
			return resilience.NewRetry(3, resilience.Backoff(time.Millisecond, time.Millisecond))
		},
		"H": func() endpoint.Layer { return resilience.NewHedge(time.Second, resilience.AtMost(3)) },
		"T": func() endpoint.Layer { return resilience.NewTimeout(5*time.Second, resilience.Idle(4*time.Second)) },
	}
	stacks := make(map[string]func() endpoint.Stack)
	var add func(order string)
	add = func(order string) {
		if order != "" {
			stacks[order] = func() endpoint.Stack {
				var s endpoint.Stack
				for name := range strings.SplitSeq(order, "") {
					s = append(s, layers[name]())
				}
				return append(s, touch)
			}
		}
		for name := range layers {
			if !strings.Contains(order, name) && !(name == "R" && strings.Contains(order, "H")) {
				add(order + name)
			}
		}
	}
	add("")
	return stacks
}

// In every order, slow attempts, failures and callers that leave or break share
// nothing that races, and leave no goroutine behind in the bubble.
func TestOrders(t *testing.T) {
	t.Parallel()
	for order, stack := range orders() {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				conn := served(t, allOf(func(ctx context.Context) error {
					switch n.Add(1) % 5 {
					case 0, 1:
						return hang(ctx)
					case 2:
						return errDown
					case 3:
						return pause(ctx, 1100*time.Millisecond)
					}
					return nil
				}))
				c := client(t, conn, stack()...)
				var wg sync.WaitGroup
				for i := range 14 {
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%7)*time.Second)
						defer cancel()
						_, readErr := c.Read(ctx, ask{i})
						_, writeErr := c.Write(ctx, body{i})
						watchErr := watch(ctx, c, 3)
						for _, err := range []error{readErr, writeErr, watchErr, breakOff(ctx, c)} {
							if code := endpoint.CodeOf(err); code == endpoint.Internal || code == endpoint.Unknown {
								t.Errorf("a call = %v", err)
							}
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

// breakOff leaves the loop over a stream at its first item.
func breakOff(ctx context.Context, c *notes) error {
	s, err := c.Watch(ctx, ask{3})
	if err != nil {
		return err
	}
	for _, err := range s {
		return err
	}
	return nil
}

// In every order a panic goes on with its value, each Exit runs once, and the
// next call is as any other.
func TestOrdersPanic(t *testing.T) {
	t.Parallel()
	value := errors.New("boom")
	for order, stack := range orders() {
		log := new(endpointtest.Recorder)
		for _, stream := range []bool{false, true} {
			s := append(endpoint.Stack{log.Layer("outside")}, append(stack(), log.Layer("inside"))...)
			if v := panicOf(func() { _ = run(t.Context(), stream, s, func(context.Context) error { panic(value) }) }); v != value { //nolint:errorlint // the very same
				t.Errorf("%s, stream %v: the panic comes out as %v", order, stream, v)
			}
			if lines := log.Reset(); len(lines) != 4 || lines[2] != "exit inside: panic: boom" || lines[3] != "exit outside: panic: boom" {
				t.Errorf("%s, stream %v: the layers log %q", order, stream, lines)
			}
			if err := run(t.Context(), stream, s, func(context.Context) error { return nil }); err != nil || len(log.Reset()) != 4 {
				t.Errorf("%s, stream %v: the next call = %v", order, stream, err)
			}
		}
	}
}
