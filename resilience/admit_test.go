package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// TestAdmit checks that Admit says what Enter would, and takes nothing.
func TestAdmit(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]func(opts ...resilience.Option) endpoint.Admitter{
		"Bulkhead": func(opts ...resilience.Option) endpoint.Admitter {
			return resilience.NewBulkhead(1, opts[0])
		},
		"Adaptive": func(opts ...resilience.Option) endpoint.Admitter {
			return resilience.NewAdaptive(resilience.Limits(1, 1), opts[0])
		},
		"Shed": func(opts ...resilience.Option) endpoint.Admitter {
			return resilience.NewShed(resilience.Limits(1, 1), opts[0])
		},
		"Shed of an operation": func(opts ...resilience.Option) endpoint.Admitter {
			shed := resilience.NewShed(resilience.Limits(1, 1), opts[0])
			return shed.For(&endpoint.Operation{Streams: endpoint.Unary}).(endpoint.Admitter)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var heard happenings
			p := policy(resilience.OnEvent(heard.hear))
			for range 3 {
				require.NoError(t, p.Admit(t.Context()))
			}
			ctx, token, err := p.Enter(t.Context())
			require.NoError(t, err, "Admit took a place")
			require.Empty(t, heard.take())
			for range 2 {
				require.ErrorIs(t, p.Admit(t.Context()), resilience.ErrOutOfCapacity)
			}
			require.Len(t, heard.take(), 2)
			require.NoError(t, p.Exit(ctx, token, nil))
			require.NoError(t, p.Admit(t.Context()))
		})
	}
}

// TestAdmitToQueue checks that a call which may wait for its place is admitted.
func TestAdmitToQueue(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]endpoint.Admitter{
		"Bulkhead": resilience.NewBulkhead(1, resilience.Queue(1, time.Second)),
		"Adaptive": resilience.NewAdaptive(resilience.Limits(1, 1), resilience.Queue(1, time.Second)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := p.Enter(t.Context())
			require.NoError(t, err)
			require.NoError(t, p.Admit(t.Context()), "there is room in the queue")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			left := make(chan error)
			go func() {
				_, _, err := p.Enter(ctx)
				left <- err
			}()
			require.Eventually(t, func() bool { return p.Admit(t.Context()) != nil }, time.Minute, time.Millisecond)
			require.ErrorIs(t, p.Admit(t.Context()), resilience.ErrOutOfCapacity)
			cancel()
			require.Error(t, <-left)
			require.NoError(t, p.Admit(t.Context()))
		})
	}
}

// TestAdmitOfZero checks that a policy that no constructor made leaves it to Enter to
// say so.
func TestAdmitOfZero(t *testing.T) {
	t.Parallel()
	for _, p := range []endpoint.Admitter{&resilience.Bulkhead{}, &resilience.Adaptive{}, &resilience.Shed{}} {
		require.NoError(t, p.Admit(t.Context()))
		_, _, err := p.Enter(t.Context())
		require.Error(t, err)
	}
}

// TestAdmitTooLate has deadlines that an operation's usual time does not fit in.
func TestAdmitTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shed := resilience.NewShed()
		p := shed.For(&endpoint.Operation{Streams: endpoint.Unary}).(endpoint.Admitter)
		within := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
		over := within(time.Nanosecond)
		time.Sleep(time.Nanosecond)
		require.ErrorIs(t, p.Admit(over), resilience.ErrTooLate)
		require.NoError(t, p.Admit(within(time.Millisecond)), "nothing is known of the operation")

		ctx, token, err := p.Enter(t.Context())
		require.NoError(t, err)
		time.Sleep(200 * time.Millisecond)
		require.NoError(t, p.Exit(ctx, token, nil))
		require.ErrorIs(t, p.Admit(within(50*time.Millisecond)), resilience.ErrTooLate)
		require.NoError(t, p.Admit(within(time.Second)))

		time.Sleep(time.Second) // what is known is old: one call may try
		for range 3 {
			require.NoError(t, p.Admit(within(50*time.Millisecond)), "Admit does not count as the one that tries")
		}
		_, _, err = p.Enter(within(50 * time.Millisecond))
		require.NoError(t, err)
		_, _, err = p.Enter(within(50 * time.Millisecond))
		require.ErrorIs(t, err, resilience.ErrTooLate)
	})
}

// TestServerStackGate has a server without room, which checks no credentials of calls
// that it refuses anyway, and reads no body of calls without credentials.
func TestServerStackGate(t *testing.T) {
	t.Parallel()
	shed := resilience.NewShed(resilience.Limits(1, 1))
	checked := 0
	check := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		checked++
		return ctx, nil, nil
	})
	checks := endpoint.Stack{check}
	for name, tt := range map[string]struct{ check, places endpoint.Layer }{
		"a Shed": {check, shed}, "a Bulkhead": {check, resilience.NewBulkhead(1)},
		"a check in a Stack": {checks, shed}, "both in a Stack": {checks, endpoint.Stack{endpoint.Stack{shed}}},
	} {
		checked = 0
		stack := resilience.ServerStack(resilience.At(resilience.RoleAuth, tt.check), resilience.At(resilience.RoleShed, tt.places))
		bound, err := stack.Bind(&endpoint.Operation{Side: endpoint.ServerSide})
		require.NoError(t, err)
		before, after := bound.Split()
		require.Len(t, before, 3, "%s: its mark, the gate and the check are before the reading of the request", name)
		require.NoError(t, after.Admit(t.Context()))

		inner := bound.Wrap(yes)
		outer := bound.Wrap(func(ctx context.Context, n int) (int, error) { return inner(ctx, n) })
		_, err = outer(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrOutOfCapacity)
		require.Equal(t, 1, checked, "%s: the credentials of a call without a place were checked", name)
	}
	only := resilience.ServerStack(resilience.At(resilience.RoleAuth, check), endpoint.Only(shed, func(*endpoint.Operation) bool { return false }))
	_, err := only.Bind(&endpoint.Operation{Side: endpoint.ServerSide})
	require.NoError(t, err, "a Shed for some operations has no gate")
}
