package jwtx_test

import (
	"context"
	"crypto/elliptic"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestSeveralIssuers has the schemes of two issuers in one header.
func TestSeveralIssuers(t *testing.T) {
	t.Parallel()
	ed, es := newEd(t), newEC(t, elliptic.P256())
	users, staff := newIssuer(t, jwk(t, "1", ed, nil)), newIssuer(t, jwk(t, "1", es, nil))
	stack, err := layers(users.url, staff.url)
	require.NoError(t, err)
	more := map[string]any{"tenant": "acme"}
	access := func(claims jwt.Claims) string {
		return sign(t, jwt.SigningMethodEdDSA, map[string]any{"kid": "1", "typ": "at+jwt"}, claims, ed)
	}
	byUsers, byStaff := access(users.claimsOf(more)), staff.token(t, "1", es, more)
	for name, tt := range map[string]struct {
		token string
		anyOf []endpoint.Requirement
		ok    bool
	}{
		"users":             {byUsers, []endpoint.Requirement{Users}, true},
		"staff":             {byStaff, []endpoint.Requirement{Staff}, true},
		"users for staff":   {byUsers, []endpoint.Requirement{Staff}, false},
		"staff for users":   {byStaff, []endpoint.Requirement{Users}, false},
		"either, for users": {byUsers, []endpoint.Requirement{Users, Staff}, true},
		"either, for staff": {byStaff, []endpoint.Requirement{Users, Staff}, true},
		"forged":            {access(staff.claimsOf(more)), []endpoint.Requirement{Users, Staff}, false},
		"no tenant":         {access(users.claimsOf(nil)), []endpoint.Requirement{Users}, false},
		"an id token":       {users.token(t, "1", ed, more), []endpoint.Requirement{Users}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &endpoint.Operation{Name: "Get", Side: endpoint.ServerSide}
			require.NoError(t, op.Require(tt.anyOf...))
			err := bind(t, op, stack, tt.token)(t.Context())
			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
			}
		})
	}
}

// TestUserErrors has a func of the program fail in two ways.
func TestUserErrors(t *testing.T) {
	t.Parallel()
	ed := newEd(t)
	i := newIssuer(t, jwk(t, "1", ed, nil))
	down := endpoint.Errorf(endpoint.Unavailable, "cannot look the user up")
	asked := 0
	made := i.make(t)
	verify := made.Verify(func(context.Context, claims) (user, []string, error) {
		asked++
		return user{}, nil, down
	})
	for range 2 {
		_, _, err := verify(t.Context(), i.token(t, "1", ed, nil))
		require.ErrorIs(t, err, down)
	}
	require.Equal(t, 2, asked, "what it says is not remembered")
	require.NoError(t, made.Ping(t.Context()))
	require.Equal(t, 1, i.fetched())
}

// bind returns a call of an operation with a token.
func bind(t *testing.T, op *endpoint.Operation, stack endpoint.Stack, token string) func(ctx context.Context) error {
	t.Helper()
	bound, err := stack.Bind(op)
	require.NoError(t, err)
	e := bound.Wrap(func(context.Context, int) (int, error) { return 0, nil })
	header := map[string][]string{"Authorization": {"Bearer " + token}}
	return func(ctx context.Context) error {
		ctx, _, err := endpoint.StartCall(ctx, op, endpoint.HTTPHeader(header), endpoint.Header{})
		if err != nil {
			return err
		}
		_, err = e(ctx, 1)
		return err
	}
}
