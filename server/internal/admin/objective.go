package admin

import (
	"time"

	"github.com/typedkit/endpoint/observe"
)

// A Promise is how one part of an objective is kept.
type Promise struct {
	Operation string `json:"operation"`
	Side      string `json:"side,omitzero"`
	Transport string `json:"transport,omitzero"`
	// Part is "availability" or "latency", Limit the latency that was promised.
	Part  string  `json:"part"`
	Limit float64 `json:"limitSeconds,omitzero"`
	// Ratio was promised, Good is what was measured since the start.
	Ratio float64 `json:"ratio"`
	Good  float64 `json:"good"`
	Calls uint64  `json:"calls"`
	Bad   uint64  `json:"bad"`
	Burn  []Burn  `json:"burn"`
	// Alert reports whether the budget burns so fast that an alert is due.
	Alert bool `json:"alert"`
}

// A Burn is how fast the budget burns over a window: 1 is as fast as uses it up just at
// the end of its period.
type Burn struct {
	Seconds float64 `json:"windowSeconds"`
	Rate    float64 `json:"rate"`
	Factor  float64 `json:"alertFactor"`
}

// promises returns the parts of all objectives, in the order of the statuses.
func promises(statuses []observe.SLOStatus) []Promise {
	all := []Promise{}
	for _, st := range statuses {
		if st.Availability.Objective > 0 {
			all = append(all, promise(st, "availability", st.Availability, 0))
		}
		if st.Latency.Objective > 0 {
			all = append(all, promise(st, "latency", st.Latency, st.Objective.Latency))
		}
	}
	return all
}

func promise(st observe.SLOStatus, part string, i observe.SLI, limit time.Duration) Promise {
	p := Promise{
		Operation: nameOf(st.Operation), Side: st.Operation.Side.String(), Transport: st.Operation.Transport,
		Part: part, Limit: limit.Seconds(), Ratio: i.Objective, Good: i.Good(), Calls: i.Total, Bad: i.Bad, Burn: []Burn{},
	}
	for _, b := range i.Burn {
		p.Burn = append(p.Burn, Burn{b.Long.Seconds(), b.LongRate, b.Factor})
	}
	_, p.Alert = i.Alert()
	return p
}
