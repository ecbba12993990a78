package oauth2x_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/auth/oauth2x"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Orders is the service of the example.
type Orders struct {
	Place endpoint.Endpoint[endpoint.Empty, string]
}

// HTTP describes it.
func (s *Orders) HTTP(r *httpx.Routes) { r.POST("/orders", &s.Place, httpx.Requires(Apps)) }

// App is a program that calls.
type App string

// Principal returns its name.
func (a App) Principal() string { return string(a) }

// Apps is the scheme that the service requires.
var Apps = &auth.Bearer[App]{Name: "apps"}

// snippet: connect

// connect fills orders with the calls of the service at url, as the client "billing" of the
// token server.
func connect(url, tokenURL string, orders *Orders) error {
	tokens, err := oauth2x.ClientCredentials(&clientcredentials.Config{
		ClientID:     "billing",
		ClientSecret: os.Getenv("BILLING_SECRET"),
		TokenURL:     tokenURL, // such as https://login.example.com/oauth2/token
		Scopes:       []string{"orders:write"},
		AuthStyle:    oauth2.AuthStyleInHeader,
	})
	return errors.Join(err, httpx.Client(httpx.To(url), orders, httpx.Use(resilience.NewRetry(3), Apps.Send(tokens))))
}

// end snippet

func ExampleClientCredentials() {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"the-token-of-%s","token_type":"bearer","expires_in":3600}`, client)
	}))
	defer login.Close()
	place := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		app, _ := Apps.From(ctx)
		return "placed by " + app.Principal(), nil
	}
	verify := auth.Keys(map[string]App{"the-token-of-billing": "billing"})
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Orders{place}, httpx.Use(Apps.Verify(verify))); err != nil {
		fmt.Println(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()

	var orders Orders
	if err := connect(server.URL, login.URL, &orders); err != nil {
		fmt.Println(err)
	}
	fmt.Println(orders.Place(context.Background(), endpoint.Empty{}))
	// Output: placed by billing <nil>
}
