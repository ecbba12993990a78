package tracking

import (
	"fmt"
	"strings"
	"time"

	"github.com/typedkit/endpoint/examples/shipping/cargo"
)

// statusText says where a cargo is.
func statusText(d cargo.Delivery) string {
	switch d.TransportStatus {
	case cargo.NotReceived:
		return "Not received"
	case cargo.InPort:
		return fmt.Sprintf("In port %s", d.LastKnownLocation)
	case cargo.OnboardCarrier:
		return fmt.Sprintf("Onboard voyage %s", d.CurrentVoyage)
	case cargo.Claimed:
		return "Claimed"
	}
	return "Unknown"
}

// activityText says what should be done next.
func activityText(a cargo.HandlingActivity) string {
	verb := strings.ToLower(a.Type.String())
	switch a.Type {
	case cargo.NotHandled:
		return "There are currently no expected activities for this cargo."
	case cargo.Load:
		return fmt.Sprintf("Next expected activity is to %s cargo onto voyage %s in %s.", verb, a.VoyageNumber, a.Location)
	case cargo.Unload:
		return fmt.Sprintf("Next expected activity is to %s cargo off of voyage %s in %s.", verb, a.VoyageNumber, a.Location)
	case cargo.Receive, cargo.Claim, cargo.Customs:
	}
	return fmt.Sprintf("Next expected activity is to %s cargo in %s.", verb, a.Location)
}

// eventText says what was done, and when.
func eventText(e cargo.HandlingEvent) string {
	at, a := e.Completed.Format(time.RFC3339), e.Activity
	switch a.Type {
	case cargo.Receive:
		return fmt.Sprintf("Received in %s, at %s", a.Location, at)
	case cargo.Load:
		return fmt.Sprintf("Loaded onto voyage %s in %s, at %s.", a.VoyageNumber, a.Location, at)
	case cargo.Unload:
		return fmt.Sprintf("Unloaded off voyage %s in %s, at %s.", a.VoyageNumber, a.Location, at)
	case cargo.Claim:
		return fmt.Sprintf("Claimed in %s, at %s.", a.Location, at)
	case cargo.Customs:
		return fmt.Sprintf("Cleared customs in %s, at %s.", a.Location, at)
	case cargo.NotHandled:
	}
	return "Cargo has not yet been received."
}
