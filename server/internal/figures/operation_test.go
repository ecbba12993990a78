package figures_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/server/internal/figures"
)

const (
	ms      = time.Millisecond
	trace   = "0af7651916cd43dd8448eb211c80319c"
	request = "r-1"
)

var (
	errFailed  = errors.New("secret")
	errMissing = endpoint.Define(endpoint.NotFound, "profiles", "MISSING", "no such profile")
	getOp      = &endpoint.Operation{
		Service: "Profiles", Name: "Get", Side: endpoint.ServerSide, Transport: "http", Method: "GET", Pattern: "/profiles/{id}",
	}
	askOp = &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ClientSide, Transport: "http"}
)

// call starts a call of an operation with headers.
func call(tb testing.TB, op *endpoint.Operation, header map[string][]string) context.Context {
	tb.Helper()
	ctx, _, err := endpoint.StartCall(tb.Context(), op, endpoint.HTTPHeader(header), endpoint.Header{})
	require.NoError(tb, err)
	return ctx
}

// after makes a call that takes so long, by the clock of a bubble.
func after(t *testing.T, s *figures.Set, op *endpoint.Operation, took time.Duration, err error) {
	t.Helper()
	o, began := s.Of(op), s.Now()
	o.Begin()
	time.Sleep(took)
	o.End(call(t, op, nil), began, s.Now(), err)
}

// TestOutcomes has each kind of end once.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	remote := endpoint.FromWire(endpoint.NotFound, "others", "MISSING", "secret")
	server, caller := figures.Sum{Calls: 1, ServerFaults: 1}, figures.Sum{Calls: 1, CallerFaults: 1}
	for name, tt := range map[string]struct {
		op             *endpoint.Operation
		err            error
		code           endpoint.Code
		sum            figures.Sum
		domain, reason string
	}{
		"success":              {getOp, nil, endpoint.OK, figures.Sum{Calls: 1}, "", ""},
		"fault":                {getOp, errFailed, endpoint.Internal, server, "", ""},
		"an answer":            {getOp, errMissing, endpoint.NotFound, caller, "profiles", "MISSING"},
		"the last code":        {getOp, endpoint.Errorf(endpoint.Unauthenticated, "x"), endpoint.Unauthenticated, caller, "", ""},
		"the caller gave up":   {getOp, context.Canceled, endpoint.Canceled, caller, "", ""},
		"excused":              {getOp, mark.Never(context.DeadlineExceeded), endpoint.DeadlineExceeded, caller, "", ""},
		"undeclared, served":   {getOp, remote, endpoint.Internal, server, "", ""},
		"undeclared, called":   {askOp, remote, endpoint.NotFound, caller, "others", "MISSING"},
		"a code of a stranger": {askOp, endpoint.FromWire(99, "", "", ""), endpoint.Unknown, caller, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := figures.New()
			o := s.Of(tt.op)
			o.Begin()
			o.End(call(t, tt.op, nil), 0, 0, tt.err)
			got := o.Snapshot(0)
			for _, sum := range []figures.Sum{got.Total, got.Minute} {
				sum.P50, sum.P90, sum.P99 = 0, 0, 0
				require.Equal(t, tt.sum, sum)
			}
			require.Equal(t, []figures.CodeCount{{Code: tt.code, Calls: 1}}, got.Codes)
			require.Equal(t, figures.Second{Calls: 1, ServerFaults: tt.sum.ServerFaults, CallerFaults: tt.sum.CallerFaults}, got.Series[59])
			recent := s.Recent()
			if tt.err == nil {
				require.Empty(t, recent)
				return
			}
			require.Len(t, recent, 1)
			require.Equal(t, tt.sum.ServerFaults == 1, recent[0].Kind == figures.ServerFault)
			require.Equal(t, [2]string{tt.domain, tt.reason}, [2]string{recent[0].Domain, recent[0].Reason})
		})
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	s := figures.New()
	o := s.Of(getOp)
	require.Same(t, getOp, o.Operation())
	o.Begin()
	o.Begin()
	require.Equal(t, uint64(2), o.Snapshot(0).InFlight)
	require.Zero(t, o.Snapshot(0).Total.Calls)
	o.End(call(t, getOp, nil), 0, 0, nil)
	o.End(call(t, getOp, nil), 0, 0, errMissing)
	require.Zero(t, o.Snapshot(0).InFlight)
}

