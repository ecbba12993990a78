package profilesvc_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestErrors holds that each declared error has its identity in the process of
// the client.
func TestErrors(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, http.NewServeMux()))
	ann := profilesvc.Profile{ID: "1", Name: "Ann", Addresses: []profilesvc.Address{{ID: "home"}}}
	succeed(t, c.Post, ann)
	nobody := profilesvc.ByID{ID: "none"}
	nowhere, nobodys := profilesvc.ByAddressID{ID: "1", AddressID: "none"}, profilesvc.ByAddressID{ID: "none", AddressID: "home"}
	other := codec.Some("2")

	declared := []*endpoint.Error{profilesvc.ErrNotFound, profilesvc.ErrAlreadyExists, profilesvc.ErrInconsistentIDs}
	for name, tt := range map[string]struct {
		got  error
		want *endpoint.Error
		says string
	}{
		"post: duplicate": {fail(t, c.Post, ann), profilesvc.ErrAlreadyExists, `there is a profile "1" already`},
		"get: missing":    {fail(t, c.Get, nobody), profilesvc.ErrNotFound, `there is no profile "none"`},
		"put: other id": {
			fail(t, c.Put, profilesvc.PutRequest{ID: "2", Profile: ann}),
			profilesvc.ErrInconsistentIDs, `the path has the id "2", the body "1"`,
		},
		"patch: missing": {
			fail(t, c.Patch, profilesvc.PatchRequest{ID: "none"}),
			profilesvc.ErrNotFound, `there is no profile "none"`,
		},
		"patch: other id": {
			fail(t, c.Patch, profilesvc.PatchRequest{ID: "1", Patch: profilesvc.Patch{ID: other}}),
			profilesvc.ErrInconsistentIDs, `the path has the id "1", the body "2"`,
		},
		"patch: missing and other id": {
			fail(t, c.Patch, profilesvc.PatchRequest{ID: "none", Patch: profilesvc.Patch{ID: other}}),
			profilesvc.ErrInconsistentIDs, `the path has the id "none", the body "2"`,
		},
		"delete: missing":         {fail(t, c.Delete, nobody), profilesvc.ErrNotFound, `there is no profile "none"`},
		"get addresses: missing":  {fail(t, c.GetAddresses, nobody), profilesvc.ErrNotFound, `there is no profile "none"`},
		"get address: no profile": {fail(t, c.GetAddress, nobodys), profilesvc.ErrNotFound, `there is no profile "none"`},
		"get address: missing":    {fail(t, c.GetAddress, nowhere), profilesvc.ErrNotFound, `profile "1" has no address "none"`},
		"post address: no profile": {
			fail(t, c.PostAddress, profilesvc.PostAddressRequest{ID: "none", Address: profilesvc.Address{ID: "home"}}),
			profilesvc.ErrNotFound, `there is no profile "none"`,
		},
		"post address: duplicate": {
			fail(t, c.PostAddress, profilesvc.PostAddressRequest{ID: "1", Address: profilesvc.Address{ID: "home"}}),
			profilesvc.ErrAlreadyExists, `profile "1" has an address "home" already`,
		},
		"delete address: no profile": {fail(t, c.DeleteAddress, nobodys), profilesvc.ErrNotFound, `there is no profile "none"`},
		"delete address: missing":    {fail(t, c.DeleteAddress, nowhere), profilesvc.ErrNotFound, `profile "1" has no address "none"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range declared {
				if e == tt.want {
					require.ErrorIs(t, tt.got, e)
				} else {
					require.NotErrorIs(t, tt.got, e)
				}
			}
			require.Equal(t, tt.want.Code(), endpoint.CodeOf(tt.got))
			require.True(t, endpoint.ErrorOf(tt.got).Remote())
			require.EqualError(t, tt.got, tt.says)
		})
	}
	require.Equal(t, ann, succeed(t, c.Get, profilesvc.ByID{ID: "1"}).Profile, "what failed changed something")
}

// TestInvalid holds that a request which makes no sense says where.
func TestInvalid(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, http.NewServeMux()))
	succeed(t, c.Post, profilesvc.Profile{ID: "1"})
	const empty, again = "must not be empty", "is the id of another address too"
	list := []profilesvc.Address{{ID: "a"}, {ID: "a"}, {}}
	inList := []endpoint.Violation{{Pointer: "/addresses/1/id", Detail: again}, {Pointer: "/addresses/2/id", Detail: empty}}
	for name, tt := range map[string]struct {
		got  error
		want []endpoint.Violation
	}{
		"post": {
			fail(t, c.Post, profilesvc.Profile{Addresses: list}),
			append([]endpoint.Violation{{Pointer: "/id", Detail: empty}}, inList...),
		},
		"put": {fail(t, c.Put, profilesvc.PutRequest{ID: "1", Profile: profilesvc.Profile{Addresses: list}}), inList},
		"patch": {
			fail(t, c.Patch, profilesvc.PatchRequest{ID: "1", Patch: profilesvc.Patch{Addresses: codec.Some(list)}}),
			inList,
		},
		"post address": {
			fail(t, c.PostAddress, profilesvc.PostAddressRequest{ID: "1"}),
			[]endpoint.Violation{{Pointer: "/id", Detail: empty}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(tt.got))
			require.Equal(t, tt.want, endpoint.ErrorOf(tt.got).Violations())
		})
	}
	require.Equal(t, profilesvc.Profile{ID: "1"}, succeed(t, c.Get, profilesvc.ByID{ID: "1"}).Profile, "what failed changed something")
}

// TestEmptyID is an id that no path can hold: the client finds that out.
func TestEmptyID(t *testing.T) {
	t.Parallel()
	c := dial(t, "http://127.0.0.1:0")
	err := fail(t, c.Get, profilesvc.ByID{})
	require.Equal(t, endpoint.InvalidArgument, endpoint.CodeOf(err))
	require.False(t, endpoint.ErrorOf(err).Remote())
}
