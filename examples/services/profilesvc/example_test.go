package profilesvc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: client

// rename calls the service at url through a struct of the type that serves it.
func rename(ctx context.Context, url, id, name string) (profilesvc.Profile, error) {
	var c profilesvc.Profiles
	if err := httpx.Client(httpx.To(url), &c); err != nil {
		return profilesvc.Profile{}, err
	}
	_, err := c.Patch(ctx, profilesvc.PatchRequest{ID: id, Patch: profilesvc.Patch{Name: codec.Some(name)}})
	if errors.Is(err, profilesvc.ErrNotFound) { // as the server said it
		_, err = c.Post(ctx, profilesvc.Profile{ID: id, Name: name})
	}
	if err != nil {
		return profilesvc.Profile{}, err
	}
	resp, err := c.Get(ctx, profilesvc.ByID{ID: id})
	return resp.Profile, err
}

// end snippet

func Example() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, profilesvc.New(new(profilesvc.Store))); err != nil {
		fmt.Println(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, name := range []string{"Ann", "Anna"} {
		p, err := rename(context.Background(), server.URL, "1", name)
		fmt.Println(p.Name, err)
	}
	// Output:
	// Ann <nil>
	// Anna <nil>
}
