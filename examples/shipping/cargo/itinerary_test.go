package cargo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	valid := plan().Legs[0]
	long, longest := valid, valid
	long.VoyageNumber = voyage.Number(strings.Repeat("V", 17))
	longest.VoyageNumber = long.VoyageNumber[1:]
	for name, tt := range map[string]struct {
		legs []cargo.Leg
		want []string
	}{
		"valid":           {plan().Legs, nil},
		"none":            {nil, []string{"/legs"}},
		"too many":        {repeat(valid, cargo.MaxLegs+1), []string{"/legs"}},
		"the most":        {repeat(valid, cargo.MaxLegs), nil},
		"empty":           {[]cargo.Leg{valid, {}}, []string{"/legs/1/voyage_number", "/legs/1/from", "/legs/1/to"}},
		"longest number":  {[]cargo.Leg{longest}, nil},
		"a long number":   {[]cargo.Leg{long}, []string{"/legs/0/voyage_number"}},
		"not a UN/LOCODE": {[]cargo.Leg{{VoyageNumber: "V", LoadLocation: "sesto", UnloadLocation: "DEHAMS"}}, []string{"/legs/0/from", "/legs/0/to"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults fault.Faults
			cargo.Itinerary{Legs: tt.legs}.Validate(&faults)
			var got []string
			for _, f := range faults {
				got = append(got, f.Pointer)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func repeat(l cargo.Leg, n int) []cargo.Leg {
	legs := make([]cargo.Leg, n)
	for i := range legs {
		legs[i] = l
	}
	return legs
}

// TestEmptyItinerary has no leg to begin or to end with.
func TestEmptyItinerary(t *testing.T) {
	t.Parallel()
	var i cargo.Itinerary
	require.Empty(t, i.InitialDepartureLocation())
	require.Empty(t, i.FinalArrivalLocation())
	require.Zero(t, i.FinalArrivalTime())
	require.False(t, cargo.RouteSpecification{}.IsSatisfiedBy(i))
}
