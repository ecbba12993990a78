package shipping_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/booking"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/handling"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/examples/shipping/tracking"
)

const (
	legs = `{"voyage_number":"0100S","from":"SESTO","to":"CNHKG","load_time":"2030-01-03T03:04:05Z","unload_time":"2030-01-05T03:04:05Z"}`
	over = `{"voyage_number":"0200T","from":"SESTO","to":"AUMEL","load_time":"2030-01-03T03:04:05Z","unload_time":"2030-01-05T03:04:05Z"},` +
		`{"voyage_number":"0300A","from":"AUMEL","to":"CNHKG","load_time":"2030-01-06T03:04:05Z","unload_time":"2030-01-08T03:04:05Z"}`
	unrouted = `{"arrival_deadline":"2030-01-16T03:04:05Z","destination":"CNHKG","misrouted":false,"origin":"SESTO","routed":false,"tracking_id":"ABC123"}`
	other    = `{"arrival_deadline":"2030-01-09T03:04:05Z","destination":"SESTO","misrouted":false,"origin":"AUMEL","routed":false,"tracking_id":"FTL456"}`
)

// tracked returns what /tracking/v1 answers for ABC123.
func tracked(status, eta, next, events string) answer {
	return answer{200, fmt.Sprintf(`{"cargo":{"tracking_id":"ABC123","status_text":%q,"origin":"SESTO","destination":"CNHKG",`+
		`"eta":%q,"next_expected_activity":%q,"arrival_deadline":"2030-01-16T03:04:05Z","events":[%s]}}`, status, eta, next, events)}
}

// incident returns the body of an incident of ABC123 at an hour.
func incident(hour int, did, at, on string) string {
	return fmt.Sprintf(`{"completion_time":"2030-01-03T%02d:00:00Z","tracking_id":"ABC123","voyage":%q,"location":%q,"event_type":%q}`, hour, on, at, did)
}

// TestPayloads goes with a cargo through all paths of go-kit's example.
func TestPayloads(t *testing.T) {
	t.Parallel()
	const (
		abc     = "/booking/v1/cargos/ABC123"
		track   = "/tracking/v1/cargos/ABC123"
		handle  = "/handling/v1/incidents"
		nothing = "There are currently no expected activities for this cargo."
		never   = "0001-01-01T00:00:00Z"
		eta     = "2030-01-05T03:04:05Z"
		event1  = `{"description":"Received in SESTO, at 2030-01-03T01:00:00Z","expected":true}`
		event2  = `,{"description":"Cleared customs in SESTO, at 2030-01-03T02:00:00Z.","expected":true}`
		event3  = `,{"description":"Loaded onto voyage 0100S in SESTO, at 2030-01-03T03:00:00Z.","expected":true}`
		event4  = `,{"description":"Unloaded off voyage 0100S in CNHKG, at 2030-01-03T04:00:00Z.","expected":true}`
		event5  = `,{"description":"Claimed in CNHKG, at 2030-01-03T05:00:00Z.","expected":true}`
	)
	done := answer{200, `{}`}
	p := start(t)
	p.converse(t, []exchange{
		{"/booking/v1/locations", "", answer{200, `{"locations":[{"locode":"AUMEL","name":"Melbourne"},{"locode":"CNHKG","name":"Hongkong"},` +
			`{"locode":"DEHAM","name":"Hamburg"},{"locode":"JNTKO","name":"Tokyo"},{"locode":"NLRTM","name":"Rotterdam"},{"locode":"SESTO","name":"Stockholm"}]}`}},
		{"/booking/v1/cargos", "", answer{200, `{"cargos":[` + unrouted + `,` + other + `]}`}},
		{abc, "", answer{200, `{"cargo":` + unrouted + `}`}},
		{track, "", tracked("Not received", never, nothing, "")},
		{abc + "/request_routes", "", answer{200, `{"routes":[{"legs":[` + legs + `]},{"legs":[` + over + `]}]}`}},
		{abc + "/assign_to_route", `{"legs":[` + legs + `]}`, done},
		{abc, "", answer{200, strings.Replace(`{"cargo":`+unrouted+`}`, `"misrouted":false,"origin":"SESTO","routed":false`, `"legs":[`+legs+`],"misrouted":false,"origin":"SESTO","routed":true`, 1)}},
		{track, "", tracked("Not received", eta, "Next expected activity is to receive cargo in SESTO.", "")},
		{handle, incident(1, "Receive", "SESTO", ""), done},
		{track, "", tracked("In port SESTO", eta, "Next expected activity is to load cargo onto voyage 0100S in SESTO.", event1)},
		{handle, incident(2, "Customs", "SESTO", ""), done},
		{track, "", tracked("In port SESTO", eta, nothing, event1+event2)},
		{handle, incident(3, "Load", "SESTO", "0100S"), done},
		{track, "", tracked("Onboard voyage 0100S", eta, "Next expected activity is to unload cargo off of voyage 0100S in CNHKG.", event1+event2+event3)},
		{handle, incident(4, "Unload", "CNHKG", "0100S"), done},
		{track, "", tracked("In port CNHKG", eta, "Next expected activity is to claim cargo in CNHKG.", event1+event2+event3+event4)},
		{handle, incident(5, "Claim", "CNHKG", ""), done},
		{track, "", tracked("Claimed", eta, nothing, event1+event2+event3+event4+event5)},
		{abc + "/change_destination", `{"destination":"DEHAM"}`, done},
		{abc, "", answer{200, strings.NewReplacer(`"destination":"CNHKG","misrouted":false,"origin":"SESTO","routed":false`,
			`"destination":"DEHAM","legs":[`+legs+`],"misrouted":true,"origin":"SESTO","routed":true`).Replace(`{"cargo":` + unrouted + `}`)}},
	})
	require.Zero(t, p.misdirected.Load())
	require.EqualValues(t, 1, p.arrived.Load())
	booked := p.ask(t, "/booking/v1/cargos", `{"origin":"SESTO","destination":"DEHAM","arrival_deadline":"2030-02-01T01:00:00+01:00"}`)
	require.Regexp(t, `^\{"tracking_id":"[0-9A-F]{8}"\}$`, booked.body)
}

