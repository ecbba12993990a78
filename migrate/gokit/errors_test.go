package gokit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-kit/kit/ratelimit"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/sony/gobreaker"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/resilience"
)

// statusError is an error of go-kit's with a status.
type statusError int

func (e statusError) Error() string   { return "secret of the status" }
func (e statusError) StatusCode() int { return int(e) }
func (e statusError) Headers() http.Header {
	return http.Header{"Retry-After": {"3"}}
}

func TestErrorsFromKit(t *testing.T) {
	t.Parallel()
	plain := errors.New("plain")
	for name, tt := range map[string]struct {
		resp    any
		err     error
		code    endpoint.Code
		is      error
		message string
		after   time.Duration
	}{
		"plain":             {err: plain, code: endpoint.Internal, is: plain, message: "internal error"},
		"coded":             {err: errTwoZeroes, code: endpoint.InvalidArgument, is: errTwoZeroes, message: "can't sum two zeroes"},
		"status 404":        {err: statusError(404), code: endpoint.NotFound, is: statusError(404), message: "secret of the status", after: 3 * time.Second},
		"status 503":        {err: statusError(503), code: endpoint.Unavailable, is: statusError(503), message: "temporarily unavailable", after: 3 * time.Second},
		"limited":           {err: ratelimit.ErrLimited, code: endpoint.ResourceExhausted, is: resilience.ErrRateLimited},
		"open":              {err: gobreaker.ErrOpenState, code: endpoint.Unavailable, is: resilience.ErrOpen},
		"half-open":         {err: gobreaker.ErrTooManyRequests, code: endpoint.Unavailable, is: resilience.ErrOpen},
		"no endpoints":      {err: lb.ErrNoEndpoints, code: endpoint.Unavailable, is: discover.ErrNoEndpoints},
		"of a retry":        {err: lb.RetryError{RawErrors: []error{plain, lb.ErrNoEndpoints}, Final: lb.ErrNoEndpoints}, code: endpoint.Unavailable, is: plain},
		"coded retry":       {err: endpoint.Errorf(endpoint.NotFound, "gone: %w", lb.RetryError{Final: plain}), code: endpoint.NotFound, message: "gone"},
		"coded refusal":     {err: endpoint.Errorf(endpoint.NotFound, "gone: %w", ratelimit.ErrLimited), code: endpoint.NotFound, is: ratelimit.ErrLimited},
		"status of success": {err: statusError(200), code: endpoint.Unknown, is: statusError(200), after: 3 * time.Second},
		"no status":         {err: statusError(-1), code: endpoint.Unknown, is: statusError(-1), after: 3 * time.Second},
		"failed":            {resp: oldReply{Err: plain}, code: endpoint.FailedPrecondition, is: plain, message: "plain"},
		"failed and status": {resp: oldReply{Err: statusError(404)}, code: endpoint.NotFound, is: statusError(404), after: 3 * time.Second},
		"failed and coded":  {resp: oldReply{Err: errTwoZeroes}, code: endpoint.InvalidArgument, is: errTwoZeroes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e endpoint.Endpoint[sumRequest, oldReply]
			gokit.Set(&e, answer(tt.resp, tt.err))
			_, err := e(t.Context(), sumRequest{})
			require.Equal(t, tt.code, endpoint.CodeOf(err))
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			if tt.err != nil {
				require.ErrorContains(t, err, tt.err.Error())
			}
			if tt.message != "" {
				require.Equal(t, tt.message, endpoint.ErrorOf(err).Message())
			}
			require.Equal(t, tt.after, endpoint.ErrorOf(err).RetryAfter())
		})
	}
}

// TestRefusedByKit has a refusal of go-kit be one of this process, so that it counts against
// no server.
func TestRefusedByKit(t *testing.T) {
	t.Parallel()
	for _, err := range []error{ratelimit.ErrLimited, gobreaker.ErrOpenState, lb.ErrNoEndpoints} {
		var e endpoint.Endpoint[sumRequest, sumReply]
		gokit.Set(&e, answer(nil, err))
		_, got := e(t.Context(), sumRequest{})
		require.True(t, endpoint.Refused(got), "%v", err)
	}
}

// TestErrorsToKit has the encoder of go-kit write an error of ours.
func TestErrorsToKit(t *testing.T) {
	t.Parallel()
	secret, old := errors.New("secret"), errors.New("old")
	for name, tt := range map[string]struct {
		err    error
		status int
		body   string
		after  string
	}{
		"coded":     {errTwoZeroes.WithCause(secret), 400, "can't sum two zeroes", ""},
		"wait":      {endpoint.Errorf(endpoint.Unavailable, "busy").WithRetryAfter(1500 * time.Millisecond), 503, "busy", "2"},
		"internal":  {endpoint.Errorf(endpoint.Internal, "%w", secret), 500, "internal error", ""},
		"of a peer": {endpoint.FromWire(endpoint.NotFound, "x", "Y", "of a peer"), 500, "internal error", ""},
		"plain":     {old, 500, "old", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := gokit.ToKit(func(context.Context, endpoint.Empty) (endpoint.Empty, error) { return endpoint.Empty{}, tt.err })
			_, err := e(t.Context(), nil)
			require.ErrorIs(t, err, tt.err)
			w := httptest.NewRecorder()
			kithttp.DefaultErrorEncoder(t.Context(), err, w)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.body, w.Body.String())
			require.Equal(t, tt.after, w.Header().Get("Retry-After"))
			if name == "plain" {
				require.Same(t, tt.err, err, "encoders compare it by ==")
			}

			var back endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
			gokit.Set(&back, e)
			_, err = back(t.Context(), endpoint.Empty{})
			require.Same(t, tt.err, err, "there and back it is as it was")
		})
	}
}

// TestRetryOfKit has go-kit's own retry over replicas of ours.
func TestRetryOfKit(t *testing.T) {
	t.Parallel()
	calls := 0
	replica := gokit.ToKit(func(ctx context.Context, r sumRequest) (sumReply, error) {
		if calls++; calls < 3 {
			return sumReply{}, endpoint.Errorf(endpoint.Unavailable, "away")
		}
		return sum(ctx, r)
	})
	var e endpoint.Endpoint[sumRequest, sumReply]
	gokit.Set(&e, lb.Retry(3, time.Minute, lb.NewRoundRobin(sd.FixedEndpointer{replica})))
	got, err := e(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	_, err = e(t.Context(), sumRequest{})
	require.ErrorIs(t, err, errTwoZeroes, "a RetryError is looked into")
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
}
