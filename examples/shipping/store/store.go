// Package store keeps cargos in memory, for all services.
package store

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
)

// Errors of a Store.
var (
	ErrExists = endpoint.Define(endpoint.AlreadyExists, "shipping", "CARGO_EXISTS", "cargo exists")
	ErrFull   = endpoint.Define(endpoint.ResourceExhausted, "shipping", "STORE_FULL", "no room for another cargo")
)

// MaxCargos is how many cargos a Store keeps. With the limits of a cargo, that is at most
// about 10 MB.
const MaxCargos = 1000

// A Store keeps cargos. Make one with New. It is safe for concurrent use.
type Store struct {
	mu     sync.RWMutex // guards the field below
	cargos map[cargo.TrackingID]cargo.Cargo
}

// New returns a store without a cargo.
func New() *Store { return &Store{cargos: map[cargo.TrackingID]cargo.Cargo{}} }

// Seed adds the two cargos that the examples begin with.
func (s *Store) Seed(now time.Time) error {
	day := now.UTC().Truncate(time.Second).AddDate
	for id, rs := range map[cargo.TrackingID]cargo.RouteSpecification{
		"FTL456": {Origin: "AUMEL", Destination: "SESTO", ArrivalDeadline: day(0, 0, 7)},
		"ABC123": {Origin: "SESTO", Destination: "CNHKG", ArrivalDeadline: day(0, 0, 14)},
	} {
		if err := s.Add(cargo.New(id, rs)); err != nil {
			return err
		}
	}
	return nil
}

// Add adds a cargo. Its id must be new.
func (s *Store) Add(c cargo.Cargo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cargos) >= MaxCargos {
		return ErrFull
	}
	if _, ok := s.cargos[c.TrackingID]; ok {
		return ErrExists
	}
	s.cargos[c.TrackingID] = c
	return nil
}

// Find returns a cargo.
func (s *Store) Find(id cargo.TrackingID) (cargo.Cargo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.cargos[id]
	if !ok {
		return cargo.Cargo{}, cargo.ErrUnknown
	}
	return c, nil
}

// All returns all cargos in the order of their ids.
func (s *Store) All() []cargo.Cargo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]cargo.Cargo, 0, len(s.cargos))
	for _, id := range slices.Sorted(maps.Keys(s.cargos)) {
		all = append(all, s.cargos[id])
	}
	return all
}

// Change changes a cargo by f, which no other change comes between. If f returns an error,
// nothing is changed.
func (s *Store) Change(id cargo.TrackingID, f func(c *cargo.Cargo) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.cargos[id]
	if !ok {
		return cargo.ErrUnknown
	}
	if err := f(&c); err != nil {
		return err
	}
	s.cargos[id] = c
	return nil
}