// TestClient books, handles and tracks by the typed client.
func TestClient(t *testing.T) {
	t.Parallel()
	c := start(t).client
	booked, err := c.Booking.Book(t.Context(), booking.BookRequest{Origin: "SESTO", Destination: "DEHAM", ArrivalDeadline: now})
	require.NoError(t, err)
	id := booked.TrackingID
	_, err = c.Handling.RegisterIncident(t.Context(), handling.Incident{CompletionTime: now, TrackingID: id, Location: "SESTO", EventType: "Receive"})
	require.NoError(t, err)
	got, err := c.Tracking.Track(t.Context(), tracking.ByID{ID: id})
	require.NoError(t, err)
	require.Equal(t, "In port SESTO", got.Cargo.StatusText)
	_, err = c.Tracking.Track(t.Context(), tracking.ByID{ID: "nope"})
	require.ErrorIs(t, err, cargo.ErrUnknown)
	require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err))
}

// TestMisdirectedCargo handles a cargo against its plan, on which go-kit's example panics.
func TestMisdirectedCargo(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, answer{200, `{}`}, p.ask(t, "/booking/v1/cargos/ABC123/assign_to_route", `{"legs":[`+legs+`]}`))
	require.Equal(t, answer{200, `{}`}, p.ask(t, "/handling/v1/incidents", incident(1, "Receive", "DEHAM", "")))
	require.EqualValues(t, 1, p.misdirected.Load())
	require.Equal(t, tracked("In port DEHAM", "0001-01-01T00:00:00Z", "There are currently no expected activities for this cargo.",
		`{"description":"Received in DEHAM, at 2030-01-03T01:00:00Z","expected":false}`), p.ask(t, "/tracking/v1/cargos/ABC123", ""))

	// Nothing of it stays when the cargo is back on its plan.
	require.Equal(t, answer{200, `{}`}, p.ask(t, "/handling/v1/incidents", incident(2, "Load", "SESTO", "0100S")))
	require.EqualValues(t, 1, p.misdirected.Load())
}

