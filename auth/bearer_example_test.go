package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
)

// staff is the scheme that both ends of desk share.
var staff = &auth.Bearer[user]{Name: "staff"}

type desk struct {
	Open endpoint.Endpoint[endpoint.Empty, string]
}

func (d *desk) HTTP(r *httpx.Routes) {
	r.POST("/open", &d.Open, httpx.Requires(staff.Scope("desk:open")))
}

func ExampleBearer() {
	open := func(ctx context.Context, _ endpoint.Empty) (string, error) {
		u, _ := staff.From(ctx)
		return "opened by " + u.name, nil
	}
	verify := func(_ context.Context, token string) (user, []string, error) {
		if !auth.Equal(token, "secret") {
			return user{}, nil, errors.New("no such token")
		}
		return user{"ann"}, []string{"desk:open"}, nil
	}
	mux := http.NewServeMux()
	fmt.Println(httpx.Mount(mux, &desk{open}))
	fmt.Println(httpx.Mount(mux, &desk{open}, httpx.Use(staff.Verify(verify))))
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, token := range []string{"secret", "guess"} {
		var c desk
		if err := httpx.Client(httpx.To(server.URL), &c, httpx.Use(staff.Send(auth.Static(token)))); err != nil {
			fmt.Println(err)
		}
		fmt.Println(c.Open(context.Background(), endpoint.Empty{}))
	}
	// Output:
	// httpx: desk.Open: option Use: endpoint: it requires staff, which no layer verifies; give Use the layer staff.Verify(…)
	// <nil>
	// opened by ann <nil>
	//  valid credentials are required
}
