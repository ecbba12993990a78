package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestReadme runs the commands of the README: it builds the programs, starts them, makes the
// requests, and stops the routing service.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := programtest.NewShell(t)
	for _, c := range programtest.Commands(t, "../../README.md", "Run it") {
		if c.Args[0] == "kill" {
			require.Equal(t, []string{"kill", "%1"}, c.Args)
			s.Processes[0].Stop(t)
			continue
		}
		s.Run(t, c)
	}
	require.Equal(t, 16, s.Requests)
	require.Len(t, s.Processes, 2)
	log := s.Processes[1].Log()
	for _, operation := range []string{
		"Booking.Locations", "Booking.List", "Booking.Book", "Booking.RequestRoutes", "Booking.AssignToRoute",
		"Booking.Load", "Handling.RegisterIncident", "Tracking.Track", "Booking.ChangeDestination",
	} {
		require.Regexp(t, "operation="+operation+" .*code=OK", log, "the README does not show the operation")
	}
	require.Contains(t, log, `msg="cargo misdirected" tracking_id=ABC123`)
	s.Processes[1].Stop(t)
}
