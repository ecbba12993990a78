package layerguide

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// answer is an endpoint that succeeds at once.
func answer(_ context.Context, n int) (int, error) { return n, nil }

// counting is an endpoint with a stream of a hundred items.
func counting(context.Context, int) (endpoint.Stream[int], error) {
	return func(yield func(int, error) bool) {
		for n := 1; n <= 100 && yield(n, nil); {
			n++
		}
	}, nil
}

// as returns a context in which a call of the tenant is being served.
func as(t *testing.T, tenant string) context.Context {
	t.Helper()
	ctx, _, err := endpoint.StartCall(t.Context(), &endpoint.Operation{Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	endpoint.CallFrom(ctx).SetPrincipal(tenant)
	return ctx
}

// bound returns e with l around it, as a server has them for the operation.
func bound(t *testing.T, l endpoint.Layer, op string, e endpoint.Endpoint[int, int]) endpoint.Endpoint[int, int] {
	t.Helper()
	stack, err := endpoint.Stack{l}.Bind(&endpoint.Operation{Service: "Reports", Name: op, Side: endpoint.ServerSide})
	require.NoError(t, err)
	return stack.Wrap(e)
}

// requireIdle fails unless l has forgotten every tenant.
func requireIdle(t *testing.T, l *TenantLimit) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.rowOf)
	require.Len(t, l.free, len(l.rows))
}

// snippet: laws

func TestTenantLimitLaws(t *testing.T) {
	t.Parallel()
	weights := Weight(func(op *endpoint.Operation) int { return len(op.Name) % 4 })
	for name, l := range map[string]endpoint.Layer{
		"function": limitTenants(8),
		"plain":    NewTenantLimit(8),
		"weighted": NewTenantLimit(8, weights),
		"faulty":   NewTenantLimit(0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { endpointtest.Layer(t, l) })
		})
	}
}

// end snippet

// snippet: rejects

func TestTenantLimitRejects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, ended := make(chan struct{}), make(chan error)
		slow := func(context.Context, int) (int, error) { <-release; return 0, nil }
		var log endpointtest.Recorder
		e := endpoint.Stack{log.Layer("outside"), NewTenantLimit(1), log.Layer("inside")}.Wrap(slow)
		go func() { _, err := e(t.Context(), 0); ended <- err }()
		synctest.Wait() // until the call waits for release
		require.Equal(t, []string{"enter outside", "enter inside"}, log.Reset())

		_, err := e(t.Context(), 0)
		require.ErrorIs(t, err, ErrTenantBusy)
		require.Equal(t, []string{"enter outside", "exit outside: too many calls at the same time"}, log.Reset())

		close(release)
		require.NoError(t, <-ended)
		require.Equal(t, []string{"exit inside", "exit outside"}, log.Reset())
	})
}

// end snippet

func TestTenantLimitSuspend(t *testing.T) {
	t.Parallel()
	limit := NewTenantLimit(1)
	stream, err := endpoint.Chain(counting, limit.Wrap)(t.Context(), 0)
	require.NoError(t, err)
	read := 0
	for n, e := range stream {
		if err = e; err != nil {
			break
		}
		if read = n; n == 3 {
			limit.Suspend("")
		}
	}
	require.Equal(t, 3, read)
	require.ErrorIs(t, err, ErrTenantSuspended)
	limit.Resume("")
	requireIdle(t, limit)
}

// TestTenantLimitEnds has calls that end in every way. Each gives its place back.
func TestTenantLimitEnds(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	for _, tt := range []struct {
		name string
		call func(t *testing.T, l *TenantLimit)
	}{
		{"success", func(t *testing.T, l *TenantLimit) {
			n, err := endpoint.Chain(answer, l.Wrap)(t.Context(), 7)
			require.NoError(t, err)
			require.Equal(t, 7, n)
		}},
		{"error", func(t *testing.T, l *TenantLimit) {
			_, err := endpoint.Chain(func(context.Context, int) (int, error) { return 0, failed }, l.Wrap)(t.Context(), 7)
			require.ErrorIs(t, err, failed)
		}},
		{"a layer inside rejects", func(t *testing.T, l *TenantLimit) {
			_, err := endpoint.Stack{l, limitTenants(0)}.Wrap(answer)(t.Context(), 7)
			require.ErrorIs(t, err, ErrTenantBusy)
		}},
		{"panic", func(t *testing.T, l *TenantLimit) {
			e := endpoint.Chain(func(context.Context, int) (int, error) { panic("a defect") }, l.Wrap)
			require.PanicsWithValue(t, "a defect", func() { _, _ = e(t.Context(), 7) })
		}},
		{"Goexit", func(t *testing.T, l *TenantLimit) {
			e := endpoint.Chain(func(context.Context, int) (int, error) {
				runtime.Goexit()
				return 0, nil
			}, l.Wrap)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = e(t.Context(), 7)
			}()
			<-done
		}},
		{"break", func(t *testing.T, l *TenantLimit) {
			s, err := endpoint.Chain(counting, l.Wrap)(t.Context(), 7)
			require.NoError(t, err)
			requireIdle(t, l) // the loop has not started
			for range s {
				_, err := endpoint.Chain(answer, l.Wrap)(t.Context(), 7)
				require.ErrorIs(t, err, ErrTenantBusy)
				break
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := NewTenantLimit(1)
			for range 3 {
				tt.call(t, l)
				requireIdle(t, l)
			}
		})
	}
}

