package shell_test

import (
	"context"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/internal/shell"
)

// unary is a client whose exchanges answer is asked for, with the number of the
// attempt, from 1, and a pointer to the response of that attempt.
func unary[Req, Resp any](answer func(ctx context.Context, n int, req Req, resp *Resp) error) shell.Client[string] {
	var exchanges atomic.Int64
	return shell.Client[string]{Unary: func(ctx context.Context, conn string, v any) (any, error) {
		m := v.(*shell.Messages)
		resp := m.Place()
		return resp, answer(ctx, int(exchanges.Add(1)), *m.Req.(*Req), resp.(*Resp))
	}}
}

// TestUnary has a call through layers, and what they and the target see of it.
func TestUnary(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		result   error
		acquire  error
		outcomes []error
		lines    []string
	}{
		"success":       {nil, nil, []error{nil}, []string{"enter a", "enter b", "exit b", "exit a"}},
		"an error":      {errFailed, nil, []error{errFailed}, []string{"enter a", "enter b", "exit b: failed", "exit a: failed"}},
		"no connection": {errFailed, errFailed, nil, []string{"enter a", "enter b", "exit b: failed", "exit a: failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, layered := range []bool{false, true} {
				to := target{err: tt.acquire}
				var rec endpointtest.Recorder
				var layers []endpoint.Layer
				if layered {
					layers = []endpoint.Layer{rec.Layer("a"), rec.Layer("b")}
				}
				call := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, req string, resp *reply) error {
					require.Equal(t, "Do", endpoint.CallFrom(ctx).Operation().Name)
					resp.Text = req + "!"
					return tt.result
				}), layers...)
				got, err := call(t.Context(), "a")
				require.Equal(t, tt.result, err)
				if err == nil {
					require.Equal(t, reply{"a!"}, got)
				} else {
					require.Zero(t, got, "there is no response beside an error")
				}
				require.Equal(t, tt.outcomes, to.settled(t, len(tt.outcomes)))
				if layered {
					require.Equal(t, tt.lines, rec.Lines())
				}
			}
		})
	}
}

// TestUnaryValues is TestUnary for messages that are passed as they are.
func TestUnaryValues(t *testing.T) {
	t.Parallel()
	for _, layered := range []bool{false, true} {
		var field askValues
		var to target
		var result error
		c := shell.Client[string]{Unary: func(_ context.Context, _ string, v any) (any, error) {
			return &reply{v.(*question).Text + "!"}, result
		}}
		layers := endpoint.Stack{}
		if layered {
			layers = endpoint.Stack{plain{}}
		}
		connectField(t, valued(&field), endpoint.Unary, &to, c, layers)
		got, err := field(t.Context(), &question{"a"})
		require.NoError(t, err)
		require.Equal(t, &reply{"a!"}, got)
		result = errFailed
		got, err = field(t.Context(), &question{"a"})
		require.Equal(t, errFailed, err)
		require.Nil(t, got, "layered %v: there is no response beside an error", layered)
		require.Equal(t, []error{nil, errFailed}, to.settled(t, 2))
	}
}

// TestCallThatCannotBegin has a header that cannot be sent, on a call of each kind.
// Nothing is acquired and no layer runs.
func TestCallThatCannotBegin(t *testing.T) {
	t.Parallel()
	var to target
	var rec endpointtest.Recorder
	never := shell.Client[string]{}
	ctx := badHeader(t.Context())
	check := func(err error) {
		t.Helper()
		require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
		require.ErrorContains(t, err, "Host")
	}
	_, err := connect[string, reply](t, endpoint.Unary, &to, never, rec.Layer("a"))(ctx, "a")
	check(err)
	_, err = connect[string, strings.Reader](t, endpoint.Unary, &to, never, rec.Layer("a"))(ctx, "a")
	check(err)
	_, err = connect[string, io.ReadCloser](t, endpoint.Unary, &to, never, rec.Layer("a"))(ctx, "a")
	check(err)
	_, err = connect[endpoint.Stream[int], reply](t, endpoint.ClientStream, &to, never, rec.Layer("a"))(ctx, endless)
	check(err)

	items, err := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, never, rec.Layer("a"))(ctx, "a")
	require.NoError(t, err)
	got, err := items.Collect()
	check(err)
	require.Empty(t, got)
	items, err = connect[endpoint.Stream[int], endpoint.Stream[int]](t, endpoint.Bidi, &to, never, rec.Layer("a"))(ctx, endless)
	require.NoError(t, err)
	_, err = items.Collect()
	check(err)
	to.settled(t, 0)
	require.Empty(t, rec.Lines())
}

