package shell_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

func TestRemote(t *testing.T) {
	t.Parallel()
	cause := errors.New("row 7")
	local := endpoint.Define(endpoint.NotFound, "shop", "NO_ITEM", "no such item").WithCause(cause).WithMeta("k", "v").
		WithViolations(endpoint.Violation{Pointer: "/a", Detail: "b"}).WithRetryAfter(time.Second).WithHelp(endpoint.Link{URL: "u"})
	for name, tt := range map[string]struct {
		got  *endpoint.Error
		code endpoint.Code
	}{
		"Remote":   {shell.Remote(fmt.Errorf("decode: %w", local)), endpoint.NotFound},
		"RemoteAs": {shell.RemoteAs(local, endpoint.Aborted), endpoint.Aborted},
	} {
		require.True(t, tt.got.Remote(), name)
		require.Equal(t, tt.code, tt.got.Code(), name)
		require.Equal(t, []string{"shop", "NO_ITEM", "no such item"}, []string{tt.got.Domain(), tt.got.Reason(), tt.got.Message()}, name)
		require.Equal(t, map[string]string{"k": "v"}, tt.got.Meta(), name)
		require.Equal(t, local.Violations(), tt.got.Violations(), name)
		require.Equal(t, local.Help(), tt.got.Help(), name)
		require.Equal(t, time.Second, tt.got.RetryAfter(), name)
		require.ErrorIs(t, tt.got, cause, name)
	}
	remote := endpoint.FromWire(endpoint.NotFound, "shop", "NO_ITEM", "no such item")
	require.Same(t, remote, shell.Remote(remote))
}

// TestFromDecoder holds that only an error with a telling code is the answer of a peer.
func TestFromDecoder(t *testing.T) {
	t.Parallel()
	var none *endpoint.Error
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"a code":           {endpoint.Errorf(endpoint.NotFound, "x"), true},
		"a wrapped code":   {fmt.Errorf("x: %w", endpoint.Errorf(endpoint.Aborted, "x")), true},
		"without a code":   {errors.New("x"), false},
		"a nil error":      {none, false},
		"invalid argument": {endpoint.Errorf(endpoint.InvalidArgument, "x"), false},
		"internal":         {endpoint.Errorf(endpoint.Internal, "x"), false},
	} {
		e, ok := shell.FromDecoder(tt.err)
		require.Equal(t, tt.want, ok, name)
		if ok {
			require.Equal(t, endpoint.CodeOf(tt.err), e.Code(), name)
			require.True(t, e.Remote(), name)
		}
	}
}
