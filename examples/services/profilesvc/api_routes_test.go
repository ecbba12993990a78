package profilesvc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestRoutes calls each of the nine routes through the typed client.
func TestRoutes(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, url string) {
		c := dial(t, url)
		byID := profilesvc.ByID{ID: "1"}
		home := profilesvc.Address{ID: "home", Location: "Oslo"}
		work := profilesvc.Address{ID: "work", Location: "Bergen"}
		atHome, atWork := profilesvc.ByAddressID{ID: "1", AddressID: "home"}, profilesvc.ByAddressID{ID: "1", AddressID: "work"}
		ann := profilesvc.Profile{ID: "1", Name: "Ann", Addresses: []profilesvc.Address{home}}

		require.Equal(t, endpoint.Empty{}, succeed(t, c.Post, ann))
		require.Equal(t, profilesvc.GetResponse{Profile: ann}, succeed(t, c.Get, byID))

		succeed(t, c.PostAddress, profilesvc.PostAddressRequest{ID: "1", Address: work})
		require.Equal(t, []profilesvc.Address{home, work}, succeed(t, c.GetAddresses, byID).Addresses)
		require.Equal(t, work, succeed(t, c.GetAddress, atWork).Address)
		succeed(t, c.DeleteAddress, atHome)
		require.Equal(t, []profilesvc.Address{work}, succeed(t, c.GetAddresses, byID).Addresses)
		succeed(t, c.DeleteAddress, atWork)
		require.Empty(t, succeed(t, c.GetAddresses, byID).Addresses)

		patch := profilesvc.Patch{Name: codec.Some("Anna")}
		succeed(t, c.Patch, profilesvc.PatchRequest{ID: "1", Patch: patch})
		require.Equal(t, profilesvc.Profile{ID: "1", Name: "Anna"}, succeed(t, c.Get, byID).Profile)

		succeed(t, c.Put, profilesvc.PutRequest{ID: "1", Profile: ann})
		require.Equal(t, ann, succeed(t, c.Get, byID).Profile, "replaced")
		succeed(t, c.Put, profilesvc.PutRequest{ID: "2", Profile: profilesvc.Profile{Name: "Bob"}})
		require.Equal(t, profilesvc.Profile{ID: "2", Name: "Bob"}, succeed(t, c.Get, profilesvc.ByID{ID: "2"}).Profile, "created")

		succeed(t, c.Delete, byID)
		require.ErrorIs(t, fail(t, c.Get, byID), profilesvc.ErrNotFound)
	})
}

// TestIDs has ids that a path cannot hold as they are.
func TestIDs(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, url string) {
		c := dial(t, url)
		for _, id := range []string{"a b", "a/b", "..", "ü", "%2F", "?x=1", "#"} {
			p := profilesvc.Profile{ID: id, Addresses: []profilesvc.Address{{ID: id}}}
			succeed(t, c.Post, p)
			require.Equal(t, p, succeed(t, c.Get, profilesvc.ByID{ID: id}).Profile)
			succeed(t, c.DeleteAddress, profilesvc.ByAddressID{ID: id, AddressID: id})
			succeed(t, c.Delete, profilesvc.ByID{ID: id})
		}
	})
}
