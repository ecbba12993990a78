// The program hello serves one endpoint over HTTP.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// Hello is the request: a parameter of the query.
type Hello struct {
	Name string `query:"name" default:"world"`
}

// Greeting is the response: a body of JSON.
type Greeting struct {
	Text string `json:"text"`
}

// Greeter is the service. A client uses the same struct.
type Greeter struct {
	Hello endpoint.Endpoint[Hello, Greeting]
}

// HTTP describes the service, for its server and its clients.
func (g *Greeter) HTTP(r *httpx.Routes) {
	r.GET("/hello", &g.Hello)
}

func hello(_ context.Context, h Hello) (Greeting, error) {
	return Greeting{"hello, " + h.Name}, nil
}

func main() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Greeter{Hello: hello}); err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "localhost:8080", Handler: httpx.Problems(mux), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
