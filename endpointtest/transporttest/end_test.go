package transporttest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest/transporttest"
)

// pool is a target with all abilities of one.
type pool struct {
	op       *endpoint.Operation
	released *[]int64
	err      error
}

func (p pool) For(op *endpoint.Operation) endpoint.Target[string] {
	p.op = op
	return p
}

func (p pool) Err() error { return p.err }

func (p pool) Acquire(context.Context) (string, endpoint.Token, error) {
	if p.op == nil {
		return "", endpoint.Token{}, errors.New("the pool has no operation")
	}
	return p.op.Name, endpoint.Token{N: 7}, nil
}

func (p pool) Release(t endpoint.Token, _ error) { *p.released = append(*p.released, t.N) }

// TestCounted holds that a counted target has the abilities of its target, and
// that the target gets each token once.
func TestCounted(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	var released []int64
	e, problem := transporttest.CountingEnd()
	target := e.Counted(pool{released: &released, err: own})
	require.ErrorIs(t, target.(interface{ Err() error }).Err(), own)
	_, _, err := target.Acquire(t.Context())
	require.EqualError(t, err, "the pool has no operation")
	require.Empty(t, problem(), "an Acquire that failed needs no Release")

	target = target.(interface {
		For(op *endpoint.Operation) endpoint.Target[string]
	}).For(&endpoint.Operation{Name: "Get"})
	conn, token, err := target.Acquire(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Get", conn)
	require.Equal(t, "1 attempts were acquired and 0 released", problem())
	target.Release(token, nil)
	require.Empty(t, problem())
	target.Release(token, nil)
	require.Equal(t, "an attempt was released twice", problem())
	require.Equal(t, []int64{7}, released)

	e, problem = transporttest.CountingEnd()
	target = e.Counted(pool{released: &released})
	target.Release(endpoint.Token{N: 7}, nil)
	require.Equal(t, "Release got a token that Acquire did not return", problem())
	require.Equal(t, []int64{7}, released)
}

// TestCountedPlain has a target without other abilities.
func TestCountedPlain(t *testing.T) {
	t.Parallel()
	e, _ := transporttest.CountingEnd()
	target := e.Counted(localConn{})
	require.NoError(t, target.(interface{ Err() error }).Err())
	require.Equal(t, target, target.(interface {
		For(op *endpoint.Operation) endpoint.Target[localConn]
	}).For(nil))
}