// TestRepeatedUnary checks that nothing of an attempt that failed is in the response
// of the next one.
func TestRepeatedUnary(t *testing.T) {
	t.Parallel()
	type both struct{ First, Second string }
	var to target
	call := connect[string, both](t, endpoint.Unary, &to, unary(func(_ context.Context, n int, _ string, resp *both) error {
		require.Zero(t, *resp)
		if n == 1 {
			resp.First = "of an attempt that failed"
			return errFailed
		}
		resp.Second = "b"
		return nil
	}), repeater{n: 2})
	got, err := call(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, both{Second: "b"}, got)
	require.Equal(t, []error{errFailed, nil}, to.settled(t, 2))
}

// TestHedgedUnary has an attempt that writes to its response while the caller reads
// that of the winner. It is for the race detector.
func TestHedgedUnary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to target
		call := connect[string, [16]int](t, endpoint.Unary, &to, unary(func(ctx context.Context, n int, _ string, resp *[16]int) error {
			if n == 1 {
				<-ctx.Done() // now the caller has the response of the second one
			}
			for i := range resp {
				resp[i] = n
			}
			return nil
		}), hedger{n: 2})
		got, err := call(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, [16]int(slices.Repeat([]int{2}, 16)), got)
		synctest.Wait()
		require.Equal(t, []error{nil, nil}, to.settled(t, 2))
	})
}

// body is a response that counts how often it is closed.
type body struct{ closed *atomic.Int64 }

func (b body) Close() error { b.closed.Add(1); return nil }

// file is a response whose pointer can be closed; the response itself cannot.
type file struct{ closed *atomic.Int64 }

func (f *file) Close() error { f.closed.Add(1); return nil }

// TestHedgedCloser checks that a response that lost a race is closed, once, if it is
// an io.Closer, and that the context of the winner lives on in that case only.
func TestHedgedCloser(t *testing.T) {
	t.Parallel()
	t.Run("a struct", func(t *testing.T) {
		t.Parallel()
		testHedged(t, true, func(closed *atomic.Int64) body { return body{closed} })
	})
	t.Run("a pointer", func(t *testing.T) {
		t.Parallel()
		testHedged(t, true, func(closed *atomic.Int64) *file { return &file{closed} })
	})
	t.Run("an interface", func(t *testing.T) {
		t.Parallel()
		testHedged(t, true, func(closed *atomic.Int64) io.Closer { return body{closed} })
	})
	t.Run("a nil interface", func(t *testing.T) {
		t.Parallel()
		testHedged(t, false, func(*atomic.Int64) io.Closer { return nil })
	})
	t.Run("a pointer to it alone", func(t *testing.T) {
		t.Parallel()
		testHedged(t, false, func(closed *atomic.Int64) file { return file{closed} })
	})
	t.Run("no closer", func(t *testing.T) {
		t.Parallel()
		testHedged(t, false, func(*atomic.Int64) reply { return reply{"a"} })
	})
}

func testHedged[Resp any](t *testing.T, closer bool, response func(closed *atomic.Int64) Resp) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var to target
		var closed [3]atomic.Int64 // by attempt
		var winner context.Context
		call := connect[string, Resp](t, endpoint.Unary, &to, unary(func(ctx context.Context, n int, _ string, resp *Resp) error {
			*resp = response(&closed[n])
			if n == 1 {
				<-ctx.Done()
				return nil // it has its response all the same
			}
			winner = ctx
			return nil
		}), hedger{n: 2})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		got, err := call(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, response(&closed[2]), got)
		synctest.Wait()
		require.Zero(t, closed[2].Load(), "the response of the caller")
		if closer {
			require.EqualValues(t, 1, closed[1].Load(), "the response that lost")
			require.NoError(t, winner.Err())
		} else {
			require.Zero(t, closed[1].Load())
			require.Error(t, winner.Err())
		}
		require.Len(t, to.settled(t, 2), 2)
	})
}

