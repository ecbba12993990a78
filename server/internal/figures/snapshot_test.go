package figures_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// TestWindow has calls leave the window after a minute, and stay in the total.
func TestWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		look := func() figures.Snapshot { return s.Of(getOp).Snapshot(s.Now()) }
		require.Zero(t, look().Covered)
		for range 3 {
			after(t, s, getOp, 0, nil)
		}
		time.Sleep(2500 * ms) // the third second
		after(t, s, getOp, 0, errMissing)
		after(t, s, getOp, 0, errFailed)

		got := look()
		require.Equal(t, 2500*ms, got.Covered)
		require.Equal(t, figures.Second{Calls: 3}, got.Series[57])
		require.Equal(t, figures.Second{}, got.Series[58])
		require.Equal(t, figures.Second{Calls: 2, ServerFaults: 1, CallerFaults: 1}, got.Series[59])
		require.Equal(t, uint64(5), got.Minute.Calls)

		time.Sleep(57 * time.Second) // the last of the minute, 59.5 s
		require.Equal(t, figures.Second{Calls: 3}, look().Series[0])
		require.Equal(t, 59500*ms, look().Covered)
		time.Sleep(500 * ms)
		got = look()
		require.Equal(t, uint64(2), got.Minute.Calls, "the first calls have left the window")
		require.Equal(t, uint64(1), got.Minute.ServerFaults)
		require.Equal(t, uint64(1), got.Minute.CallerFaults)
		require.Equal(t, 59*time.Second, got.Covered)
		time.Sleep(time.Hour)
		got = look()
		require.Zero(t, got.Minute)
		require.Equal(t, uint64(5), got.Total.Calls)
		require.Equal(t, uint64(1), got.Total.ServerFaults)
		require.Equal(t, uint64(1), got.Total.CallerFaults)
		require.Equal(t, 59*time.Second, got.Covered)
	})
}

// TestSlotsAreUsedAgain makes one call a second for longer than there are slots.
func TestSlotsAreUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		for range 200 {
			after(t, s, getOp, 0, errFailed)
			time.Sleep(time.Second)
		}
		got := s.Of(getOp).Snapshot(s.Now())
		require.Equal(t, uint64(59), got.Minute.Calls, "the second that began has none")
		for place, second := range got.Series[:59] {
			require.Equal(t, figures.Second{Calls: 1, ServerFaults: 1}, second, "second %d", place)
		}
		require.Equal(t, uint64(200), got.Total.Calls)
	})
}

// TestLateEnd has a call whose end was measured over a minute before it is counted.
func TestLateEnd(t *testing.T) {
	t.Parallel()
	s := figures.New()
	o := s.Of(getOp)
	o.End(call(t, getOp, nil), 65*time.Second, 65*time.Second, errFailed)
	o.End(call(t, getOp, nil), time.Second, time.Second, errFailed) // the same slot
	got := o.Snapshot(65 * time.Second)
	require.Equal(t, uint64(2), got.Total.Calls)
	require.Equal(t, uint64(2), got.Total.ServerFaults)
	require.Equal(t, uint64(1), got.Minute.Calls)
	require.Len(t, s.Recent(), 1)
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		for n := range 100 {
			after(t, s, getOp, time.Duration(n+1)*ms, nil) // 5.05 s
		}
		got := s.Of(getOp).Snapshot(s.Now())
		for _, sum := range []figures.Sum{got.Minute, got.Total} {
			require.InEpsilon(t, 50*ms, sum.P50, 0.1)
			require.InEpsilon(t, 90*ms, sum.P90, 0.1)
			require.InEpsilon(t, 99*ms, sum.P99, 0.1)
		}
		require.InEpsilon(t, 99*ms, got.P99[11], 0.1)
		require.InEpsilon(t, 44*ms, got.P99[10], 0.2, "the first second ends with 44 ms")
		require.Zero(t, got.P99[9])
		time.Sleep(10 * time.Second)
		require.Zero(t, s.Of(getOp).Snapshot(s.Now()).P99[11])
		require.InEpsilon(t, 99*ms, s.Of(getOp).Snapshot(s.Now()).P99[9], 0.1)
	})
}

// TestSum adds up two of three operations.
func TestSum(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := figures.New()
		other := &endpoint.Operation{Service: "Profiles", Name: "List", Side: endpoint.ServerSide}
		for range 90 {
			after(t, s, getOp, 10*ms, nil)
		}
		for range 10 {
			after(t, s, other, 200*ms, errFailed)
		}
		after(t, s, askOp, time.Second, errMissing)
		s.Of(other).Begin()
		got := s.Sum(s.Now(), func(op *endpoint.Operation) bool { return op.Side == endpoint.ServerSide })
		require.Equal(t, uint64(1), got.InFlight)
		require.Equal(t, []figures.CodeCount{{Code: endpoint.OK, Calls: 90}, {Code: endpoint.Internal, Calls: 10}}, got.Codes)
		require.InEpsilon(t, 10*ms, got.Minute.P50, 0.1)
		require.InEpsilon(t, 200*ms, got.Minute.P99, 0.1)
		for _, sum := range []figures.Sum{got.Total, got.Minute} {
			require.Equal(t, [3]uint64{100, 10, 0}, [3]uint64{sum.Calls, sum.ServerFaults, sum.CallerFaults})
		}
	})
}
