package outcome_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/outcome"
)

var (
	errFailed  = errors.New("failed")
	errMissing = endpoint.Define(endpoint.NotFound, "profiles", "MISSING", "no such profile")
	errBroken  = endpoint.Define(endpoint.Internal, "profiles", "BROKEN", "broken")
	errSlow    = endpoint.Define(endpoint.DeadlineExceeded, "profiles", "SLOW", "the body came too slowly")
	err400     = endpoint.Define(endpoint.Internal, "profiles", "FIRST", "the first status of a caller's fault")
	err499     = endpoint.Define(endpoint.Internal, "profiles", "LAST", "the last one")
	err500     = endpoint.Define(endpoint.Internal, "profiles", "NEXT", "the one after it")
	errRefused = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "FULL", "too many calls")
)

// callOn returns a call of an operation that answers some errors with a status of their
// own.
func callOn(t *testing.T, side endpoint.Side) *endpoint.Call {
	t.Helper()
	op := &endpoint.Operation{Side: side, Fails: []*endpoint.Error{errMissing}, StatusOf: func(e *endpoint.Error) int {
		for status, own := range map[int]*endpoint.Error{408: errSlow, 400: err400, 499: err499, 500: err500} {
			if e.Is(own) {
				return status
			}
		}
		return e.Code().HTTPStatus()
	}}
	ctx, _, err := endpoint.StartCall(t.Context(), op, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	return endpoint.CallFrom(ctx)
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.NotFound, "others", "MISSING", "no such thing")
	const server, client, none = endpoint.ServerSide, endpoint.ClientSide, endpoint.Side(0)
	for name, tt := range map[string]struct {
		side  endpoint.Side
		err   error
		code  endpoint.Code
		blame outcome.Blame
	}{
		"served, success":                      {server, nil, endpoint.OK, outcome.NoFault},
		"served, a fault":                      {server, errFailed, endpoint.Internal, outcome.Fault},
		"served, unknown":                      {server, endpoint.Errorf(endpoint.Unknown, "x"), endpoint.Unknown, outcome.Fault},
		"served, data lost":                    {server, endpoint.Errorf(endpoint.DataLoss, "x"), endpoint.DataLoss, outcome.Fault},
		"served, late":                         {server, context.DeadlineExceeded, endpoint.DeadlineExceeded, outcome.Fault},
		"served, an answer":                    {server, errMissing, endpoint.NotFound, outcome.NoFault},
		"served, an undeclared remote error":   {server, remote, endpoint.Internal, outcome.Fault},
		"served, an error with a status":       {server, errSlow, endpoint.DeadlineExceeded, outcome.NoFault},
		"served, the first such status":        {server, err400, endpoint.Internal, outcome.NoFault},
		"served, the last such status":         {server, err499, endpoint.Internal, outcome.NoFault},
		"served, a status of a server":         {server, err500, endpoint.Internal, outcome.Fault},
		"served, rejected by a policy":         {server, errRefused, endpoint.Unavailable, outcome.Fault},
		"served, the caller gave up":           {server, context.Canceled, endpoint.Canceled, outcome.Unknown},
		"served, excused":                      {server, mark.Never(context.DeadlineExceeded), endpoint.DeadlineExceeded, outcome.Unknown},
		"called, success":                      {client, nil, endpoint.OK, outcome.NoFault},
		"called, a remote error":               {client, remote, endpoint.NotFound, outcome.NoFault},
		"called, a fault":                      {client, errBroken, endpoint.Internal, outcome.Fault},
		"called, rejected by a policy":         {client, errRefused, endpoint.Unavailable, outcome.Unknown},
		"called, an error with another status": {client, errSlow, endpoint.DeadlineExceeded, outcome.Fault},
		"neither, rejected by a policy":        {none, errRefused, endpoint.Unavailable, outcome.NoFault},
		"neither, a fault":                     {none, errBroken, endpoint.Internal, outcome.Fault},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := callOn(t, tt.side)
			code := outcome.Code(call, call.Operation(), tt.err)
			require.Equal(t, tt.code, code)
			require.Equal(t, tt.blame, outcome.BlameOf(call, code, tt.err, time.Second))
		})
	}
}