// TestHedgedCloserValue has a response that can be closed and is passed as it is.
func TestHedgedCloserValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to target
		var closed [3]atomic.Int64 // by attempt
		var attempts atomic.Int64
		var field endpoint.Endpoint[*question, *file]
		var p parts
		shell.EraseValues(&field, &p)
		p[0].ByValue = true
		connectField(t, p[0], endpoint.Unary, &to, shell.Client[string]{Unary: func(ctx context.Context, _ string, _ any) (any, error) {
			n := attempts.Add(1)
			if n == 1 {
				<-ctx.Done()
			}
			return &file{&closed[n]}, nil
		}}, endpoint.Stack{hedger{n: 2}})
		got, err := field(t.Context(), &question{})
		require.NoError(t, err)
		require.Same(t, &closed[2], got.closed)
		synctest.Wait()
		require.EqualValues(t, 1, closed[1].Load(), "the response that lost")
		require.Zero(t, closed[2].Load(), "the response of the caller")
	})
}

// TestCloserThatFailed has a response that can be closed beside an error.
func TestCloserThatFailed(t *testing.T) {
	t.Parallel()
	var to target
	call := connect[string, *file](t, endpoint.Unary, &to, unary(func(_ context.Context, _ int, _ string, resp **file) error {
		*resp = &file{}
		return errFailed
	}))
	got, err := call(t.Context(), "a")
	require.Equal(t, errFailed, err)
	require.Nil(t, got)
}

// TestUnaryThatPanics has an exchange that panics, alone and in a race: each
// connection is released, and the panic comes to the caller.
func TestUnaryThatPanics(t *testing.T) {
	t.Parallel()
	for name, layers := range map[string][]endpoint.Layer{"alone": nil, "in a layer": {plain{}}, "repeated": {repeater{n: 3}}, "hedged": {hedger{n: 1}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var to target
			call := connect[string, reply](t, endpoint.Unary, &to, unary(func(context.Context, int, string, *reply) error { panic("oops") }), layers...)
			require.PanicsWithValue(t, "oops", func() { _, _ = call(t.Context(), "a") })
			require.ErrorIs(t, to.settled(t, 1)[0], endpoint.ErrStopped)
		})
	}
}

// counting is a client of a response stream that yields 1, 2 and so on until the loop
// is left, or an error after last.
func counting(to *target, last int, end error) shell.Client[string] {
	return shell.Client[string]{Range: func(ctx context.Context, req any, items *shell.Producer, out *shell.Receiver) {
		out.End(shell.Attempt(ctx, to, func(string) error {
			for n := range last {
				if err := out.Item(item(n + 1)); err != nil {
					return err
				}
			}
			return end
		}))
	}}
}

// TestServerStream ranges over a response stream of a call with and without layers.
func TestServerStream(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end   error
		lines []string
	}{
		"success":  {nil, []string{"enter a", "exit a"}},
		"an error": {errFailed, []string{"enter a", "exit a: failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, layered := range []bool{false, true} {
				var to target
				var rec endpointtest.Recorder
				var layers []endpoint.Layer
				if layered {
					layers = []endpoint.Layer{rec.Layer("a")}
				}
				call := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, counting(&to, 2, tt.end), layers...)
				items, err := call(t.Context(), "a")
				require.NoError(t, err)
				to.settled(t, 0)
				require.Empty(t, rec.Lines(), "the call begins with the loop")
				for times := 1; times <= 2; times++ { // each range is a call
					got, err := items.Collect()
					require.Equal(t, tt.end, err)
					require.Equal(t, []int{1, 2}, got)
					require.Equal(t, tt.end, to.settled(t, times)[times-1])
					if layered {
						require.Equal(t, tt.lines, rec.Reset())
					}
				}
			}
		})
	}
}

