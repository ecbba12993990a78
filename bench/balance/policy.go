package balance

import "github.com/typedkit/endpoint"

// A policy says to which replica a client's next call goes.
type policy interface {
	acquire(client int) (replica int, t endpoint.Token)
	release(client, replica int, t endpoint.Token, err error)
}

// The policies that the report speaks of by name.
const (
	byDefault = "PeakEWMA"
	prequal   = "Prequal (simulated)"
	oracle    = "oracle"
)

// policies returns the names of all that is compared.
func policies() []string {
	return []string{"RoundRobin", "Random", "Weighted", "LeastRequest", byDefault, prequal, oracle}
}

// all knows all calls of all clients and how fast each replica is at the moment,
// which no client can know: it shows what is left to be won.
type all struct{ w *world }

func (a all) acquire(int) (int, endpoint.Token) {
	best, least := 0, 0.0
	for i, r := range a.w.replicas {
		if busy := float64(r.pending()+1) / r.cores; i == 0 || busy < least {
			best, least = i, busy
		}
	}
	return best, endpoint.Token{}
}

func (all) release(int, int, endpoint.Token, error) {}
