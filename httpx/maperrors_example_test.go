package httpx_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

var ErrInUse = endpoint.Define(endpoint.AlreadyExists, "accounts", "IN_USE", "the name is in use")

// Accounts is a service whose clients know errors as {"error":"…"} since long.
type Accounts struct {
	Create endpoint.Endpoint[Account, Account]
}

type Account struct {
	Name string `json:"name"`
}

// Failure is the body of an error.
type Failure struct {
	Error string `json:"error"`
}

// failures says how an error is written, and how it is read back.
var failures = httpx.MapErrors(
	func(err *endpoint.Error) (status int, body Failure) { return 0, Failure{err.Message()} },
	func(_ int, body Failure) *endpoint.Error {
		if body.Error == ErrInUse.Message() {
			return ErrInUse
		}
		return endpoint.Errorf(endpoint.Unknown, "%s", body.Error) // with the code of the status
	},
)

func (s *Accounts) HTTP(r *httpx.Routes) {
	r.Under("", failures).POST("/accounts", &s.Create, httpx.Fails(ErrInUse))
}

func ExampleMapErrors() {
	create := func(context.Context, Account) (Account, error) { return Account{}, ErrInUse }
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Accounts{Create: create}); err != nil {
		fmt.Println(err)
		return
	}
	h := httpx.Problems(mux, failures)
	show(h, "POST", "/accounts", `{"name":"ann"}`)
	show(h, "GET", "/nowhere", "")

	server := httptest.NewServer(h)
	defer server.Close()
	var c Accounts
	if err := httpx.Client(httpx.To(server.URL), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Create(context.Background(), Account{Name: "ann"})
	fmt.Println(errors.Is(err, ErrInUse), err)
	// Output:
	// 409 {"error":"the name is in use"}
	// 404 {"error":"no such path"}
	// true the name is in use
}

func ExampleDecodeError() {
	foreign := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"fault":{"code":"E17","text":"somebody has this name"}}`)
	})
	server := httptest.NewServer(foreign)
	defer server.Close()

	decode := func(_ int, _ http.Header, body []byte) *endpoint.Error {
		var answer struct {
			Fault struct {
				Code string `json:"code"`
				Text string `json:"text"`
			} `json:"fault"`
		}
		if json.Unmarshal(body, &answer) == nil && answer.Fault.Code == "E17" {
			return ErrInUse.With("%s", answer.Fault.Text)
		}
		return nil // the code is that of the status
	}
	var c Accounts
	if err := httpx.Client(httpx.To(server.URL), &c, httpx.DecodeError(decode)); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Create(context.Background(), Account{Name: "ann"})
	fmt.Println(errors.Is(err, ErrInUse), err)
	// Output:
	// true somebody has this name
}
