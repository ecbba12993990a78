package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// An Item is what the shop has.
type Item struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type FindItem struct {
	ID string `path:"id"`
}

type ListItems struct {
	Limit int    `query:"limit" default:"10"`
	After string `query:"after"`
}

type Items struct {
	Items []Item `json:"items"`
}

type Created struct {
	Location string `header:"Location"`
	Item     `json:",embed"`
}

var ErrSoldOut = endpoint.Define(endpoint.NotFound, "shop", "SOLD_OUT", "we have no such item")

// A Shop is a service: its fields are the implementation on a server, and the
// calls on a client.
type Shop struct {
	Get  endpoint.Endpoint[FindItem, Item]
	List endpoint.Endpoint[ListItems, Items]
	Add  endpoint.Endpoint[Item, Created]
}

// HTTP describes the service, for servers and clients alike.
func (s *Shop) HTTP(r *httpx.Routes) {
	r.GET("/items/{id}", &s.Get, httpx.Fails(ErrSoldOut))
	r.GET("/items", &s.List)
	r.POST("/items", &s.Add, httpx.Status(http.StatusCreated))
}

func newShop() *Shop {
	lamp := Item{"7", "lamp"}
	return &Shop{
		Get: func(_ context.Context, r FindItem) (Item, error) {
			if r.ID != lamp.ID {
				return Item{}, ErrSoldOut
			}
			return lamp, nil
		},
		List: func(_ context.Context, r ListItems) (Items, error) {
			return Items{[]Item{lamp}[:min(r.Limit, 1)]}, nil
		},
		Add: func(_ context.Context, item Item) (Created, error) {
			return Created{"/items/" + item.ID, item}, nil
		},
	}
}

// show sends a request to h and prints the answer.
func show(h http.Handler, method, target, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	fmt.Println(w.Code, w.Body)
}

// A service on a server, and the same struct as its client.
func Example() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, newShop()); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(httpx.Problems(mux))
	defer server.Close()

	var shop Shop
	if err := httpx.Client(httpx.To(server.URL), &shop); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	item, err := shop.Get(ctx, FindItem{"7"})
	fmt.Println(item.Name, err)
	_, err = shop.Get(ctx, FindItem{"8"})
	fmt.Println(errors.Is(err, ErrSoldOut), err)
	// Output:
	// lamp <nil>
	// true we have no such item
}

func ExampleMount() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, newShop()); err != nil {
		fmt.Println(err)
		return
	}
	show(mux, "GET", "/items/7", "")
	show(mux, "GET", "/items?limit=0", "")
	show(mux, "POST", "/items", `{"id":"8","name":"chair"}`)
	show(mux, "GET", "/items/8", "")
	// Output:
	// 200 {"id":"7","name":"lamp"}
	// 200 {"items":[]}
	// 201 {"id":"8","name":"chair"}
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"we have no such item","code":"NOT_FOUND","domain":"shop","reason":"SOLD_OUT"}
}

// All that is wrong with a service is said at once, when it is mounted.
func ExampleMount_incorrect() {
	err := httpx.Mount(http.NewServeMux(), &Strange{})
	fmt.Println(err)
	// Output:
	// httpx: Strange.Get: request: field ID: path tag "id" has no {id} in "/items"
	// httpx: Strange.Put: it is not described; describe it, or declare it absent with Omit
	// httpx: Strange.Get: the endpoint is nil; set it, or give it the option Partial
}

// Strange describes itself badly.
type Strange struct {
	Get endpoint.Endpoint[FindItem, Item]
	Put endpoint.Endpoint[Item, endpoint.Empty]
}

func (s *Strange) HTTP(r *httpx.Routes) { r.GET("/items", &s.Get) }

func ExampleClient() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL, r.Header.Get("Accept"))
		fmt.Fprint(w, `{"items":[{"id":"7","name":"lamp"}]}`)
	}))
	defer server.Close()

	var shop Shop
	if err := httpx.Client(httpx.To(server.URL), &shop); err != nil {
		fmt.Println(err)
		return
	}
	list, err := shop.List(context.Background(), ListItems{Limit: 3, After: "a&b"})
	fmt.Println(list, err)
	// Output:
	// GET /items?limit=3&after=a%26b application/json, application/problem+json
	// {[{7 lamp}]} <nil>
}

func ExampleHandler() {
	greet := func(_ context.Context, r struct {
		Name string `query:"name" required:"true"`
	},
	) (string, error) {
		return "hello " + r.Name, nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /greet", httpx.Handler(greet))
	show(mux, "GET", "/greet?name=ada", "")
	show(mux, "GET", "/greet", "")
	// Output:
	// 200 "hello ada"
	// 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"parameter":"query:name","detail":"missing"}]}
}

func ExampleProblems() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, newShop()); err != nil {
		fmt.Println(err)
		return
	}
	h := httpx.Problems(mux)
	show(h, "GET", "/nothing", "")
	show(h, "DELETE", "/items", "")
	show(h, "OPTIONS", "/items", "")
	// Output:
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"no such path","code":"UNIMPLEMENTED","domain":"endpoint","reason":"NO_ROUTE"}
	// 405 {"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"method not allowed","code":"UNIMPLEMENTED","domain":"endpoint","reason":"METHOD_NOT_ALLOWED"}
	// 204
}

func ExampleTo() {
	conn := httpx.To("https://ada:secret@example.com/api")
	defer conn.Close()
	fmt.Println(conn)
	fmt.Println(httpx.To("example.com").Err())
	// Output:
	// https://ada:xxxxx@example.com/api
	// httpx: To: the base "example.com" has no scheme: write "http://" or "https://" before it
}

func ExampleHTTPClient() {
	mine := &http.Client{Timeout: 10 * time.Second}
	conn := httpx.To("https://example.com", httpx.HTTPClient(mine))
	fmt.Println(conn.Err())
	// Output: <nil>
}

// What a problem says beyond the error's own parts is in its cause.
func ExampleProblem() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"detail":"your balance is 30, but that costs 50","balance":30}`)
	}))
	defer server.Close()
	var shop Shop
	if err := httpx.Client(httpx.To(server.URL), &shop); err != nil {
		fmt.Println(err)
		return
	}
	_, err := shop.Get(context.Background(), FindItem{"7"})
	fmt.Println(endpoint.CodeOf(err), err)
	if problem, ok := errors.AsType[*httpx.Problem](err); ok {
		fmt.Println(string(problem.Extensions))
	}
	// Output:
	// PERMISSION_DENIED your balance is 30, but that costs 50
	// {"balance":30}
}
