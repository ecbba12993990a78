package endpoint_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// fate keeps the error that a layer got at its Exit.
type fate struct{ err error }

func (f *fate) layer() endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error { f.err = err; return err }, nil
	})
}

// bounded is a layer that sets a deadline after d.
func bounded(d time.Duration) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		return ctx, func(err error) error { cancel(); return err }, nil
	})
}

// refuser is a layer that refuses every call.
func refuser(err error) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, err })
}

var (
	errBusy = endpoint.Define(endpoint.Unavailable, "blame", "BUSY", "busy")
	errLate = endpoint.Define(endpoint.DeadlineExceeded|mark.Refusal, "endpoint", "LATE_HERE", "too late")
)

// statusOf has a status of its own for one error.
func statusOf(e *endpoint.Error) int {
	if e.Is(errBusy) {
		return 429
	}
	return e.Code().HTTPStatus()
}

// start starts a call of op that a caller made with a deadline, if d is not zero.
func start(ctx context.Context, op *endpoint.Operation, d time.Duration) (context.Context, context.CancelFunc) {
	cancel := func() {}
	if d != 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
	}
	ctx, _, _ = endpoint.StartCall(ctx, op, endpoint.Header{}, endpoint.Header{})
	return ctx, cancel
}

func hang(ctx context.Context, _ int) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func failsWith(err error) endpoint.Endpoint[int, int] {
	return func(context.Context, int) (int, error) { return 0, err }
}

// failsAfter is an endpoint that fails with err at the end of its context.
func failsAfter(err error) endpoint.Endpoint[int, int] {
	return func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, err }
}

const (
	shortTime = 100 * time.Millisecond
	fairTime  = 2 * time.Second
)

// TestServedBlame looks at the error that the outermost layer of a server gets.
func TestServedBlame(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "RATE_LIMITED", "slow down")
	for name, tt := range map[string]struct {
		given  time.Duration
		e      endpoint.Endpoint[int, int]
		inside endpoint.Stack
		want   bool
		code   endpoint.Code
	}{
		"hangs, a short deadline":                  {given: shortTime, e: hang, code: endpoint.DeadlineExceeded},
		"hangs, a fair deadline":                   {given: fairTime, e: hang, want: true, code: endpoint.DeadlineExceeded},
		"hangs, a timeout inside":                  {given: fairTime, e: hang, inside: endpoint.Stack{bounded(shortTime)}, want: true, code: endpoint.DeadlineExceeded},
		"hangs, no deadline of the caller":         {e: hang, inside: endpoint.Stack{bounded(shortTime)}, want: true, code: endpoint.DeadlineExceeded},
		"hangs, a later timeout inside":            {given: shortTime, e: hang, inside: endpoint.Stack{bounded(time.Hour)}, code: endpoint.DeadlineExceeded},
		"fails of it in other words":               {given: shortTime, e: failsAfter(endpoint.Errorf(endpoint.Internal, "db: %w", context.DeadlineExceeded)), code: endpoint.Internal},
		"fails by itself":                          {given: shortTime, e: failsWith(endpoint.Errorf(endpoint.Internal, "db")), want: true, code: endpoint.Internal},
		"is a defect":                              {given: shortTime, e: failsWith(errTest), want: true, code: endpoint.Internal},
		"sees the cancellation, a short deadline":  {given: shortTime, e: failsAfter(context.Canceled), code: endpoint.DeadlineExceeded},
		"sees the cancellation, a fair deadline":   {given: fairTime, e: failsAfter(context.Canceled), want: true, code: endpoint.DeadlineExceeded},
		"is canceled before":                       {given: fairTime, e: failsWith(context.Canceled), code: endpoint.Canceled},
		"is stopped":                               {given: fairTime, e: failsAfter(endpoint.ErrStopped), code: endpoint.Canceled},
		"returns the mark of another call":         {given: fairTime, e: failsWith(mark.Never(context.DeadlineExceeded)), want: true, code: endpoint.DeadlineExceeded},
		"returns it without a deadline":            {e: failsWith(mark.Never(context.DeadlineExceeded)), want: true, code: endpoint.DeadlineExceeded},
		"returns the mark of another call in time": {given: shortTime, e: failsAfter(mark.Counted(mark.Never(context.DeadlineExceeded))), code: endpoint.DeadlineExceeded},
		"answers a status of the caller":           {e: failsWith(errBusy), code: endpoint.Unavailable},
		"answers it from inside layers":            {e: hang, inside: endpoint.Stack{refuser(errBusy)}, code: endpoint.Unavailable},
		"passes a limit on":                        {e: failsWith(remote), code: endpoint.ResourceExhausted},
		"refuses":                                  {given: fairTime, e: hang, inside: endpoint.Stack{refuser(errLate)}, code: endpoint.DeadlineExceeded},
	} {
		for _, more := range []int{0, 4} { // one segment, and two
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					op := &endpoint.Operation{Name: "Do", Side: endpoint.ServerSide, StatusOf: statusOf}
					var got fate
					stack := endpoint.Stack{got.layer()}
					for range more {
						stack = append(stack, idle{})
					}
					bound, err := append(stack, tt.inside...).Bind(op)
					require.NoError(t, err)
					ctx, cancel := start(t.Context(), op, tt.given)
					defer cancel()
					_, err = bound.Wrap(tt.e)(ctx, 0)
					require.Equal(t, tt.want, endpoint.ServerFault(got.err), "%v", got.err)
					require.Equal(t, tt.code, endpoint.CodeOf(err))
				})
			})
		}
	}
}

