package unread_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec/internal/unread"
)

func TestBecause(t *testing.T) {
	t.Parallel()
	_, secret := netip.ParseAddr("hunter2")
	require.ErrorContains(t, secret, "hunter2")
	err := unread.Because(secret, endpoint.Violation{Pointer: "/addr", Detail: "not valid"}, endpoint.Violation{Detail: "there is more"})
	require.Equal(t, "/addr not valid; there is more", err.Error())
	require.ErrorIs(t, err, secret)
	require.NoError(t, unread.Because(nil))
	require.Equal(t, secret, errors.Unwrap(err))
}
