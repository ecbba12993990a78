package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

var errOverlap = endpoint.Define(endpoint.Aborted, "rooms", "OVERLAP", "the room is taken at that time")

type booking struct {
	Room string `json:"room"`
}

// rooms is a service of one endpoint.
type rooms struct {
	Book endpoint.Endpoint[booking, endpoint.Empty]
}

// Describe declares what holds for Book on every transport.
func (s *rooms) Describe(f *endpoint.Facts) {
	f.Of(&s.Book, endpoint.Fails(errOverlap), endpoint.Idempotent(), endpoint.Doc("books a room"))
}

// HTTP declares how Book is served over HTTP.
func (s *rooms) HTTP(r *httpx.Routes) { r.POST("/bookings", &s.Book) }

// A service declares once what is true for all transports: layers find it in the
// Operation.
func ExampleFacts() {
	show := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		op := endpoint.CallFrom(ctx).Operation()
		fmt.Printf("%s %s\n", op.Name, op.Doc)
		fmt.Println("idempotent:", op.Idempotent)
		for _, err := range op.Fails {
			fmt.Println("fails with", err.Reason())
		}
		return ctx, nil, nil
	})
	book := func(context.Context, booking) (endpoint.Empty, error) { return endpoint.Empty{}, errOverlap }
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &rooms{Book: book}, httpx.Use(show)); err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/bookings", strings.NewReader(`{"room": "attic"}`)))
	fmt.Println(w.Code)
	// Output:
	// Book books a room
	// idempotent: true
	// fails with OVERLAP
	// 409
}
