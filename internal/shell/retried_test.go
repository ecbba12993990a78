package shell_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

func TestSetRetried(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code endpoint.Code
		err  error
		want string
	}{
		"in vain":            {endpoint.Unavailable, mark.Retried(errors.New("down")), "1"},
		"not repeated":       {endpoint.Unavailable, errors.New("down"), ""},
		"goes out otherwise": {endpoint.Internal, mark.Retried(errors.New("down")), ""},
	} {
		reply := endpoint.HTTPHeader(map[string][]string{})
		shell.SetRetried(&reply, endpoint.Errorf(tt.code, "x"), tt.err)
		require.Equal(t, tt.want, reply.Get("endpoint-retried"), name)
	}
}

// TestRetriedAnswer has attempts whose answers report, or not, that the call was repeated
// in vain.
func TestRetriedAnswer(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.Unavailable, "", "", "down")
	for name, tt := range map[string]struct {
		err   error
		reply map[string][]string
		want  bool
	}{
		"reported":     {remote, map[string][]string{"Endpoint-Retried": {"1"}}, true},
		"not reported": {remote, nil, false},
		"another code": {endpoint.FromWire(endpoint.NotFound, "", "", "no"), map[string][]string{"Endpoint-Retried": {"1"}}, false},
		"no answer":    {endpoint.Errorf(endpoint.Unavailable, "cut"), map[string][]string{"Endpoint-Retried": {"1"}}, false},
	} {
		op := &endpoint.Operation{Side: endpoint.ClientSide}
		ctx, w, err := endpoint.StartCall(t.Context(), op, endpoint.HTTPHeader(nil), endpoint.HTTPHeader(nil))
		require.NoError(t, err)
		err = shell.Attempt(ctx, one{}, func(int) error {
			w.SetReply(endpoint.HTTPHeader(tt.reply))
			return tt.err
		})
		require.ErrorIs(t, err, tt.err, name)
		require.Equal(t, tt.want, mark.WasRetried(err), name)
	}
}

// one is a target with one connection.
type one struct{}

func (one) Acquire(context.Context) (int, endpoint.Token, error) { return 1, endpoint.Token{}, nil }

func (one) Release(endpoint.Token, error) {}
