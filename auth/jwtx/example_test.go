package jwtx_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/jwtx"
	"github.com/typedkit/endpoint/httpx"
)

// Rooms is the service of the examples.
type Rooms struct {
	Open endpoint.Endpoint[endpoint.Empty, string]
}

// HTTP describes it.
func (s *Rooms) HTTP(r *httpx.Routes) {
	r.POST("/open", &s.Open, httpx.Requires(Users.Scope("rooms:open")))
}

// Users is the scheme that the service requires.
var Users = &auth.Bearer[User]{Name: "users", Format: "JWT"}

// User is who calls.
type User struct{ ID, Tenant string }

// Principal returns the name for logs and limits.
func (u User) Principal() string { return u.ID }

// snippet: claims

// Claims are what the service reads of a token. The issuer, the audience and the times are
// verified without it.
type Claims struct {
	Subject string      `json:"sub"`
	Tenant  string      `json:"tenant"`
	Scope   jwtx.Scopes `json:"scope"`
}

// userOf returns whose a verified token is.
func userOf(_ context.Context, c Claims) (User, []string, error) {
	if c.Tenant == "" {
		return User{}, nil, errors.New("the token has no tenant") // 401
	}
	return User{ID: c.Subject, Tenant: c.Tenant}, c.Scope, nil
}

// end snippet

// snippet: mount

// mount serves the service to the users of an issuer, such as https://login.example.com.
func mount(mux *http.ServeMux, svc *Rooms, issuerURL string) error {
	issuer, err := jwtx.New(issuerURL, "rooms")
	return errors.Join(err, httpx.Mount(mux, svc, httpx.Use(Users.Verify(issuer.Verify(userOf)))))
}

// end snippet

// snippet: several

// Staff have another issuer than Users.
var Staff = &auth.Bearer[User]{Name: "staff", Format: "JWT"}

// layers verify the tokens of both, for operations that require Users, Staff or either.
func layers(users, staff string) (endpoint.Stack, error) {
	forUsers, err := jwtx.New(users, "rooms", jwtx.PassOthers(), jwtx.TokenType("at+jwt"))
	forStaff, serr := jwtx.New(staff, "rooms", jwtx.PassOthers(), jwtx.Algorithms("ES256"))
	return endpoint.Stack{
		Users.Verify(forUsers.Verify(userOf)),
		Staff.Verify(forStaff.Verify(userOf)),
	}, errors.Join(err, serr)
}

// end snippet

func ExampleIssuer() {
	public, private, _ := ed25519.GenerateKey(nil)
	mux := http.NewServeMux()
	login := httptest.NewServer(mux)
	defer login.Close()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, login.URL, login.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	})

	rooms := http.NewServeMux()
	open := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		u, _ := Users.From(ctx)
		return u.Tenant + "'s room, opened by " + u.ID, nil
	}
	if err := mount(rooms, &Rooms{open}, login.URL); err != nil {
		fmt.Println(err)
	}
	server := httptest.NewServer(rooms)
	defer server.Close()

	for _, audience := range []string{"rooms", "shop"} {
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"iss": login.URL, "aud": audience, "sub": "ann", "tenant": "acme", "scope": "rooms:open",
			"exp": time.Now().Add(time.Hour).Unix(),
		})
		token.Header["kid"] = "1"
		text, _ := token.SignedString(private)
		var c Rooms
		if err := httpx.Client(httpx.To(server.URL), &c, httpx.Use(Users.Send(auth.Static(text)))); err != nil {
			fmt.Println(err)
		}
		fmt.Println(c.Open(context.Background(), endpoint.Empty{}))
	}
	// Output:
	// acme's room, opened by ann <nil>
	//  valid credentials are required
}
