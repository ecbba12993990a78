package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint/server"
)

// A kubelet asks at an address of its own, so that nobody else needs to reach it.
func ExampleProbes() {
	s := server.New("rooms", server.Log(slog.New(slog.DiscardHandler)))
	s.Add(
		server.HTTP("localhost:0", http.NotFoundHandler()),
		server.Probes("localhost:0"), // such as ":8083"
	)
	fmt.Println(s.Err())
	// Output: <nil>
}

// A router of the program answers probes. Before Run, the server is alive but not ready.
func ExampleServer_Probes() {
	s := server.New("rooms", server.Log(slog.New(slog.DiscardHandler)))
	mux := http.NewServeMux()
	mux.Handle("/livez", s.Probes())
	mux.Handle("/readyz", s.Probes())
	for _, path := range []string{"/livez", "/readyz"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Print(path, " ", w.Code, " ", w.Body)
	}
	// Output:
	// /livez 200 ok
	// /readyz 503 not ready
}
