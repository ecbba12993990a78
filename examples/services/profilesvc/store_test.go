package profilesvc_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestStoreCopies changes every slice that went into the store or came out of
// it, and finds the store as it was.
func TestStoreCopies(t *testing.T) {
	t.Parallel()
	byID := profilesvc.ByID{ID: "1"}
	list := func() []profilesvc.Address { return []profilesvc.Address{{ID: "a"}, {ID: "b"}} }
	for name, fill := range map[string]func(t *testing.T, s *profilesvc.Profiles, in []profilesvc.Address){
		"post": func(t *testing.T, s *profilesvc.Profiles, in []profilesvc.Address) {
			succeed(t, s.Post, profilesvc.Profile{ID: "1", Addresses: in})
		},
		"put": func(t *testing.T, s *profilesvc.Profiles, in []profilesvc.Address) {
			succeed(t, s.Put, profilesvc.PutRequest{ID: "1", Profile: profilesvc.Profile{Addresses: in}})
		},
		"patch": func(t *testing.T, s *profilesvc.Profiles, in []profilesvc.Address) {
			succeed(t, s.Post, profilesvc.Profile{ID: "1"})
			succeed(t, s.Patch, profilesvc.PatchRequest{ID: "1", Patch: profilesvc.Patch{Addresses: codec.Some(in)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := profilesvc.New(new(profilesvc.Store))
			in := list()
			fill(t, s, in)
			in[0].ID = "changed"
			succeed(t, s.Get, byID).Profile.Addresses[0].ID = "changed"
			succeed(t, s.GetAddresses, byID).Addresses[0].ID = "changed"
			require.Equal(t, list(), succeed(t, s.GetAddresses, byID).Addresses)
		})
	}
}

// TestStoreKeepsWhatWasRead adds and removes addresses while others read what
// they got before; the race detector looks on.
func TestStoreKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	s := profilesvc.New(new(profilesvc.Store))
	byID := profilesvc.ByID{ID: "1"}
	succeed(t, s.Post, profilesvc.Profile{ID: "1", Addresses: []profilesvc.Address{{ID: "a"}, {ID: "b"}, {ID: "c"}}})
	before := succeed(t, s.Get, byID).Profile
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = s.DeleteAddress(t.Context(), profilesvc.ByAddressID{ID: "1", AddressID: "a"})
		_, _ = s.PostAddress(t.Context(), profilesvc.PostAddressRequest{ID: "1", Address: profilesvc.Address{ID: "d"}})
	})
	wg.Go(func() { before.Addresses[0].Location = "written while the store is at work" })
	wg.Wait()
	require.Equal(t, []profilesvc.Address{{ID: "b"}, {ID: "c"}, {ID: "d"}}, succeed(t, s.Get, byID).Profile.Addresses)
	require.Equal(t, "c", before.Addresses[2].ID)
}
