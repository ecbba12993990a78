package mark_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/mark"
)

var errCall = errors.New("the call failed")

// received returns the context of a call that is served, whose caller sent a deadline.
func received(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	w := new(mark.Wire)
	deadline := time.Now().Add(after)
	w.Set(deadline)
	return context.WithDeadline(context.WithValue(ctx, mark.WireKey, w), deadline)
}

// TestEnded marks errors before, at and after the deadline of the caller. It sleeps in
// a bubble.
func TestEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait    time.Duration
		change  func(ctx context.Context) (context.Context, context.CancelFunc)
		marked  bool
		bounded bool // by the deadline that the caller sent
	}{
		"long before":          {wait: 500 * time.Millisecond, bounded: true},
		"a moment before":      {wait: time.Second - 1100*time.Microsecond, bounded: true},
		"within a millisecond": {wait: time.Second - 900*time.Microsecond, marked: true, bounded: true},
		"after":                {wait: 2 * time.Second, marked: true, bounded: true},
		"with an earlier one": {time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 999*time.Millisecond)
		}, false, false},
		"with a later one": {time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Hour)
		}, true, true},
		"without a deadline": {time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(context.WithoutCancel(ctx))
		}, false, false},
		"of a context as it is": {time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := received(t.Context(), time.Second)
				defer cancel()
				if tt.change != nil {
					ctx, cancel = tt.change(ctx)
					defer cancel()
				}
				time.Sleep(tt.wait)
				w := mark.WireOf(ctx)
				err := w.Ended(ctx, errCall, time.Minute)
				require.ErrorIs(t, err, errCall)
				require.Equal(t, tt.marked, w.Ends(ctx))
				want := time.Duration(math.MaxInt64)
				if tt.marked {
					want = time.Minute
				}
				require.Equal(t, want, mark.Given(err))
				require.Equal(t, err, w.Ended(ctx, err, time.Hour), "marked or not, what was called knows more")
				early := w.Early(ctx, errCall, time.Minute)
				require.Equal(t, tt.bounded, mark.Excused(early, time.Hour), "early")
				require.Equal(t, tt.bounded, mark.Excused(w.EarlyAnew(ctx, early, time.Second), time.Hour), "early, anew")
				require.Equal(t, early, w.Early(ctx, early, time.Hour), "what was called knows more")
				require.Equal(t, tt.bounded, mark.Given(w.Longest(ctx, early, time.Hour)) == time.Hour, "early, the first had more time")
				require.Equal(t, mark.Never(errCall), w.Longest(context.WithoutCancel(ctx), mark.Never(errCall), time.Hour))
				anew := w.Anew(ctx, mark.Never(errCall), time.Minute)
				require.Equal(t, want, mark.Given(anew), "anew")
			})
		})
	}
}

// TestNoWire has calls that are served by nobody.
func TestNoWire(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	w := mark.WireOf(ctx)
	require.Nil(t, w)
	w.Set(time.Now())
	w.Restart()
	w.Unread()
	require.Equal(t, errCall, w.Ended(ctx, errCall, 0))
	require.Equal(t, errCall, w.Anew(ctx, errCall, 0))
	require.Equal(t, errCall, w.Late(ctx, errCall))
	require.Equal(t, errCall, w.Early(ctx, errCall, 0))
	require.Equal(t, errCall, w.Longest(ctx, errCall, 0))
	require.False(t, mark.Excused(w.Anew(ctx, mark.Never(errCall), 0), time.Hour), "the mark of another call")
}

// TestGiven follows the time that a server has while its request is read.
func TestGiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := new(mark.Wire)
		w.Restart()
		require.Zero(t, w.Given, "without a deadline")
		w.Set(time.Now().Add(time.Second))
		require.Equal(t, time.Second, w.Given)
		time.Sleep(900 * time.Millisecond)
		w.Restart()
		require.Equal(t, 100*time.Millisecond, w.Given, "a slow request")
		w.Unread()
		require.Zero(t, w.Given, "a request that was not read")
		time.Sleep(time.Second)
		w.Restart()
		require.Zero(t, w.Given, "after the deadline")

		paced := &mark.Wire{Paced: true}
		paced.Set(time.Now().Add(time.Second))
		require.Zero(t, paced.Given, "of a request stream")
	})
}