// TestStreamRequest checks what a transport gets as the request of each kind.
func TestStreamRequest(t *testing.T) {
	t.Parallel()
	call := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &target{}, shell.Client[string]{
		Range: func(_ context.Context, req any, items *shell.Producer, out *shell.Receiver) {
			require.Equal(t, "a", *req.(*string))
			require.Nil(t, items)
		},
	})
	items, err := call(t.Context(), "a")
	require.NoError(t, err)
	_, err = items.Collect()
	require.NoError(t, err)

	talk := connect[endpoint.Stream[int], endpoint.Stream[int]](t, endpoint.Bidi, &target{}, shell.Client[string]{
		Range: func(_ context.Context, req any, items *shell.Producer, out *shell.Receiver) {
			require.Nil(t, req)
			sent, end := sending(items, all)
			require.NoError(t, end)
			for _, n := range sent {
				require.NoError(t, out.Item(item(10*n)))
			}
		},
	})
	for _, request := range []endpoint.Stream[int]{nil, endpoint.StreamOf(1, 2)} {
		items, err = talk(t.Context(), request)
		require.NoError(t, err)
		got, err := items.Collect()
		require.NoError(t, err)
		if request == nil {
			require.Empty(t, got)
		} else {
			require.Equal(t, []int{10, 20}, got)
		}
	}
}

// TestLoopThatIsLeft leaves the loop over a response stream in its first item, in
// all ways. The connection is released once, and nothing counts against the server.
func TestLoopThatIsLeft(t *testing.T) {
	t.Parallel()
	for name, layers := range map[string][]endpoint.Layer{"alone": nil, "in a layer": {plain{}}, "repeated": {repeater{n: 3}}} {
		for how, leave := range map[string]func(t *testing.T, items endpoint.Stream[int]){
			"break": func(_ *testing.T, items endpoint.Stream[int]) {
				for range items {
					break
				}
			},
			"panic": func(t *testing.T, items endpoint.Stream[int]) {
				t.Helper()
				require.PanicsWithValue(t, "body", func() {
					for range items {
						panic("body")
					}
				})
			},
			"Goexit": func(t *testing.T, items endpoint.Stream[int]) {
				t.Helper()
				require.True(t, exits(func() {
					for range items {
						runtime.Goexit()
					}
				}))
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				var to target
				items, err := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, counting(&to, 9, errFailed), layers...)(t.Context(), "a")
				require.NoError(t, err)
				leave(t, items)
				require.ErrorIs(t, to.settled(t, 1)[0], endpoint.ErrStopped)
			})
		}
	}
}

// TestHedgedStream races for the first item, and leaves the loop in it.
func TestHedgedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to target
		var ranges atomic.Int64
		c := shell.Client[string]{Range: func(ctx context.Context, _ any, _ *shell.Producer, out *shell.Receiver) {
			out.End(shell.Attempt(ctx, &to, func(string) error {
				n := int(ranges.Add(1))
				if n == 1 {
					<-ctx.Done()
					return shell.ContextError(ctx)
				}
				for i := range 3 {
					if err := out.Item(item(10*n + i)); err != nil {
						return err
					}
				}
				return nil
			}))
		}}
		call := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, c, hedger{n: 2})
		items, err := call(t.Context(), "a")
		require.NoError(t, err)
		var got []int
		for n, err := range items {
			require.NoError(t, err)
			got = append(got, n)
			break
		}
		require.Equal(t, []int{20}, got)
		synctest.Wait()
		for _, outcome := range to.settled(t, 2) {
			require.ErrorIs(t, outcome, context.Canceled)
		}
	})
}

// uploading is a client of a request stream that answers with the sum of its items.
func uploading() shell.Client[string] {
	return shell.Client[string]{Upload: func(_ context.Context, _ string, p *shell.Producer, resp any) error {
		sent, end := sending(p, all)
		for _, n := range sent {
			*resp.(*int) += n
		}
		if end != nil {
			return p.Failed()
		}
		return nil
	}}
}

