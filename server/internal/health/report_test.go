package health_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/health"
)

func fail(context.Context) error { return errDown }

// TestReport has the status of all checks, and whether they let the server be ready.
func TestReport(t *testing.T) {
	t.Parallel()
	warns, fails := health.Check{Name: "w", Warns: true, Run: fail}, health.Check{Name: "f", Run: fail}
	passes := health.Check{Name: "p", Run: pass}
	for _, tt := range []struct {
		name          string
		checks        []health.Check
		want          health.Status
		ready, allBut bool // allBut: without f
	}{
		{"none", nil, health.Pass, true, true},
		{"passes", []health.Check{passes}, health.Pass, true, true},
		{"warns", []health.Check{passes, warns}, health.Warn, true, true},
		{"fails", []health.Check{fails, warns, passes}, health.Fail, false, true},
		{"two fail", []health.Check{fails, {Name: "g", Run: fail}}, health.Fail, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, _ := start(t, nil, tt.checks...)
				synctest.Wait()
				got := r.Report()
				require.Equal(t, tt.want, got.Status)
				require.Equal(t, tt.ready, got.Ready(nil))
				require.Equal(t, tt.allBut, got.Ready(func(name string) bool { return name == "f" }))
				require.Len(t, got.Results, len(tt.checks))
			})
		})
	}
}

func TestStatusString(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]health.Status{"pass": health.Pass, "warn": health.Warn, "fail": health.Fail} {
		require.Equal(t, want, s.String())
	}
}
