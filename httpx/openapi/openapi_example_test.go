package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
)

// Room is a request.
type Room struct {
	Name  string `json:"name" required:"true" minLength:"1" doc:"shown to guests"`
	Seats int    `json:"seats" minimum:"1" default:"2"`
}

// Rooms is a service.
type Rooms struct {
	Add endpoint.Endpoint[Room, endpoint.Empty]
}

// HTTP describes it.
func (s *Rooms) HTTP(r *httpx.Routes) { r.POST("/rooms", &s.Add) }

// Describe has the facts.
func (s *Rooms) Describe(f *endpoint.Facts) { f.Of(&s.Add, endpoint.Doc("adds a room")) }

func ExampleNew() {
	doc := openapi.New("bookings", "1.0", new(Rooms))
	r := chi.NewRouter()
	r.Mount("/", doc.Handler())

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	_, components, _ := strings.Cut(w.Body.String(), "components:\n")
	_, room, _ := strings.Cut(components, "    Room:\n")
	fmt.Print(room)
	// Output:
	//       type: object
	//       properties:
	//         name:
	//           type: string
	//           minLength: 1
	//           description: shown to guests
	//         seats:
	//           type: integer
	//           format: int64
	//           minimum: 1
	//           default: 2
	//       required:
	//         - name
	//       additionalProperties: false
}
