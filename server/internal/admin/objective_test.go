package admin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/server/internal/admin"
)

// TestPromises has objectives with one part and with both, and one that burns.
func TestPromises(t *testing.T) {
	t.Parallel()
	both := observe.Objective{Availability: 0.9, Latency: time.Second, LatencyRatio: 0.5}
	available, fast := both, both
	available.Latency, available.LatencyRatio, fast.Availability = 0, 0, 0
	for name, tt := range map[string]struct {
		objective observe.Objective
		err       error // of all calls
		parts     []string
		alert     bool
	}{
		"both":              {both, nil, []string{"availability", "latency"}, false},
		"availability only": {available, nil, []string{"availability"}, false},
		"latency only":      {fast, nil, []string{"latency"}, false},
		"burning":           {observe.Objective{Availability: 0.999}, errSecret, []string{"availability"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slo := observe.NewSLO(tt.objective)
			src := newSource()
			src.Objectives = slo.Status
			layer := slo.For(getOp)
			ctx, _, err := endpoint.StartCall(t.Context(), getOp, endpoint.Header{}, endpoint.Header{})
			require.NoError(t, err)
			ctx, token, err := layer.Enter(ctx)
			require.NoError(t, err)
			_ = layer.Exit(ctx, token, tt.err)

			s, _ := watch(t, listen(t, handler(t, src)))
			got := next(t, s.body).Promises
			var parts []string
			for _, p := range got {
				parts = append(parts, p.Part)
				require.Equal(t, tt.alert, p.Alert)
				require.Len(t, p.Burn, 3)
				require.InDelta(t, 3600, p.Burn[0].Seconds, 0)
				require.InDelta(t, 14.4, p.Burn[0].Factor, 0)
				require.Equal(t, "server", p.Side)
			}
			require.Equal(t, tt.parts, parts)
			if tt.err != nil {
				require.Equal(t, admin.Promise{
					Operation: "Profiles.Get", Side: "server", Transport: "http", Part: "availability",
					Ratio: tt.objective.Availability, Calls: 1, Bad: 1, Burn: got[0].Burn, Alert: tt.alert,
				}, got[0])
			}
		})
	}
}