func TestClientStream(t *testing.T) {
	t.Parallel()
	failing := func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, errFailed) }
	for name, tt := range map[string]struct {
		items endpoint.Stream[int]
		sum   int
		err   error
	}{
		"items":                 {endpoint.StreamOf(1, 2, 3), 6, nil},
		"no items":              {endpoint.StreamOf[int](), 0, nil},
		"a nil stream":          {nil, 0, nil},
		"an error of the items": {failing, 0, errFailed},
	} {
		for what, layers := range map[string][]endpoint.Layer{"alone": nil, "in a layer": {plain{}}, "repeated": {repeater{n: 3}}, "hedged": {hedger{n: 3}}} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				var to target
				sum, err := connect[endpoint.Stream[int], int](t, endpoint.ClientStream, &to, uploading(), layers...)(t.Context(), tt.items)
				require.Equal(t, tt.err, err)
				require.Equal(t, tt.sum, sum)
				require.Equal(t, []error{tt.err}, to.settled(t, 1), "a request stream is sent once")
			})
		}
	}
}

// TestRepeatedUpload repeats a call that failed before its request stream was ranged
// over.
func TestRepeatedUpload(t *testing.T) {
	t.Parallel()
	var to target
	attempts := 0
	c := uploading()
	upload := c.Upload
	c.Upload = func(ctx context.Context, conn string, p *shell.Producer, resp any) error {
		if attempts++; attempts == 1 {
			*resp.(*int) = 100
			return errFailed
		}
		return upload(ctx, conn, p, resp)
	}
	sum, err := connect[endpoint.Stream[int], int](t, endpoint.ClientStream, &to, c, repeater{n: 3})(t.Context(), endpoint.StreamOf(1, 2))
	require.NoError(t, err)
	require.Equal(t, 3, sum, "nothing of the first attempt is in the response")
	require.Equal(t, []error{errFailed, nil}, to.settled(t, 2))
}

// replacing is a layer whose context is not the caller's.
type replacing struct{ plain }

func (replacing) Enter(context.Context) (context.Context, endpoint.Token, error) {
	return context.Background(), endpoint.Token{}, nil //nolint:contextcheck // that is the mistake
}

// TestLayerThatLosesTheContext checks that a layer's mistake does not end in a panic
// of the shell.
func TestLayerThatLosesTheContext(t *testing.T) {
	t.Parallel()
	sum, err := connect[endpoint.Stream[int], int](t, endpoint.ClientStream, &target{}, uploading(), replacing{})(t.Context(), endpoint.StreamOf(1, 2))
	require.NoError(t, err)
	require.Equal(t, 3, sum)
}

// TestProducerOfCallThatPanics has a request stream that panics, and one that exits
// its goroutine, while the caller waits for the response.
func TestProducerOfCallThatPanics(t *testing.T) {
	t.Parallel()
	var to target
	call := connect[endpoint.Stream[int], int](t, endpoint.ClientStream, &to, uploading())
	require.PanicsWithValue(t, "oops", func() {
		_, _ = call(t.Context(), func(yield func(int, error) bool) { yield(1, nil); panic("oops") })
	})
	_, err := call(t.Context(), func(yield func(int, error) bool) { runtime.Goexit() })
	var p *endpoint.PanicError
	require.ErrorAs(t, err, &p)
	outcomes := to.settled(t, 2)
	require.ErrorIs(t, outcomes[0], endpoint.ErrStopped)
	require.Equal(t, err, outcomes[1])
}

// TestEndedCall begins calls whose context has ended, with a cause that has a code
// of its own.
func TestEndedCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := endpoint.Define(endpoint.NotFound, "test", "GONE", "gone")
	cancel(cause)
	check := func(err error) {
		t.Helper()
		require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, err, context.Canceled)
	}
	var to target
	_, err := connect[string, reply](t, endpoint.Unary, &to, unary(func(ctx context.Context, _ int, _ string, _ *reply) error {
		return shell.ContextError(ctx)
	}))(ctx, "a")
	check(err)
	_, err = connect[endpoint.Stream[int], int](t, endpoint.ClientStream, &to, uploading())(ctx, endpoint.StreamOf[int]())
	check(err)
}

// TestStreamOnMany ranges over one response stream on several goroutines, each of
// which makes a call.
func TestStreamOnMany(t *testing.T) {
	t.Parallel()
	var to target
	items, err := connect[string, endpoint.Stream[int]](t, endpoint.ServerStream, &to, counting(&to, 3, nil), plain{})(t.Context(), "a")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := items.Collect()
			if err != nil || !slices.Equal(got, []int{1, 2, 3}) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	require.Len(t, to.settled(t, 8), 8)
}
