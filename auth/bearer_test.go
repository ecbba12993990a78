package auth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestBearer sends every kind of credentials over each transport.
func TestBearer(t *testing.T) {
	t.Parallel()
	const plain, invalid = `Bearer realm="users"`, `Bearer realm="users", error="invalid_token"`
	header := func(values ...string) (all [][2]string) {
		for _, v := range values {
			all = append(all, [2]string{"Authorization", v})
		}
		return all
	}
	for _, w := range wires() {
		for _, tt := range []struct {
			name      string
			headers   [][2]string
			call      func(r *rooms) endpoint.Endpoint[room, saved] // by default Save
			want      string
			err       *endpoint.Error
			code      endpoint.Code
			challenge []string
		}{
			{name: "valid", headers: header("Bearer ann"), want: "ann/ann"},
			{name: "another case and spaces", headers: header("bEARER   ann"), want: "ann/ann"},
			{name: "missing", err: endpoint.ErrUnauthenticated, challenge: []string{plain}},
			{name: "another scheme", headers: header("Basic YTpi"), err: endpoint.ErrUnauthenticated, challenge: []string{plain}},
			{name: "a longer scheme", headers: header("Bearerann"), err: endpoint.ErrUnauthenticated, challenge: []string{plain}},
			{name: "empty", headers: header("Bearer"), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "blank", headers: header("Bearer  "), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "malformed", headers: header("Bearer a b"), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "a list", headers: header("Bearer ann,Bearer bob"), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "doubled", headers: header("Bearer ann", "Bearer ann"), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "unknown", headers: header("Bearer eve"), err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "issuer down", headers: header("Bearer down"), code: endpoint.Unavailable},
			{name: "with the scope", headers: header("Bearer ann"), call: func(r *rooms) endpoint.Endpoint[room, saved] { return r.Drop }, want: "ann/ann"},
			{
				name: "without the scope", headers: header("Bearer bob"), call: func(r *rooms) endpoint.Endpoint[room, saved] { return r.Drop },
				err: endpoint.ErrScopeMissing, challenge: []string{`Bearer realm="users", error="insufficient_scope", scope="rooms:write"`},
			},
			{name: "public, nobody", call: func(r *rooms) endpoint.Endpoint[room, saved] { return r.Open }, want: "nobody/"},
			{name: "public, somebody", headers: header("Bearer bob"), call: func(r *rooms) endpoint.Endpoint[room, saved] { return r.Open }, want: "bob/bob"},
			{name: "public, wrong", headers: header("Bearer eve"), call: func(r *rooms) endpoint.Endpoint[room, saved] { return r.Open }, err: endpoint.ErrUnauthenticated, challenge: []string{invalid}},
			{name: "a stream", headers: header("Bearer ann"), call: watch, want: "ann/ann"},
			{name: "a stream, missing", call: watch, err: endpoint.ErrUnauthenticated, challenge: []string{plain}},
		} {
			t.Run(w.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				users := newUsers()
				server := newRooms(users, users.Scope("rooms:write"), func(ctx context.Context) string {
					u, ok := users.From(ctx)
					if !ok {
						return "nobody"
					}
					return u.name
				})
				connect := w.serve(t, server, users.Verify(verifyUser))
				var challenges []string
				client := connect(&sends{users, tt.headers, &challenges})
				call := client.Save
				if tt.call != nil {
					call = tt.call(client)
				}
				got, err := call(t.Context(), room{"a"})
				if tt.err == nil && tt.code == endpoint.OK {
					require.NoError(t, err)
					require.Equal(t, saved{By: tt.want}, got)
					return
				}
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
					tt.code = tt.err.Code()
				}
				require.Equal(t, tt.code, endpoint.CodeOf(err))
				require.Equal(t, tt.challenge, challenges)
				require.Zero(t, server.served.Load(), "the handler was reached")
				if tt.err == endpoint.ErrScopeMissing {
					require.Equal(t, "missing scope: rooms:write", endpoint.ErrorOf(err).Message())
					require.Equal(t, "rooms:write", endpoint.ErrorOf(err).Meta()["scope"])
				}
			})
		}
	}
}

// watch calls the stream and returns its only item.
func watch(r *rooms) endpoint.Endpoint[room, saved] {
	return func(ctx context.Context, req room) (last saved, err error) {
		items, err := r.Watch(ctx, req)
		if err != nil {
			return last, err
		}
		for item, err := range items {
			if err != nil {
				return last, err
			}
			last = item
		}
		return last, nil
	}
}
