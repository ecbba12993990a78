package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/server"
)

// Greeter is a service of one endpoint.
type Greeter struct {
	Greet endpoint.Endpoint[endpoint.Empty, string]
}

// HTTP describes the service.
func (s *Greeter) HTTP(r *httpx.Routes) { r.GET("/", &s.Greet) }

func Example() {
	s := server.New("greeter", server.Log(slog.New(slog.DiscardHandler)), server.Announce(io.Discard))
	mux := http.NewServeMux()
	svc := &Greeter{Greet: func(context.Context, endpoint.Empty) (string, error) { return "hello", nil }}
	err := httpx.Mount(mux, svc, httpx.Use(s))
	s.Add(
		server.HTTP("localhost:0", httpx.Problems(mux, httpx.Use(s))),
		server.Go("stop", func(context.Context) error { // in place of a signal
			return fmt.Errorf("enough")
		}),
		server.Flush("logs", func(context.Context) error { fmt.Println("flushed"); return nil }),
	)
	fmt.Fprintln(os.Stdout, "exit code", s.Main(err))
	// Output:
	// flushed
	// exit code 1
}
