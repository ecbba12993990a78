package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
)

// TestAPIKey sends keys in each place over each transport.
func TestAPIKey(t *testing.T) {
	t.Parallel()
	for _, w := range wires() {
		for place, apps := range map[string]*auth.APIKey[user]{
			"header": {Name: "apps", Header: "X-Api-Key"},
			"query":  {Name: "apps", Query: "api key"},
			"cookie": {Name: "apps", Cookie: "key"},
		} {
			if place == "query" && w.name == "gRPC" {
				continue
			}
			t.Run(w.name+"/"+place, func(t *testing.T) {
				t.Parallel()
				server := newRooms(apps, apps.Scope("rooms:write"), principalOf(apps))
				connect := w.serve(t, server, apps.Verify(auth.Keys(map[string]user{"k1": {"one"}, "k&2=": {"two"}})))
				for key, name := range map[string]string{"k1": "one", "k&2=": "two"} {
					client := connect(apps.Send(auth.Static(key)))
					got, err := client.Save(t.Context(), room{})
					require.NoError(t, err)
					require.Equal(t, name+"/"+name, got.By)
					got, err = watch(client)(t.Context(), room{})
					require.NoError(t, err)
					require.Equal(t, name+"/"+name, got.By)
					_, err = client.Drop(t.Context(), room{})
					require.ErrorIs(t, err, endpoint.ErrScopeMissing)
				}
				_, err := connect(apps.Send(auth.Static("k3"))).Save(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
				var challenges []string
				_, err = connect(&sends{apps, nil, &challenges}).Save(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
				require.Equal(t, []string{apps.Challenge("", nil)}, challenges)
			})
		}
	}
}

// TestAPIKeyCookies reads a key among other cookies.
func TestAPIKeyCookies(t *testing.T) {
	t.Parallel()
	apps := &auth.APIKey[user]{Name: "apps", Cookie: "key"}
	for _, w := range wires() {
		server := newRooms(apps, apps.Scope("rooms:write"), principalOf(apps))
		connect := w.serve(t, server, apps.Verify(auth.Keys(map[string]user{"k1": {"one"}})))
		for line, ok := range map[string]bool{
			"key=k1":             true,
			"a=b; key=k1; c":     true,
			`a=b;key="k1"`:       true,
			"xkey=k1":            false,
			"key=":               false,
			"key=k1; key=k1":     false,
			"key=k2; other=k1":   false,
			"Key=k1":             false,
			"a=key=k1":           false,
			"key =k1; ; ;;=;= =": false,
		} {
			t.Run(w.name+"/"+line, func(t *testing.T) {
				t.Parallel()
				var challenges []string
				_, err := connect(&sends{apps, [][2]string{{"Cookie", line}}, &challenges}).Save(t.Context(), room{})
				if ok {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
			})
		}
	}
}

// TestAPIKeyFaults declares keys that are nowhere, or at two places.
func TestAPIKeyFaults(t *testing.T) {
	t.Parallel()
	for name, apps := range map[string]*auth.APIKey[user]{
		"no place":     {Name: "apps"},
		"two places":   {Name: "apps", Query: "key", Header: "key"},
		"bad header":   {Name: "apps", Header: "a b"},
		"bad cookie":   {Name: "apps", Cookie: "a;b"},
		"no name":      {Query: "key"},
		"a bad name":   {Name: "a\"", Query: "key"},
		"a nil scheme": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := new(endpoint.Operation)
			require.Error(t, op.Require(apps))
		})
	}
}
