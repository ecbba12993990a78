package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// guarded returns a service with the guards that these flags set, and its counters.
func guarded(t *testing.T, svc *addsvc.Add, args ...string) []prometheus.Collector {
	t.Helper()
	flags := flag.NewFlagSet("addsvc", flag.ContinueOnError)
	g := guardsVar(flags)
	require.NoError(t, flags.Parse(args))
	return g.guard(server.New("addsvc", server.Log(slog.New(slog.DiscardHandler))), svc)
}

// TestBreakers has a breaker open after six failures of its method, and not after errors that
// callers have caused.
func TestBreakers(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	svc, calls := addsvc.New(), 0
	svc.Concat = func(context.Context, addsvc.ConcatRequest) (addsvc.ConcatReply, error) {
		calls++
		return addsvc.ConcatReply{}, failed
	}
	guarded(t, svc)
	for range 2 * failures {
		_, err := svc.Sum(t.Context(), addsvc.SumRequest{})
		require.ErrorIs(t, err, addsvc.ErrTwoZeroes)
	}
	for range failures {
		_, err := svc.Concat(t.Context(), addsvc.ConcatRequest{})
		require.ErrorIs(t, err, failed)
	}
	_, err := svc.Concat(t.Context(), addsvc.ConcatRequest{})
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.Equal(t, failures, calls)
	_, err = svc.Sum(t.Context(), addsvc.SumRequest{A: 1})
	require.NoError(t, err, "each method has a breaker of its own")
}

// TestLimits has the limits of the flags.
func TestLimits(t *testing.T) {
	t.Parallel()
	svc := addsvc.New()
	guarded(t, svc, "-sum.limit", "0.001:1", "-concat.limit", "0.001:2")
	for i, want := range []error{nil, resilience.ErrRateLimited, resilience.ErrRateLimited} {
		_, err := svc.Sum(t.Context(), addsvc.SumRequest{A: 1})
		require.ErrorIs(t, err, want, "sum %d", i)
	}
	for i, want := range []error{nil, nil, resilience.ErrRateLimited} {
		_, err := svc.Concat(t.Context(), addsvc.ConcatRequest{A: "a"})
		require.ErrorIs(t, err, want, "concat %d", i)
	}
}

// TestCounters has the counters of go-kit's example count what succeeds.
func TestCounters(t *testing.T) {
	t.Parallel()
	svc := addsvc.New()
	reg := prometheus.NewRegistry()
	reg.MustRegister(guarded(t, svc)...)
	for _, r := range []addsvc.SumRequest{{A: 1, B: 2}, {A: -7}, {}} {
		_, err := svc.Sum(t.Context(), r)
		require.Equal(t, r == addsvc.SumRequest{}, endpoint.CodeOf(err) == endpoint.InvalidArgument)
	}
	for _, b := range []string{"bar", "", "too long"} {
		_, _ = svc.Concat(t.Context(), addsvc.ConcatRequest{A: "foo", B: b})
	}
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP example_addsvc_characters_concatenated_total Bytes of all strings that Concat has returned.
# TYPE example_addsvc_characters_concatenated_total counter
example_addsvc_characters_concatenated_total 9
# HELP example_addsvc_integers_summed_total Integers that were summed: two for each call of Sum that succeeds.
# TYPE example_addsvc_integers_summed_total counter
example_addsvc_integers_summed_total 4
`)))
}
