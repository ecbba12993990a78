package routing_test

import (
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/httpx"
)

// TestPathfinder finds ways between all locations that satisfy the specification.
func TestPathfinder(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	require.NoError(t, httpx.Mount(r, routing.NewPathfinder(time.Now)))
	c, _ := client(t, r)
	codes := []location.UNLocode{"FIHEL", ""}
	for _, l := range location.All() {
		codes = append(codes, l.UNLocode)
	}
	for _, from := range codes {
		for _, to := range codes {
			rs := cargo.RouteSpecification{Origin: from, Destination: to}
			routes, err := c.Routes(t.Context(), rs)
			require.NoError(t, err)
			if from == to || len(from) == 0 || len(to) == 0 || from == "FIHEL" || to == "FIHEL" {
				require.Empty(t, routes)
				continue
			}
			require.Len(t, routes, 2)
			for _, i := range routes {
				require.True(t, rs.IsSatisfiedBy(i), "%v of %v", i, rs)
				require.True(t, i.FinalArrivalTime().After(time.Now()))
			}
		}
	}
}
