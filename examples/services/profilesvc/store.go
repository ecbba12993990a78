package profilesvc

import (
	"context"
	"slices"
	"sync"

	"github.com/typedkit/endpoint"
)

// A Store keeps profiles in memory. Its methods are the endpoints of [Profiles].
// The zero value is empty and ready for use. It is safe for concurrent use: what
// it takes and returns are copies.
type Store struct {
	mu   sync.RWMutex // guards the field below
	byID map[string]Profile
}

// Post adds a profile that is not there yet.
func (s *Store) Post(_ context.Context, p Profile) (endpoint.Empty, error) {
	if err := p.check(); err != nil {
		return endpoint.Empty{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byID[p.ID]; ok {
		return endpoint.Empty{}, ErrAlreadyExists.With("there is a profile %q already", p.ID)
	}
	s.set(p)
	return endpoint.Empty{}, nil
}

// Get finds a profile.
func (s *Store) Get(_ context.Context, req ByID) (GetResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.get(req.ID)
	return GetResponse{p}, err
}

// Put adds a profile, or replaces the one with its id.
func (s *Store) Put(_ context.Context, req PutRequest) (endpoint.Empty, error) {
	p := req.Profile
	if p.ID == "" {
		p.ID = req.ID
	}
	if p.ID != req.ID {
		return endpoint.Empty{}, inconsistent(req.ID, p.ID)
	}
	if err := p.check(); err != nil {
		return endpoint.Empty{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(p)
	return endpoint.Empty{}, nil
}

// Patch changes what the patch has of a profile that is there.
func (s *Store) Patch(_ context.Context, req PatchRequest) (endpoint.Empty, error) {
	id := req.ID
	req.Patch.ID.Apply(&id)
	if id != req.ID {
		return endpoint.Empty{}, inconsistent(req.ID, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.get(req.ID)
	if err != nil {
		return endpoint.Empty{}, err
	}
	req.Patch.Name.Apply(&p.Name)
	req.Patch.Addresses.Apply(&p.Addresses)
	if err = p.check(); err != nil {
		return endpoint.Empty{}, err
	}
	s.set(p)
	return endpoint.Empty{}, nil
}

// Delete removes a profile.
func (s *Store) Delete(_ context.Context, req ByID) (endpoint.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.get(req.ID)
	delete(s.byID, req.ID)
	return endpoint.Empty{}, err
}

// GetAddresses lists the addresses of a profile.
func (s *Store) GetAddresses(_ context.Context, req ByID) (GetAddressesResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.get(req.ID)
	return GetAddressesResponse{p.Addresses}, err
}

// GetAddress finds one address of a profile.
func (s *Store) GetAddress(_ context.Context, req ByAddressID) (GetAddressResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, i, err := s.find(req)
	if err != nil {
		return GetAddressResponse{}, err
	}
	return GetAddressResponse{p.Addresses[i]}, nil
}

// PostAddress adds an address that the profile does not have yet.
func (s *Store) PostAddress(_ context.Context, req PostAddressRequest) (endpoint.Empty, error) {
	if err := req.Address.check(); err != nil {
		return endpoint.Empty{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.get(req.ID)
	if err != nil {
		return endpoint.Empty{}, err
	}
	if p.index(req.Address.ID) >= 0 {
		return endpoint.Empty{}, ErrAlreadyExists.With("profile %q has an address %q already", p.ID, req.Address.ID)
	}
	p.Addresses = append(p.Addresses, req.Address)
	s.set(p)
	return endpoint.Empty{}, nil
}

// DeleteAddress removes an address of a profile.
func (s *Store) DeleteAddress(_ context.Context, req ByAddressID) (endpoint.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, i, err := s.find(req)
	if err != nil {
		return endpoint.Empty{}, err
	}
	p.Addresses = slices.Delete(p.Addresses, i, i+1)
	s.set(p)
	return endpoint.Empty{}, nil
}

// get returns a copy of a profile, which may be changed. It needs s.mu.
func (s *Store) get(id string) (Profile, error) {
	p, ok := s.byID[id]
	if !ok {
		return Profile{}, ErrNotFound.With("there is no profile %q", id)
	}
	p.Addresses = slices.Clone(p.Addresses)
	return p, nil
}

// find returns a copy of a profile and the index of one of its addresses. It
// needs s.mu.
func (s *Store) find(req ByAddressID) (Profile, int, error) {
	p, err := s.get(req.ID)
	if err != nil {
		return Profile{}, 0, err
	}
	i := p.index(req.AddressID)
	if i < 0 {
		return Profile{}, 0, ErrNotFound.With("profile %q has no address %q", req.ID, req.AddressID)
	}
	return p, i, nil
}

// set stores a copy of a profile. It needs s.mu for writing.
func (s *Store) set(p Profile) {
	if s.byID == nil {
		s.byID = map[string]Profile{}
	}
	p.Addresses = slices.Clone(p.Addresses)
	s.byID[p.ID] = p
}

// index returns where the address is; -1 for nowhere.
func (p Profile) index(addressID string) int {
	return slices.IndexFunc(p.Addresses, func(a Address) bool { return a.ID == addressID })
}
