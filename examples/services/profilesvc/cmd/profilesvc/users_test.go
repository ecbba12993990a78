package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/examples/services/internal/issuertest"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/programtest"
)

// TestUsers runs the program for the users of an issuer.
func TestUsers(t *testing.T) {
	t.Parallel()
	issuer := issuertest.New(t)
	p := programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0", "-auth", issuer.URL)
	url := "http://" + p.Addresses(t, "HTTP")["HTTP"]
	for name, tt := range map[string]struct {
		token string
		want  error
	}{
		"a user":            {issuer.Token(t, "profilesvc", "other profiles"), nil},
		"another service's": {issuer.Token(t, "addsvc", "profiles"), endpoint.ErrUnauthenticated},
		"another issuer's":  {issuertest.New(t).Token(t, "profilesvc", "profiles"), endpoint.ErrUnauthenticated},
		"without the scope": {issuer.Token(t, "profilesvc", "profile"), endpoint.ErrScopeMissing},
	} {
		var c profilesvc.Profiles
		require.NoError(t, httpx.Client(httpx.To(url), &c, httpx.Use(profilesvc.Users.Send(auth.Static(tt.token)))))
		_, err := c.Put(t.Context(), profilesvc.PutRequest{ID: "1", Profile: profilesvc.Profile{ID: "1", Name: "Ann"}})
		require.ErrorIs(t, err, tt.want, name)
	}
	var c profilesvc.Profiles
	require.NoError(t, httpx.Client(httpx.To(url), &c))
	_, err := c.Get(t.Context(), profilesvc.ByID{ID: "1"})
	require.ErrorIs(t, err, endpoint.ErrUnauthenticated, "without a token")
	doc := programtest.Get(t, strings.TrimPrefix(url, "http://")+"/openapi.json")
	require.Regexp(t, `"security": \[\s*\{\s*"users": \[\s*"profiles"`, doc)
	p.Stop(t)
	require.Regexp(t, `operation=Profiles.Put .*enduser.id=ann`, p.Log())
	require.NotContains(t, p.Log(), issuer.Token(t, "profilesvc", "other profiles")[:30])
}