// TestLateRefusal has a layer refuse a call for its deadline. The observers of the
// server are told how much time the caller gave it.
func TestLateRefusal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given   time.Duration
		inside  endpoint.Stack
		excused bool
	}{
		"a short deadline":    {shortTime, nil, true},
		"a fair deadline":     {fairTime, nil, false},
		"a timeout":           {shortTime, endpoint.Stack{bounded(time.Millisecond)}, false},
		"without a deadline":  {0, nil, false},
		"a deadline that was": {-time.Second, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &endpoint.Operation{Name: "Do", Side: endpoint.ServerSide}
			var got fate
			bound, err := append(append(endpoint.Stack{got.layer()}, tt.inside...), refuser(errLate)).Bind(op)
			require.NoError(t, err)
			ctx, cancel := start(t.Context(), op, tt.given)
			defer cancel()
			_, err = bound.Wrap(hang)(ctx, 0)
			require.ErrorIs(t, err, errLate)
			require.True(t, endpoint.Refused(got.err))
			require.Equal(t, tt.excused, mark.Excused(got.err, mark.FairTime))
		})
	}
}

// TestStreamBlame looks at the error that the outermost layer of a server gets, of
// calls with streams that hang until the deadline.
func TestStreamBlame(t *testing.T) {
	t.Parallel()
	items := func(n int) endpoint.Endpoint[int, endpoint.Stream[int]] {
		return func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
			return func(yield func(int, error) bool) {
				for i := range n {
					if !yield(i, nil) {
						return
					}
				}
				_, err := hang(ctx, 0)
				yield(0, err)
			}, nil
		}
	}
	for name, tt := range map[string]struct {
		given time.Duration
		items int
		want  bool
	}{
		"a short deadline":                  {shortTime, 0, false},
		"a fair deadline":                   {fairTime, 0, true},
		"a fair deadline, after some items": {fairTime, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				op := &endpoint.Operation{Name: "Watch", Side: endpoint.ServerSide, Streams: endpoint.ServerStream}
				var got fate
				bound, err := endpoint.Stack{got.layer()}.Bind(op)
				require.NoError(t, err)
				ctx, cancel := start(t.Context(), op, tt.given)
				defer cancel()
				s, err := bound.Wrap(items(tt.items))(ctx, 0)
				require.NoError(t, err)
				_, err = s.Collect()
				require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
				require.Equal(t, tt.want, endpoint.ServerFault(got.err))
			})
		})
	}
}

