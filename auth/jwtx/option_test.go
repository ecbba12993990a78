package jwtx_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/jwtx"
)

const login = "https://login.example.com"

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		issuer, audience string
		opts             []jwtx.Option
		want             string
	}{
		"no issuer":            {"", "rooms", nil, "jwtx: New: the issuer is empty"},
		"no audience":          {login, "", nil, "jwtx: New: the audience is empty; without one, tokens for other services would be accepted"},
		"an issuer, no URL":    {"login", "rooms", nil, "jwtx: New: the issuer, without the option Keys, must be an http or https URL without a user, such as https://login.example.com"},
		"another scheme":       {"ftp://a", "rooms", nil, "jwtx: New: the issuer, without the option Keys, must be an http or https URL without a user, such as https://login.example.com"},
		"keys, no URL":         {"login", "rooms", []jwtx.Option{jwtx.Keys("keys")}, "jwtx: New: Keys must be an http or https URL without a user, such as https://login.example.com"},
		"keys with a password": {login, "rooms", []jwtx.Option{jwtx.Keys("https://a:secret@b")}, "jwtx: New: Keys must be an http or https URL without a user, such as https://login.example.com"},
		"algorithm none":       {login, "rooms", []jwtx.Option{jwtx.Algorithms("none")}, `jwtx: New: Algorithms: "none" must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA`},
		"a shared secret":      {login, "rooms", []jwtx.Option{jwtx.Algorithms("RS256", "HS256")}, `jwtx: New: Algorithms: "HS256" must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA`},
		"no algorithm":         {login, "rooms", []jwtx.Option{jwtx.Algorithms()}, "jwtx: New: Algorithms must name at least one algorithm"},
		"an empty type":        {login, "rooms", []jwtx.Option{jwtx.TokenType("")}, "jwtx: New: TokenType must not be empty"},
		"times": {login, "rooms", []jwtx.Option{jwtx.Leeway(-1), jwtx.Leeway(time.Hour), jwtx.Refresh(time.Second), jwtx.Keep(0)}, "jwtx: New: Leeway must be from 0 to 5m0s, got -1ns\njwtx: New: Leeway must be from 0 to 5m0s, got 1h0m0s\n" +
			"jwtx: New: Refresh must be at least 10s, got 1s\njwtx: New: Keep must be at least Refresh, 1s, got 0s"},
		"nil": {login, "rooms", []jwtx.Option{nil, jwtx.HTTPClient(nil)}, "jwtx: New: option 0 is nil\njwtx: New: HTTPClient: the client is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, err := jwtx.New(tt.issuer, tt.audience, tt.opts...)
			require.EqualError(t, err, tt.want)
			require.Nil(t, i)
		})
	}
}

// TestNilIssuer has a layer that cannot verify be a construction error.
func TestNilIssuer(t *testing.T) {
	t.Parallel()
	users := &auth.Bearer[user]{Name: "users"}
	i, err := jwtx.New(login, "rooms")
	require.NoError(t, err)
	none := (func(context.Context, claims) (user, []string, error))(nil)
	for _, verify := range []verifier{(*jwtx.Issuer)(nil).Verify(subjectOf), i.Verify(none)} {
		_, err := endpoint.Stack{users.Verify(verify)}.Bind(&endpoint.Operation{Side: endpoint.ServerSide})
		require.ErrorContains(t, err, "auth: Verify: the scheme or the function is nil")
	}
}

// TestOptionsTaken changes what was given to New afterwards.
func TestOptionsTaken(t *testing.T) {
	t.Parallel()
	ed := newEd(t)
	i := newIssuer(t, jwk(t, "ed", ed, nil))
	names, client := []string{"EdDSA"}, *i.client
	verify := i.verifier(t, jwtx.Algorithms(names...), jwtx.HTTPClient(&client))
	names[0], client = "ES256", http.Client{Transport: panics{}}
	_, _, err := verify(t.Context(), i.token(t, "ed", ed, nil))
	require.NoError(t, err)
}
