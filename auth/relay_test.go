package auth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
)

// TestRelay calls servers through gateways, which relay tokens.
func TestRelay(t *testing.T) {
	t.Parallel()
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			users := newUsers()
			scope := users.Scope("rooms:write")
			server := newRooms(users, scope, principalOf(users))
			gateway := w.serve(t, server, users.Verify(verifyUser))(users.Relay())
			for name, tt := range map[string]struct {
				send endpoint.Layer
				drop error // of an operation with a scope
			}{
				"ann": {users.Send(auth.Static("ann")), nil},
				"bob": {users.Send(auth.Static("bob")), endpoint.ErrScopeMissing},
			} {
				client := w.serve(t, gateway, users.Relay())(tt.send)
				got, err := client.Save(t.Context(), room{})
				require.NoError(t, err)
				require.Equal(t, name+"/"+name, got.By)
				got, err = watch(client)(t.Context(), room{})
				require.NoError(t, err)
				require.Equal(t, name+"/"+name, got.By)
				_, err = client.Drop(t.Context(), room{})
				if tt.drop == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, tt.drop)
					require.Equal(t, "missing scope: rooms:write", endpoint.ErrorOf(err).Message())
				}
			}
			served := server.served.Load()
			for _, headers := range [][][2]string{nil, {{"Authorization", "Bearer eve"}}, {{"Authorization", "Bearer a b"}}, {{"Authorization", "Bearer ann"}, {"Authorization", "Bearer bob"}}} {
				var challenges []string
				_, err := w.serve(t, gateway, users.Relay())(&sends{users, headers, &challenges}).Save(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
				require.NotEmpty(t, challenges)
			}
			require.Equal(t, served, server.served.Load())
		})
	}
}

// TestRelayTakesAndPasses has a gateway whose client passes credentials on. It passes on what
// its server has taken, and nothing else: what nobody looked at may be anybody's, and calls
// that share work would be told apart by less than what they send.
func TestRelayTakesAndPasses(t *testing.T) {
	t.Parallel()
	users, apps := newUsers(), &auth.APIKey[user]{Name: "apps", Header: "X-Api-Key"}
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			backend := w.serve(t, newRooms(users, users.Scope("rooms:write"), principal), users.Verify(verifyUser))(users.Relay())
			gateway := newRooms(apps, apps.Needs(), principal)
			gateway.Save = backend.Save
			check := func(_ context.Context, key string) (user, []string, error) { return user{key}, nil, nil }
			ask := func(layers ...endpoint.Layer) error {
				connect := w.serve(t, gateway, layers...)
				_, err := connect(apps.Send(auth.Static("billing"))).Save(endpoint.WithHeader(t.Context(), "Authorization", "Bearer ann"), room{})
				return err
			}
			require.Error(t, ask(apps.Verify(check)), "the gateway's server takes no token of users")
			require.NoError(t, ask(apps.Verify(check), users.Relay()))
		})
	}
}
