package profilesvc_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// TestCase has members in other cases, as clients of go-kit's service send them.
func TestCase(t *testing.T) {
	t.Parallel()
	url := serve(t, http.NewServeMux())
	c := dial(t, url)
	post := func(method, path, body string) {
		t.Helper()
		a := ask(t, method, url+path, body)
		require.Equal(t, 200, a.status, "%s", a.body)
	}
	post("POST", "/profiles/", `{"ID":"1","Name":"Ann","Addresses":[{"Id":"home","LOCATION":"Oslo"}]}`)
	post("POST", "/profiles/1/addresses/", `{"ID":"work"}`)
	post("PUT", "/profiles/2", `{"NAME":"Bob"}`)
	post("PATCH", "/profiles/2", `{"Name":"Bo","aDDRESSES":[{"ID":"x"}]}`)
	require.Equal(t, profilesvc.Profile{ID: "1", Name: "Ann", Addresses: []profilesvc.Address{{ID: "home", Location: "Oslo"}, {ID: "work"}}},
		succeed(t, c.Get, profilesvc.ByID{ID: "1"}).Profile)
	require.Equal(t, profilesvc.Profile{ID: "2", Name: "Bo", Addresses: []profilesvc.Address{{ID: "x"}}},
		succeed(t, c.Get, profilesvc.ByID{ID: "2"}).Profile)
	require.Error(t, fail(t, c.Patch, profilesvc.PatchRequest{ID: "2", Patch: profilesvc.Patch{ID: codec.Some("3")}}))
}
