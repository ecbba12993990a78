// The program hello serves one endpoint over HTTP.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
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
	s, mux := server.New("hello"), http.NewServeMux()
	err := httpx.Mount(mux, &Greeter{Hello: hello}, httpx.Use(s))
	s.Add(server.HTTP("localhost:8080", httpx.Problems(mux, httpx.Use(s))))
	os.Exit(s.Main(err))
}