// TestRecentCall is a call that failed, with all that is kept of it.
func TestRecentCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		o, start := s.Of(getOp), time.Now()
		for name, tt := range map[string]struct {
			header         map[string][]string
			trace, request string
		}{
			"both":      {map[string][]string{"Traceparent": {"00-" + trace + "-b7ad6b7169203331-01"}, "X-Request-Id": {request}}, trace, request},
			"neither":   {nil, "", ""},
			"malformed": {map[string][]string{"Traceparent": {"00-x"}, "X-Request-Id": {strings.Repeat("x", 129)}}, "", ""},
		} {
			began := s.Now()
			time.Sleep(30 * ms)
			o.End(call(t, getOp, tt.header), began, s.Now(), errMissing)
			require.Equal(t, figures.Call{
				At: time.Now(), Kind: figures.CallerFault, Operation: getOp, Took: 30 * ms,
				Code: endpoint.NotFound, Domain: "profiles", Reason: "MISSING", TraceID: tt.trace, RequestID: tt.request,
			}, s.Recent()[0], name)
		}
		require.Equal(t, start, s.Start())
		require.Len(t, s.Recent(), 3)
	})
}

// TestIdentityIsShort has a server with a long identity that a client keeps.
func TestIdentityIsShort(t *testing.T) {
	t.Parallel()
	s := figures.New()
	long := endpoint.FromWire(endpoint.NotFound, "a\nb"+strings.Repeat("x", 1000), strings.Repeat("ä", 1000), "")
	s.Of(askOp).End(call(t, askOp, nil), 0, 0, long)
	got := s.Recent()[0]
	require.Equal(t, "a b"+strings.Repeat("x", 125), got.Domain)
	require.Equal(t, strings.Repeat("ä", 64), got.Reason)
}

// TestSlow has calls that are slow before and after the usual time is known.
func TestSlow(t *testing.T) {
	t.Parallel()
	stream := &endpoint.Operation{Service: "Profiles", Name: "Watch", Streams: endpoint.ServerStream}
	for name, tt := range map[string]struct {
		op    *endpoint.Operation
		usual time.Duration
		calls int // beside the one that sets the limit
		took  time.Duration
		want  bool
	}{
		"at first, a second":           {getOp, 0, 0, time.Second, false},
		"at first, more":               {getOp, 0, 0, time.Second + 1, true},
		"after few calls":              {getOp, 2 * ms, 18, 900 * ms, false},
		"ten times the usual time":     {getOp, 2 * ms, 19, 25 * ms, true},
		"less than ten times":          {getOp, 2 * ms, 19, 15 * ms, false},
		"of quick calls, 10 ms":        {getOp, 0, 19, 10 * ms, false},
		"of quick calls, more":         {getOp, 0, 19, 10*ms + 1, true},
		"of long calls":                {getOp, 200 * ms, 19, 1500 * ms, false},
		"a stream is as long as it is": {stream, 0, 0, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := figures.New()
				for range tt.calls {
					after(t, s, tt.op, tt.usual, nil)
				}
				time.Sleep(time.Second)
				after(t, s, tt.op, tt.usual, nil) // the first of a second sets the limit
				after(t, s, tt.op, tt.took, nil)
				require.Equal(t, tt.want, len(s.Recent()) == 1)
				if tt.want {
					require.Equal(t, figures.Slow, s.Recent()[0].Kind)
					require.Equal(t, endpoint.OK, s.Recent()[0].Code)
				}
			})
		})
	}
}

// TestConcurrent has calls side by side, and somebody who looks.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const callers, calls = 8, 1000
	s := figures.New()
	ended := make(chan struct{}, callers)
	ctx := call(t, getOp, nil)
	for range callers {
		go func() {
			for n := range calls {
				o := s.Of(getOp)
				o.Begin()
				at := time.Duration(n) * 10 * ms // the second changes on the way
				o.End(ctx, at, at+time.Millisecond, [2]error{nil, errMissing}[n%2])
			}
			ended <- struct{}{}
		}()
	}
	for n := 0; n < callers; {
		select {
		case <-ended:
			n++
		default:
			s.Of(getOp).Snapshot(s.Now())
			s.Recent()
			s.Operations()
		}
	}
	got := s.Of(getOp).Snapshot(9 * time.Second)
	require.Equal(t, uint64(callers*calls), got.Total.Calls)
	require.Equal(t, uint64(callers*calls/2), got.Total.CallerFaults)
	require.Equal(t, uint64(callers*calls), got.Minute.Calls)
	require.Zero(t, got.InFlight)
}
