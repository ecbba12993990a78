package main

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// The messages. Libraries whose tags are others' too have types of their own,
// which convert to these.

type upperRequest struct {
	S string `json:"s"`
}

type upperResponse struct {
	V string `json:"v"`
}

// listRequest has parameters only: it is never a body.
type listRequest struct {
	User   string
	Status string
	Limit  int
}

type listResponse struct {
	User   string  `json:"user"`
	Status string  `json:"status"`
	Orders []order `json:"orders"`
}

type order struct {
	ID       int64  `json:"id"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int64  `json:"cents"`
	Paid     bool   `json:"paid"`
	Note     string `json:"note"`
}

type placeRequest struct {
	Orders []order `json:"orders"`
}

type placeResponse struct {
	Count int   `json:"count"`
	Cents int64 `json:"cents"`
}

// What the parameters are when a request does not say.
const (
	defaultStatus = "open"
	defaultLimit  = 20
)

// maxBody is how much of a body the careful handlers read, which is what httpx
// does by default.
const maxBody = 1 << 20

// The endpoints. They do next to nothing: what is around them is measured.

func upper(_ context.Context, r upperRequest) (upperResponse, error) {
	return upperResponse{V: strings.ToUpper(r.S)}, nil
}

func list(_ context.Context, r listRequest) (listResponse, error) {
	all := orders
	if r.User == writer {
		all = letters
	}
	return listResponse{User: r.User, Status: r.Status, Orders: all[:min(r.Limit, len(all))]}, nil
}

func place(_ context.Context, r placeRequest) (placeResponse, error) {
	out := placeResponse{Count: len(r.Orders)}
	for i := range r.Orders {
		out.Cents += r.Orders[i].Cents
	}
	return out, nil
}

// How many orders make an answer of 1 KB and a request of 10 KB.
const (
	ordersOf1KB  = 10
	ordersOf10KB = 106
)

// What there is to list and to place. It is read only.
var (
	orders  = makeOrders(ordersOf10KB)
	letters = []order{{ID: 800_001, SKU: "SKU-2000", Quantity: 1, Cents: 499, Note: strings.Repeat("Please leave it at the door. ", 30)}}
)

// Two users: one has all the orders, the other has one order with a long note.
const (
	buyer  = "u-1001"
	writer = "u-2002"
)

func makeOrders(n int) []order {
	all := make([]order, n)
	for i := range all {
		all[i] = order{
			ID: 700_001 + int64(i), SKU: "SKU-" + strconv.Itoa(1000+i), Quantity: 1 + i%9, Cents: 199 + 350*int64(i),
			Paid: i%3 > 0, Note: "leave at the door",
		}
	}
	return all
}

// A shape is one request and the answer that it should get.
type shape struct {
	name   string
	title  string // says more
	method string
	target string // what is asked for
	body   []byte
	check  func(body []byte) error
}

// The names of the shapes. There are two GETs, because an answer of 1 KB that has
// many short values takes more than twice as long to encode as one long text.
const (
	smallPOST = "small POST"
	listGET   = "GET of a list"
	textGET   = "GET of a text"
	largePOST = "10 KB POST"
)

func shapes() []*shape {
	get := func(name, title, user string, orders []order) *shape {
		return &shape{
			name: name, title: title, method: "GET",
			target: fmt.Sprintf("/users/%s/orders?status=paid&limit=%d", user, ordersOf1KB),
			check:  answers(listResponse{User: user, Status: "paid", Orders: orders}),
		}
	}
	return []*shape{
		{
			name: smallPOST, title: "small POST: 13 bytes in, 13 bytes out",
			method: "POST", target: "/upper",
			body: []byte(`{"s":"hello"}`), check: answers(upperResponse{V: "HELLO"}),
		},
		get(listGET, "bound GET: a path value and two parameters in, 1 KB out: a list of ten", buyer, orders[:ordersOf1KB]),
		get(textGET, "bound GET: the same in, 1 KB out: one with a long text", writer, letters),
		{
			name: largePOST, title: "10 KB POST: a list of 106 in, 28 bytes out",
			method: "POST", target: "/orders",
			body:  must(json.Marshal(placeRequest{Orders: orders})),
			check: answers(must(place(context.Background(), placeRequest{Orders: orders}))),
		},
	}
}

// isGET says that a shape has its request in the path and the query.
func (s *shape) isGET() bool { return s.method == http.MethodGet }

// must is for values that are fixed in this file.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// answers returns a check of a body that compares what it means.
func answers[T any](want T) func(body []byte) error {
	return func(body []byte) error {
		var got T
		if err := json.Unmarshal(body, &got, json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("the answer %.80q cannot be read: %w", body, err)
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("the answer is %+v, want %+v", got, want)
		}
		return nil
	}
}

// checkAnswer compares an answer with what the shape asks for.
func (s *shape) checkAnswer(status int, header http.Header, body []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("the status is %d, want 200; the body is %.200q", status, body)
	}
	if media, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || media != jsonType {
		return fmt.Errorf("the type is %q, want %s", header.Get("Content-Type"), jsonType)
	}
	return s.check(body)
}

const jsonType = "application/json"

// header is that of a request of this shape, as a client sends it.
func (s *shape) header() http.Header {
	h := http.Header{"Accept": {jsonType}, "User-Agent": {"bench"}}
	if s.body != nil {
		h.Set("Content-Type", jsonType)
	}
	return h
}

var errSum = errors.New("wrong answers")

// checkSum compares the number of bytes of n answers with n times that of the
// one that was checked.
func checkSum(sum, n, size int) error {
	if sum != n*size {
		return fmt.Errorf("%w: they have %d bytes, want %d times %d", errSum, sum, n, size)
	}
	return nil
}
