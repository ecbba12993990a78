package cargo_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// plan leads from Stockholm over Hamburg and Rotterdam to Hongkong.
func plan() cargo.Itinerary {
	return cargo.Itinerary{Legs: []cargo.Leg{
		{VoyageNumber: "V400", LoadLocation: "SESTO", UnloadLocation: "DEHAM", UnloadTime: noon},
		{VoyageNumber: "V300", LoadLocation: "DEHAM", UnloadLocation: "NLRTM", UnloadTime: noon},
		{VoyageNumber: "V100", LoadLocation: "NLRTM", UnloadLocation: "CNHKG", UnloadTime: noon.AddDate(0, 0, 9)},
	}}
}

// newCargo returns a cargo from Stockholm to Hongkong that follows plan.
func newCargo() cargo.Cargo {
	c := cargo.New("X", cargo.RouteSpecification{Origin: "SESTO", Destination: "CNHKG", ArrivalDeadline: noon})
	c.AssignToRoute(plan())
	return c
}

func activity(t cargo.HandlingEventType, at location.UNLocode, on voyage.Number) cargo.HandlingActivity {
	return cargo.HandlingActivity{Type: t, Location: at, VoyageNumber: on}
}

// TestDelivery goes with a cargo from its origin to its destination.
func TestDelivery(t *testing.T) {
	t.Parallel()
	c := newCargo()
	d := c.Delivery()
	require.Equal(t, cargo.NotReceived, d.TransportStatus)
	require.Equal(t, cargo.Routed, d.RoutingStatus)
	require.Equal(t, activity(cargo.Receive, "SESTO", ""), d.NextExpectedActivity)
	require.Equal(t, noon.AddDate(0, 0, 9), d.ETA)

	type expected = cargo.HandlingActivity
	for i, step := range []struct {
		did    cargo.HandlingActivity
		status cargo.TransportStatus
		voyage voyage.Number
		next   expected
	}{
		{activity(cargo.Receive, "SESTO", ""), cargo.InPort, "", activity(cargo.Load, "SESTO", "V400")},
		{activity(cargo.Load, "SESTO", "V400"), cargo.OnboardCarrier, "V400", activity(cargo.Unload, "DEHAM", "V400")},
		{activity(cargo.Unload, "DEHAM", "V400"), cargo.InPort, "", activity(cargo.Load, "DEHAM", "V300")},
		{activity(cargo.Load, "DEHAM", "V300"), cargo.OnboardCarrier, "V300", activity(cargo.Unload, "NLRTM", "V300")},
		{activity(cargo.Unload, "NLRTM", "V300"), cargo.InPort, "", activity(cargo.Load, "NLRTM", "V100")},
		{activity(cargo.Customs, "NLRTM", ""), cargo.InPort, "", expected{}},
		{activity(cargo.Load, "NLRTM", "V100"), cargo.OnboardCarrier, "V100", activity(cargo.Unload, "CNHKG", "V100")},
		{activity(cargo.Unload, "CNHKG", "V100"), cargo.InPort, "", activity(cargo.Claim, "CNHKG", "")},
		{activity(cargo.Claim, "CNHKG", ""), cargo.Claimed, "", expected{}},
	} {
		e := cargo.HandlingEvent{TrackingID: "X", Activity: step.did, Completed: noon.Add(time.Duration(i) * time.Hour)}
		require.NoError(t, c.Handle(e))
		d := c.Delivery()
		require.Equal(t, e, d.LastEvent)
		require.Equal(t, step.status, d.TransportStatus, "after %v", step.did)
		require.Equal(t, step.voyage, d.CurrentVoyage, "after %v", step.did)
		require.Equal(t, step.did.Location, d.LastKnownLocation)
		require.Equal(t, step.next, d.NextExpectedActivity, "after %v", step.did)
		require.Equal(t, step.did == activity(cargo.Unload, "CNHKG", "V100"), d.IsUnloadedAtDestination, "after %v", step.did)
		require.False(t, d.IsMisdirected, "after %v", step.did)
		require.True(t, d.IsOnTrack())
	}
}

// TestMisdirected does what is not planned.
func TestMisdirected(t *testing.T) {
	t.Parallel()
	for name, did := range map[string]cargo.HandlingActivity{
		"received elsewhere":         activity(cargo.Receive, "DEHAM", ""),
		"loaded elsewhere":           activity(cargo.Load, "AUMEL", "V400"),
		"loaded onto another":        activity(cargo.Load, "SESTO", "V300"),
		"unloaded elsewhere":         activity(cargo.Unload, "AUMEL", "V400"),
		"unloaded where it begins":   activity(cargo.Unload, "SESTO", "V400"),
		"unloaded off another":       activity(cargo.Unload, "DEHAM", "V300"),
		"claimed on the way":         activity(cargo.Claim, "DEHAM", ""),
		"claimed where it came from": activity(cargo.Claim, "SESTO", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCargo()
			require.NoError(t, c.Handle(cargo.HandlingEvent{Activity: did, Completed: noon}))
			d := c.Delivery()
			require.True(t, d.IsMisdirected)
			require.False(t, d.IsOnTrack())
			require.Zero(t, d.ETA)
			require.Zero(t, d.NextExpectedActivity)

			c.AssignToRoute(cargo.Itinerary{})
			require.False(t, c.Delivery().IsMisdirected, "without a plan")
		})
	}
}

// TestRoutingStatus changes the specification and the plan.
func TestRoutingStatus(t *testing.T) {
	t.Parallel()
	c := newCargo()
	c.SpecifyNewRoute(cargo.RouteSpecification{Origin: "SESTO", Destination: "DEHAM"})
	d := c.Delivery()
	require.Equal(t, cargo.Misrouted, d.RoutingStatus)
	require.Zero(t, d.ETA)
	require.Zero(t, d.NextExpectedActivity)

	c.AssignToRoute(cargo.Itinerary{Legs: plan().Legs[:1]})
	require.Equal(t, cargo.Routed, c.Delivery().RoutingStatus)
	c.AssignToRoute(cargo.Itinerary{})
	require.Equal(t, cargo.NotRouted, c.Delivery().RoutingStatus)
	require.Equal(t, location.UNLocode("SESTO"), c.Origin)
}