// TestUploadBlame has a request stream, whose pace is the caller's.
func TestUploadBlame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op := &endpoint.Operation{Name: "Put", Side: endpoint.ServerSide, Streams: endpoint.ClientStream}
		var got fate
		bound, err := endpoint.Stack{got.layer()}.Bind(op)
		require.NoError(t, err)
		ctx, cancel := start(t.Context(), op, fairTime)
		defer cancel()
		e := func(ctx context.Context, _ endpoint.Stream[int]) (int, error) { return hang(ctx, 0) }
		_, err = bound.Wrap(e)(ctx, nil)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
		require.False(t, endpoint.ServerFault(got.err))
	})
}

// TestInnerBlame looks at what a policy gets that a handler has around a function of
// its own, such as one that asks a database.
func TestInnerBlame(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given time.Duration
		own   time.Duration // a deadline of the handler
		want  bool
	}{
		"a short deadline": {shortTime, time.Hour, false},
		"a fair deadline":  {fairTime, time.Hour, true},
		"its own deadline": {fairTime, shortTime, true},
		"no time":          {0, shortTime, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				op := &endpoint.Operation{Name: "Do", Side: endpoint.ServerSide}
				ctx, cancel := start(t.Context(), op, tt.given)
				defer cancel()
				ctx, cancel = context.WithTimeout(ctx, tt.own)
				defer cancel()
				var got fate
				_, err := endpoint.Stack{got.layer()}.Wrap(hang)(ctx, 0)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, tt.want, endpoint.ServerFault(got.err))
			})
		})
	}
}

// measuring is a Hedger that takes part in its races.
type measuring struct{ idle }

func (measuring) Delay(_ context.Context, started int) (time.Duration, bool) {
	return 1500 * time.Millisecond, started == 1
}
func (measuring) Start(context.Context, int) bool              { return true }
func (measuring) Settle(context.Context, time.Duration, error) {}

// TestRaceBlame has the last of two attempts end with the deadline. The first had a
// fair time, so the call had it.
func TestRaceBlame(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]time.Duration{"a fair deadline": fairTime, "a short deadline": shortTime} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				op := &endpoint.Operation{Name: "Do", Side: endpoint.ServerSide}
				ctx, cancel := start(t.Context(), op, given)
				defer cancel()
				var got fate
				attempts := make(chan int, 2)
				attempt := func(ctx context.Context, _ int) (int, error) {
					attempts <- 0
					first := len(attempts) == 1
					left, _ := mark.TimeLeft(ctx)
					if first && given == fairTime {
						time.Sleep(left - shortTime)
						return 0, errTest
					}
					time.Sleep(left - time.Microsecond)
					return 0, mark.WireOf(ctx).Ended(ctx, context.DeadlineExceeded, left)
				}
				_, err := endpoint.Stack{got.layer(), measuring{}}.Wrap(attempt)(ctx, 0)
				require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err))
				require.Equal(t, given == fairTime, endpoint.ServerFault(got.err))
			})
		})
	}
}

// TestBlameOfAnError has what ServerFault says of errors without a call.
func TestBlameOfAnError(t *testing.T) {
	t.Parallel()
	cut := mark.Never(context.DeadlineExceeded)
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"a deadline":                  {context.DeadlineExceeded, true},
		"an excused one":              {cut, false},
		"in other words":              {endpoint.Errorf(endpoint.Internal, "no: %w", cut), false},
		"beside a fault of its own":   {errors.Join(errTest, cut), false},
		"which this process answers":  {mark.Counted(cut), true},
		"maybe sent":                  {endpoint.MarkMaybeSent(cut), false},
		"counted, but not a failure":  {mark.Counted(mark.Never(context.Canceled)), false},
		"counted, but a wrong answer": {mark.Counted(mark.Never(endpoint.Errorf(endpoint.NotFound, "x"))), false},
	} {
		require.Equal(t, tt.want, endpoint.ServerFault(tt.err), name)
	}
}
