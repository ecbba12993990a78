package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
)

// TestBasic sends names and passwords over each transport.
func TestBasic(t *testing.T) {
	t.Parallel()
	const challenge = `Basic realm="staff", charset="UTF-8"`
	known := map[string]string{"ann": "a:b:c", "żółw": "Zażółć 🐢", "": "nameless"}
	in64 := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, w := range wires() {
		staff := &auth.Basic[user]{Name: "staff"}
		server := newRooms(staff, staff.Scope("rooms:write"), principalOf(staff))
		connect := w.serve(t, server, staff.Verify(func(_ context.Context, name, password string) (user, []string, error) {
			want, ok := known[name] // "" for a name that is not known
			if !auth.Equal(password, want) || !ok && name != "unset" {
				return user{}, nil, errors.New("wrong")
			}
			return user{name}, nil, nil
		}))
		for name, password := range known {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				client := connect(staff.Send(name, password))
				got, err := client.Save(t.Context(), room{})
				require.NoError(t, err)
				require.Equal(t, name+"/"+name, got.By)
				_, err = client.Drop(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrScopeMissing)
				_, err = connect(staff.Send(name, password+"x")).Save(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
			})
		}
		for name, value := range map[string]string{
			"missing":           "",
			"empty":             "Basic",
			"not base64":        "Basic ann:a",
			"unpadded":          "Basic YW5uOmE6Yjpj=",
			"no colon":          in64("ann"),
			"secret not set":    in64("unset:"),
			"not UTF-8":         in64("ann:\xff"),
			"control character": in64("ann:a:b:c\n"),
			"another scheme":    "Bearer ann",
		} {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				var headers [][2]string
				if value != "" {
					headers = append(headers, [2]string{"Authorization", value})
				}
				var challenges []string
				_, err := connect(&sends{staff, headers, &challenges}).Save(t.Context(), room{})
				require.ErrorIs(t, err, endpoint.ErrUnauthenticated)
				require.Equal(t, []string{challenge}, challenges)
			})
		}
	}
}

// TestBasicSendFaults sends what no header can carry.
func TestBasicSendFaults(t *testing.T) {
	t.Parallel()
	staff := &auth.Basic[user]{Name: "staff"}
	for _, l := range []endpoint.Layer{staff.Send("a:b", "c"), staff.Send("a", "b\n"), staff.Send("a\xff", "b")} {
		_, err := endpoint.Stack{l}.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
		require.ErrorContains(t, err, "auth: Basic: Send")
		require.NotContains(t, err.Error(), "a:b")
	}
}