// TestExcused compares what the outermost mark says with a fair time.
func TestExcused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := received(t.Context(), 3*time.Second)
		defer cancel()
		w := mark.WireOf(ctx)
		time.Sleep(time.Minute)
		cut := func(given time.Duration) error { return w.Ended(ctx, errCall, given) }
		for name, tt := range map[string]struct {
			err  error
			want bool
		}{
			"nil":                            {nil, false},
			"no mark":                        {errCall, false},
			"less than a fair time":          {cut(900*time.Millisecond - 1), true},
			"a tenth less than a fair time":  {cut(900 * time.Millisecond), false},
			"a fair time":                    {cut(time.Second), false},
			"never":                          {mark.Never(errCall), true},
			"wrapped":                        {fmt.Errorf("gateway: %w", cut(1)), true},
			"counted":                        {mark.Counted(cut(1)), false},
			"counted without a mark":         {mark.Counted(errCall), false},
			"refused for its deadline":       {w.Late(ctx, errCall), false},
			"the last of several":            {mark.Joined(cut(1)), false},
			"the last of several, never":     {mark.Joined(mark.Never(errCall)), true},
			"the first had more time":        {w.Longest(ctx, cut(1), time.Second), false},
			"the first had less time":        {w.Longest(ctx, cut(time.Second), 1), false},
			"the first had less than a fair": {w.Longest(ctx, errCall, 1), true},
		} {
			require.Equal(t, tt.want, mark.Excused(tt.err, mark.FairTime), name)
			if tt.err != nil {
				require.ErrorIs(t, tt.err, errCall, name)
				require.Contains(t, tt.err.Error(), errCall.Error(), name)
			}
		}
		require.Equal(t, errCall, mark.Counted(errCall))
		require.Equal(t, errCall, mark.Joined(errCall))
	})
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var none context.Context
		left, ok := mark.TimeLeft(none)
		require.False(t, ok)
		require.Zero(t, left)
		left, ok = mark.TimeLeft(t.Context())
		require.True(t, ok)
		require.Equal(t, time.Duration(math.MaxInt64), left)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		left, ok = mark.TimeLeft(ctx)
		require.True(t, ok)
		require.Equal(t, time.Second, left)
		time.Sleep(time.Second)
		_, ok = mark.TimeLeft(ctx)
		require.False(t, ok)
	})
}

// callerOf is the context of a call that is served, whose transport gave it caller.
type callerOf struct {
	context.Context

	caller context.Context
}

func (c callerOf) Value(key any) any {
	if key == mark.CallerKey {
		return c.caller
	}
	return c.Context.Value(key)
}

// TestAbandoned ends the context of a call in the ways that there are.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	errLayer := errors.New("too slow")
	for name, tt := range map[string]struct {
		end  func(caller context.CancelFunc, layer context.CancelCauseFunc)
		want bool
	}{
		"not":                          {func(context.CancelFunc, context.CancelCauseFunc) {}, false},
		"by the caller":                {func(caller context.CancelFunc, _ context.CancelCauseFunc) { caller() }, true},
		"by a layer":                   {func(_ context.CancelFunc, layer context.CancelCauseFunc) { layer(errLayer) }, false},
		"by a layer without a cause":   {func(_ context.CancelFunc, layer context.CancelCauseFunc) { layer(nil) }, false},
		"by a layer before the caller": {func(caller context.CancelFunc, layer context.CancelCauseFunc) { layer(errLayer); caller() }, false},
	} {
		caller, leave := context.WithCancel(t.Context())
		ctx, end := context.WithCancelCause(callerOf{caller, caller})
		tt.end(leave, end)
		require.Equal(t, tt.want, mark.Abandoned(ctx), name)
		require.False(t, mark.Abandoned(context.WithoutCancel(ctx)), name)
		leave()
		end(nil)
	}
	caller, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	require.False(t, mark.Abandoned(callerOf{caller, caller}), "by a deadline")
	require.False(t, mark.Abandoned(caller), "no call")
}
