package netrpcx_test

import (
	"context"
	"errors"
	"net/rpc"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/netrpcx"
)

// texts is a service of net/rpc whose method fails with the text that it is given.
type texts struct{}

func (texts) Do(text string, _ *int) error { return errors.New(text) }

// TestErrorTexts has the texts of errors: those that a server of this package writes, and how a
// client reads these and others.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	s := rpc.NewServer()
	require.NoError(t, s.RegisterName("T", texts{}))
	near := foreign(t, s)
	c := calls[string, int](t, near)
	for _, tt := range []struct {
		text    string
		code    endpoint.Code
		domain  string
		reason  string
		message string
	}{
		{"NOT_FOUND: no such room", endpoint.NotFound, "", "", "no such room"},
		{"ABORTED rooms/BUSY: the room is busy", endpoint.Aborted, "rooms", "BUSY", "the room is busy"},
		{"ABORTED rooms/BUSY: a: b: c", endpoint.Aborted, "rooms", "BUSY", "a: b: c"},
		{"ABORTED rooms/BUSY: ", endpoint.Aborted, "rooms", "BUSY", "aborted"},
		{"divide by zero", endpoint.Unknown, "", "", "divide by zero"},
		{"NOT_FOUND", endpoint.Unknown, "", "", "NOT_FOUND"},
		{"OK: fine", endpoint.Unknown, "", "", "OK: fine"},
		{"NEW: code", endpoint.Unknown, "", "", "NEW: code"},
		{"open /x: no such file", endpoint.Unknown, "", "", "open /x: no such file"},
		{"ABORTED rooms: x", endpoint.Unknown, "", "", "ABORTED rooms: x"},
		{"ABORTED rooms/: x", endpoint.Unknown, "", "", "ABORTED rooms/: x"},
		{"ABORTED a/b/C: x", endpoint.Aborted, "a/b", "C", "x"},
		{"ABORTED a/b c: x", endpoint.Unknown, "", "", "ABORTED a/b c: x"},
		{"\x1b[2J", endpoint.Unknown, "", "", "\x1b[2J"},
		{strings.Repeat("x", 70<<10), endpoint.Unknown, "", "", strings.Repeat("x", 64<<10)},
	} {
		_, err := c.Do(t.Context(), tt.text)
		e := endpoint.ErrorOf(err)
		require.Equal(t, []any{tt.code, tt.domain, tt.reason, tt.message, true}, []any{e.Code(), e.Domain(), e.Reason(), e.Message(), e.Remote()}, "%.40s", tt.text)
		require.NotContains(t, err.Error(), "\x1b")
	}

	for text, err := range map[string]error{
		"ABORTED rooms/BUSY: the room is busy": endpoint.Define(endpoint.Aborted, "rooms", "BUSY", "the room is busy").WithMeta("k", "v"),
		"ABORTED: x":                           endpoint.Errorf(endpoint.Aborted, "x"),
		"ABORTED a/b/BUSY: y":                  endpoint.Define(endpoint.Aborted, "a/b", "BUSY", "y"),
		"INTERNAL: internal error":             errors.New("secret"),
		"ABORTED: \ufffd":                      endpoint.Errorf(endpoint.Aborted, "\xff"),
		"CANCELLED: canceled":                  context.Canceled,
	} {
		n := one(t, func(context.Context, string) (int, error) { return 0, err })
		own := rpc.NewClient(n.dial(t))
		require.EqualError(t, own.Call("T.Do", "", new(int)), text)
		require.NoError(t, own.Close())
	}
}

// TestPanicsOfHooks has a hook that panics. The answer does not change.
func TestPanicsOfHooks(t *testing.T) {
	t.Parallel()
	n := one(t, func(context.Context, int) (int, error) { return 0, errZero }, netrpcx.ErrorHook(func(context.Context, error) { panic("hook") }))
	c := calls[int, int](t, n.conn(t))
	for range 2 {
		_, err := c.Do(t.Context(), 7)
		require.ErrorIs(t, err, errZero)
	}
}

// TestRefusals has layers that reject calls, on each end.
func TestRefusals(t *testing.T) {
	t.Parallel()
	reject := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, errZero })
	ran := 0
	handler := func(context.Context, int) (int, error) { ran++; return 0, nil }
	_, err := calls[int, int](t, one(t, handler, netrpcx.Use(reject)).conn(t)).Do(t.Context(), 7)
	require.ErrorIs(t, err, errZero)
	require.True(t, endpoint.ErrorOf(err).Remote())
	_, err = calls[int, int](t, one(t, handler).conn(t), netrpcx.Use(reject)).Do(t.Context(), 7)
	require.ErrorIs(t, err, errZero)
	require.False(t, endpoint.ErrorOf(err).Remote())
	require.Zero(t, ran)
}
