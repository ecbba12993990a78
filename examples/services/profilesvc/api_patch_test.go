package profilesvc_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestPatch has each member absent, null and there, on the wire and from the
// client.
func TestPatch(t *testing.T) {
	t.Parallel()
	home, work := profilesvc.Address{ID: "home", Location: "Oslo"}, profilesvc.Address{ID: "work"}
	before := profilesvc.Profile{ID: "1", Name: "Ann", Addresses: []profilesvc.Address{home}}
	var nameNull, addressesNull profilesvc.Patch
	nameNull.Name.SetNull()
	addressesNull.Addresses.SetNull()

	for _, tt := range []struct {
		name, body string
		patch      profilesvc.Patch
		want       profilesvc.Profile
	}{
		{"nothing", `{}`, profilesvc.Patch{}, before},
		{"the id it has", `{"id":"1"}`, profilesvc.Patch{ID: codec.Some("1")}, before},
		{
			"name", `{"name":"Bob"}`,
			profilesvc.Patch{Name: codec.Some("Bob")},
			profilesvc.Profile{ID: "1", Name: "Bob", Addresses: before.Addresses},
		},
		{"name empty", `{"name":""}`, profilesvc.Patch{Name: codec.Some("")}, profilesvc.Profile{ID: "1", Addresses: before.Addresses}},
		{"name null", `{"name":null}`, nameNull, profilesvc.Profile{ID: "1", Addresses: before.Addresses}},
		{
			"addresses", `{"addresses":[{"id":"work"}]}`,
			profilesvc.Patch{Addresses: codec.Some([]profilesvc.Address{work})},
			profilesvc.Profile{ID: "1", Name: "Ann", Addresses: []profilesvc.Address{work}},
		},
		{
			"addresses empty", `{"addresses":[]}`,
			profilesvc.Patch{Addresses: codec.Some([]profilesvc.Address{})},
			profilesvc.Profile{ID: "1", Name: "Ann"},
		},
		{"addresses null", `{"addresses":null}`, addressesNull, profilesvc.Profile{ID: "1", Name: "Ann"}},
		{
			"all", `{"id":"1","name":"Bob","addresses":[{"id":"work"}]}`,
			profilesvc.Patch{ID: codec.Some("1"), Name: codec.Some("Bob"), Addresses: codec.Some([]profilesvc.Address{work})},
			profilesvc.Profile{ID: "1", Name: "Bob", Addresses: []profilesvc.Address{work}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, http.NewServeMux())
			c := dial(t, url)
			reset := func() { succeed(t, c.Put, profilesvc.PutRequest{ID: "1", Profile: before}) }
			after := func() profilesvc.Profile { return succeed(t, c.Get, profilesvc.ByID{ID: "1"}).Profile }

			reset()
			a := ask(t, "PATCH", url+"/profiles/1", tt.body)
			require.Equal(t, 200, a.status, "body %s", a.body)
			require.Equal(t, tt.want, after(), "on the wire")

			reset()
			succeed(t, c.Patch, profilesvc.PatchRequest{ID: "1", Patch: tt.patch})
			require.Equal(t, tt.want, after(), "from the client")
		})
	}
}

// TestPatchNoID asks to clear the id, which is another one than the path's.
func TestPatchNoID(t *testing.T) {
	t.Parallel()
	url := serve(t, http.NewServeMux())
	succeed(t, dial(t, url).Post, profilesvc.Profile{ID: "1"})
	a := ask(t, "PATCH", url+"/profiles/1", `{"id":null}`)
	require.Equal(t, 400, a.status)
	require.Contains(t, a.body, `"reason":"INCONSISTENT_IDS"`)
}