// TestRefused has requests that make no sense. go-kit's example answers those of a location or
// a voyage that is unknown, and those that are not JSON, with 500.
func TestRefused(t *testing.T) {
	t.Parallel()
	const abc = "/booking/v1/cargos/ABC123"
	fault := func(text, pointer, detail string) answer {
		return answer{400, fmt.Sprintf(`{"error":%q,"faults":[{"pointer":%q,"detail":%q}]}`, text, pointer, detail)}
	}
	unknown := answer{404, `{"error":"unknown cargo"}`}
	empty, notTime := "must not be empty", "must be a time"
	elsewhere := func(pointer string) answer { return fault("unknown location", pointer, "is not a known location") }
	start(t).converse(t, []exchange{
		{"/booking/v1/cargos", `{"destination":"CNHKG","arrival_deadline":"2030-01-01T00:00:00Z"}`, fault("invalid argument", "/origin", empty)},
		{"/booking/v1/cargos", `{"origin":"SESTO","arrival_deadline":"2030-01-01T00:00:00Z"}`, fault("invalid argument", "/destination", empty)},
		{"/booking/v1/cargos", `{"origin":"SESTO","destination":"CNHKG"}`, fault("invalid argument", "/arrival_deadline", notTime)},
		{"/booking/v1/cargos", `{"origin":"X","destination":"CNHKG","arrival_deadline":"2030-01-01T00:00:00Z"}`, elsewhere("/origin")},
		{"/booking/v1/cargos", `{"origin":"SESTO","destination":"X","arrival_deadline":"2030-01-01T00:00:00Z"}`, elsewhere("/destination")},
		{"/booking/v1/cargos", `{bad`, answer{400, `{"error":"invalid request","faults":[{"detail":"not valid JSON at byte 1"}]}`}},
		{"/booking/v1/cargos/nope", "", unknown},
		{"/booking/v1/cargos/nope/request_routes", "", unknown},
		{"/booking/v1/cargos/nope/assign_to_route", `{"legs":[` + legs + `]}`, unknown},
		{"/booking/v1/cargos/nope/change_destination", `{"destination":"X"}`, unknown},
		{abc + "/assign_to_route", `{"legs":[]}`, fault("invalid argument", "/legs", "must have 1 to 16 legs")},
		{abc + "/assign_to_route", `{}`, fault("invalid argument", "/legs", "must have 1 to 16 legs")},
		{abc + "/change_destination", `{}`, fault("invalid argument", "/destination", empty)},
		{abc + "/change_destination", `{"destination":"FIHEL"}`, elsewhere("/destination")},
		{abc, "", answer{200, `{"cargo":` + unrouted + `}`}}, // nothing changed it
		{"/tracking/v1/cargos/nope", "", unknown},
		{"/handling/v1/incidents", incident(1, "Receive", "FIHEL", ""), elsewhere("/location")},
		{"/handling/v1/incidents", incident(1, "Receive", "", ""), fault("invalid argument", "/location", empty)},
		{"/handling/v1/incidents", incident(1, "Load", "SESTO", "V999"), fault("unknown voyage", "/voyage", "is not a known voyage")},
		{"/handling/v1/incidents", incident(1, "Load", "SESTO", ""), fault("invalid argument", "/voyage", empty)},
		{"/handling/v1/incidents", incident(1, "Lod", "SESTO", ""), fault("invalid argument", "/event_type", "must be Receive, Load, Unload, Customs or Claim")},
		{"/handling/v1/incidents", strings.Replace(incident(1, "Receive", "SESTO", ""), "ABC123", "nope", 1), unknown},
		{"/handling/v1/incidents", strings.Replace(incident(1, "Receive", "SESTO", ""), "ABC123", "", 1), fault("invalid argument", "/tracking_id", empty)},
		{"/handling/v1/incidents", `{"tracking_id":"ABC123","location":"SESTO","event_type":"Receive"}`, fault("invalid argument", "/completion_time", notTime)},
		{"/tracking/v1/cargos/ABC123", "", tracked("Not received", "0001-01-01T00:00:00Z", "There are currently no expected activities for this cargo.", "")},
		{"/nowhere", "", answer{404, `{"error":"no such path"}`}},
		{"/handling/v1/incidents", "", answer{405, `{"error":"method not allowed"}`}},
	})
}

// TestBounds sends more than the program keeps.
func TestBounds(t *testing.T) {
	t.Parallel()
	p := start(t)
	many := strings.Repeat(legs+",", cargo.MaxLegs)
	require.Equal(t, 400, p.ask(t, "/booking/v1/cargos/ABC123/assign_to_route", `{"legs":[`+many+legs+`]}`).status)
	require.Equal(t, 413, p.ask(t, "/booking/v1/cargos/ABC123/assign_to_route", `{"legs":[`+many+many+many+many+legs+`]}`).status)
	for i := range cargo.MaxEvents {
		require.Equal(t, answer{200, `{}`}, p.ask(t, "/handling/v1/incidents", incident(i%24, "Customs", "SESTO", "")))
	}
	require.Equal(t, answer{400, `{"error":"too many handling events"}`}, p.ask(t, "/handling/v1/incidents", incident(1, "Claim", "SESTO", "")))

	for i := range store.MaxCargos - 2 {
		require.NoError(t, p.store.Add(cargo.New(cargo.TrackingID(fmt.Sprint(i)), cargo.RouteSpecification{})))
	}
	require.Equal(t, answer{507, `{"error":"no room for another cargo"}`},
		p.ask(t, "/booking/v1/cargos", `{"origin":"SESTO","destination":"DEHAM","arrival_deadline":"2030-02-01T00:00:00Z"}`))
	_, err := p.client.Booking.Book(t.Context(), booking.BookRequest{Origin: "SESTO", Destination: "DEHAM", ArrivalDeadline: now.Add(time.Hour)})
	require.ErrorIs(t, err, store.ErrFull)
}
