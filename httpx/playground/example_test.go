package playground_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/playground"
)

// snippet: tags

type Signup struct {
	Mail string   `json:"mail" validate:"required,email"`
	Age  int      `json:"age" validate:"gte=18"`
	Tags []string `json:"tags" validate:"max=3,dive,alpha"`
}

type Users struct {
	Signup endpoint.Endpoint[Signup, endpoint.Empty]
}

func (s *Users) HTTP(r *httpx.Routes) { r.POST("/signup", &s.Signup) }

func mount(mux *http.ServeMux, svc *Users) error {
	return httpx.Mount(mux, svc, httpx.ReadTags(playground.New("validate")))
}

// end snippet

func ExampleNew() {
	fmt.Println(mount(http.NewServeMux(), &Users{
		Signup: func(context.Context, Signup) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
	}))
	// Output: <nil>
}
