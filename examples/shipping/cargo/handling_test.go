package cargo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
)

// TestHistory has events registered in another order than they were completed. Copies of the
// cargo stay as they were.
func TestHistory(t *testing.T) {
	t.Parallel()
	c := newCargo()
	for _, step := range []struct {
		did  cargo.HandlingActivity
		hour int
		want string
	}{
		{activity(cargo.Load, "SESTO", "V400"), 3, "Load"},
		{activity(cargo.Customs, "SESTO", ""), 2, "Customs Load"},
		{activity(cargo.Unload, "DEHAM", "V400"), 3, "Customs Load Unload"}, // at the same hour, registered later
		{activity(cargo.Receive, "SESTO", ""), 1, "Receive Customs Load Unload"},
		{activity(cargo.Customs, "SESTO", ""), 1, "Receive Customs Customs Load Unload"},
		{activity(cargo.Receive, "SESTO", ""), 0, "Receive Receive Customs Customs Load Unload"},
	} {
		before, text := c, types(c.History)
		e := cargo.HandlingEvent{Activity: step.did, Completed: noon.Add(time.Duration(step.hour) * time.Hour)}
		require.NoError(t, c.Handle(e))
		require.Equal(t, step.want, types(c.History))
		require.Equal(t, text, types(before.History), "the copy before %s", step.want)
	}
	require.Equal(t, cargo.Unload, c.Delivery().LastEvent.Activity.Type)
}

// types returns the types of events as one text.
func types(h cargo.History) string {
	var all []string
	for _, e := range h {
		all = append(all, e.Activity.Type.String())
	}
	return strings.Join(all, " ")
}

func TestTooManyEvents(t *testing.T) {
	t.Parallel()
	c := newCargo()
	for range cargo.MaxEvents {
		require.NoError(t, c.Handle(cargo.HandlingEvent{}))
	}
	require.ErrorIs(t, c.Handle(cargo.HandlingEvent{}), cargo.ErrTooManyEvents)
	require.Len(t, c.History, cargo.MaxEvents)
}

func TestParseEventType(t *testing.T) {
	t.Parallel()
	for _, want := range []cargo.HandlingEventType{cargo.Load, cargo.Unload, cargo.Receive, cargo.Claim, cargo.Customs} {
		require.Equal(t, want, cargo.ParseEventType(want.String()), want)
	}
	for _, name := range []string{"", "load", "Not Handled", "Lod"} {
		require.Equal(t, cargo.NotHandled, cargo.ParseEventType(name), name)
	}
}

func TestNeedsVoyage(t *testing.T) {
	t.Parallel()
	for did, want := range map[cargo.HandlingEventType]bool{
		cargo.Load: true, cargo.Unload: true, cargo.NotHandled: false, cargo.Receive: false, cargo.Claim: false, cargo.Customs: false,
	} {
		require.Equal(t, want, did.NeedsVoyage(), did)
	}
}
