// Two small things that the copies of one piece of code do differently, and one
// promise of a comment that a map cannot keep.
package x

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

type In struct{}
type Item struct {
	N int `json:"n"`
}
type Svc struct {
	Unary  endpoint.Endpoint[In, In]
	Upload endpoint.Endpoint[endpoint.Stream[Item], In]
}

func (s *Svc) HTTP(r *httpx.Routes) {
	r.POST("/unary", &s.Unary)
	r.ClientStream("POST", "/upload", &s.Upload)
}

// client.request clones the Call's header ("another attempt begins with the
// same"); streamOut.request writes into it. Expected: what a client's layer sees
// in Call.Header after the call is what was set for the call, on both.
func TestHeaderOfCallAfterwards(t *testing.T) {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Svc{
		Unary: func(context.Context, In) (In, error) { return In{}, nil },
		Upload: func(_ context.Context, s endpoint.Stream[Item]) (In, error) {
			_, err := s.Collect()
			return In{}, err
		},
	}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	seen := map[string][]string{}
	look := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			var keys []string
			for k := range endpoint.CallFrom(ctx).Header().All() {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			seen[endpoint.CallFrom(ctx).Operation().Name] = keys
			return err
		}, nil
	})
	var c Svc
	if err := httpx.Client(httpx.To(srv.URL), &c, httpx.Use(look)); err != nil {
		t.Fatal(err)
	}
	ctx := endpoint.WithHeader(t.Context(), "x-tenant", "a")
	if _, err := c.Unary(ctx, In{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Upload(ctx, endpoint.StreamOf(Item{1})); err != nil {
		t.Fatal(err)
	}
	t.Log(seen)
	if !slices.Equal(seen["Unary"], seen["Upload"]) {
		t.Errorf("Call.Header after a unary call has %q, after an upload %q", seen["Unary"], seen["Upload"])
	}
}

// Header.Check: "names the first key or value that a caller may not send": of a
// map there is no first, so the same request fails with different texts.
func TestCheckNamesTheFirst(t *testing.T) {
	texts := map[string]bool{}
	for range 200 {
		h := endpoint.HTTPHeader(map[string][]string{"Host": {"a"}, "Te": {"b"}, "Upgrade": {"c"}})
		texts[h.Check().Error()] = true
	}
	if len(texts) > 1 {
		t.Errorf("%d different texts for one header: %v", len(texts), texts)
	}
}
