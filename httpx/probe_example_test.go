package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint/httpx"
)

// What a pool checks its instances with: discover.Check(httpx.Probe("/readyz")).
func ExampleProbe() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable) // it is draining
	}))
	defer server.Close()
	fmt.Println(httpx.Probe("/readyz")(context.Background(), httpx.To(server.URL)))
	// Output: httpx: Probe: the status is 503
}
