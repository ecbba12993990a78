package stringsvc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
)

func ExampleNew() {
	s := stringsvc.New()
	up, err := s.Uppercase(context.Background(), stringsvc.Text{S: "hello, world"})
	fmt.Println(up.V, err)
	// Output: HELLO, WORLD <nil>
}

// snippet: client

// shout calls the service at a URL through a struct of the type that serves it.
func shout(ctx context.Context, url, text string) (string, error) {
	var far stringsvc.Strings
	if err := httpx.Client(httpx.To(url), &far); err != nil {
		return "", err
	}
	up, err := far.Uppercase(ctx, stringsvc.Text{S: text})
	if errors.Is(err, stringsvc.ErrEmpty) { // as the server said it
		return "!", nil
	}
	return up.V, err
}

// end snippet

func Example_client() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, stringsvc.New()); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	fmt.Println(shout(context.Background(), server.URL, "hello"))
	fmt.Println(shout(context.Background(), server.URL, ""))
	// Output:
	// HELLO <nil>
	// ! <nil>
}