// TestTenantLimitTenants has tenants that do not get into each other's way.
func TestTenantLimitTenants(t *testing.T) {
	t.Parallel()
	l := NewTenantLimit(1)
	for range 2 { // with new rows, then with free ones
		var tokens []endpoint.Token
		for i := range 10 {
			ctx := as(t, strconv.Itoa(i))
			_, tok, err := l.Enter(ctx)
			require.NoError(t, err, "tenant %d", i)
			tokens = append(tokens, tok)
			_, _, err = l.Enter(ctx)
			require.ErrorIs(t, err, ErrTenantBusy, "tenant %d", i)
		}
		for _, tok := range tokens {
			require.NoError(t, l.Exit(t.Context(), tok, nil))
		}
		requireIdle(t, l)
		require.Len(t, l.rows, 10)
	}
}

func TestTenantLimitWeight(t *testing.T) {
	t.Parallel()
	l := newLimit()
	require.Nil(t, l.For(&endpoint.Operation{Name: "Status"}))
	export, run := l.For(&endpoint.Operation{Name: "Export"}), l.For(&endpoint.Operation{Name: "Run"})

	_, first, err := export.Enter(t.Context())
	require.NoError(t, err)
	_, second, err := run.Enter(t.Context())
	require.NoError(t, err)
	_, _, err = export.Enter(t.Context())
	require.ErrorIs(t, err, ErrTenantBusy, "three places are left")
	require.NoError(t, run.Exit(t.Context(), second, nil))
	_, second, err = export.Enter(t.Context())
	require.NoError(t, err)
	_, _, err = run.Enter(t.Context())
	require.ErrorIs(t, err, ErrTenantBusy, "no place is left")
	for _, tok := range []endpoint.Token{first, second} {
		require.NoError(t, export.Exit(t.Context(), tok, nil))
	}
	requireIdle(t, l)
}

func TestTenantLimitTenantFrom(t *testing.T) {
	t.Parallel()
	l := NewTenantLimit(1, TenantFrom(func(ctx context.Context) string {
		return endpoint.CallFrom(ctx).Principal()[:4]
	}))
	l.Suspend("acme")
	e := endpoint.Chain(answer, l.Wrap)
	_, err := e(as(t, "acme/anne"), 0)
	require.ErrorIs(t, err, ErrTenantSuspended)
	_, err = e(as(t, "bolt/bill"), 0)
	require.NoError(t, err)
	l.Resume("acme")
	_, err = e(as(t, "acme/anne"), 0)
	require.NoError(t, err)
	requireIdle(t, l)
}

// TestTenantLimitResume has a tenant that is resumed while its call goes on.
func TestTenantLimitResume(t *testing.T) {
	t.Parallel()
	l := NewTenantLimit(1)
	stream, err := endpoint.Chain(counting, l.Wrap)(t.Context(), 0)
	require.NoError(t, err)
	for n, err := range stream {
		require.NoError(t, err)
		l.Suspend("")
		l.Resume("")
		if n == 3 {
			_, err := endpoint.Chain(answer, l.Wrap)(t.Context(), 0)
			require.ErrorIs(t, err, ErrTenantBusy)
			break
		}
	}
	requireIdle(t, l)
}

func TestTenantLimitFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit *TenantLimit
		want  string
	}{
		{"nil", nil, "layerguide: TenantLimit: make it with NewTenantLimit"},
		{"zero value", new(TenantLimit), "layerguide: TenantLimit: make it with NewTenantLimit"},
		{"everything", NewTenantLimit(0, nil, TenantFrom(nil), Weight(nil)), "" +
			"layerguide: NewTenantLimit: the limit is 0, want at least 1\n" +
			"layerguide: NewTenantLimit: option 0 is nil\n" +
			"layerguide: TenantFrom: the function is nil\n" +
			"layerguide: Weight: the function is nil"},
		{
			"negative weight", NewTenantLimit(8, Weight(func(*endpoint.Operation) int { return -1 })),
			"layerguide: Weight: the weight of Reports.Run is -1, want 0 to 8",
		},
		{
			"too heavy", NewTenantLimit(8, Weight(func(*endpoint.Operation) int { return 9 })),
			"layerguide: Weight: the weight of Reports.Run is 9, want 0 to 8",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := endpoint.Stack{tt.limit}.Bind(&endpoint.Operation{Service: "Reports", Name: "Run"})
			require.EqualError(t, err, tt.want)
		})
	}
	require.NoError(t, NewTenantLimit(1).Err())
}

// TestTenantLimitZero has a zero value that is entered by hand.
func TestTenantLimitZero(t *testing.T) {
	t.Parallel()
	var l TenantLimit
	_, _, err := l.Enter(t.Context())
	require.ErrorIs(t, err, ErrTenantBusy)
	l.Suspend("acme")
	l.Resume("acme")
	requireIdle(t, &l)
}
