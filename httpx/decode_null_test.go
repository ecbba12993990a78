package httpx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
	"github.com/typedkit/endpoint/httpx"
)

// TestNull has a null where the type has none: a fault on a server, in each format and
// in the items of a stream, and the zero value on a client.
func TestNull(t *testing.T) {
	t.Parallel()
	type inner struct {
		Qty  int       `json:"qty" required:"true"`
		Tags []string  `json:"tags"`
		At   time.Time `json:"at"`
		Note *string   `json:"note"`
	}
	type request struct {
		ID    string `path:"id"`
		Inner inner  `json:"inner"`
	}
	const body = `{"inner":{"qty":null,"tags":null,"at":null,"note":null}}`
	want := []string{"/inner/qty: must not be null", "/inner/at: must not be null"}
	a := ask(t, mounted(t, echo[request]("POST", "/{id}")), "POST", "/1", body)
	require.Equal(t, want, a.faults(t))
	a = ask(t, mounted(t, echo[request]("POST", "/{id}", httpx.AllowUnknown())), "POST", "/1", body)
	require.Equal(t, want, a.faults(t), "unknown members are another matter")
	for _, f := range []interface {
		MediaType() string
		Append(dst []byte, v any) ([]byte, error)
	}{cbor.Format(), msgpack.Format()} {
		text, err := f.Append(nil, &map[string]any{"inner": map[string]any{"qty": nil, "tags": nil, "at": nil, "note": nil}})
		require.NoError(t, err)
		h := mounted(t, echo[request]("POST", "/{id}"), httpx.Formats(cbor.Format(), msgpack.Format()))
		a := ask(t, h, "POST", "/1", string(text), "Content-Type", f.MediaType())
		require.ElementsMatch(t, want, a.faults(t), f.MediaType())
	}

	c := route[endpoint.Empty, inner]("POST", "/", nil)
	dial(t, listen(t, answering(200, `{"qty":null,"tags":null,"at":null,"note":null,"more":null}`, "Content-Type", "application/json")), c)
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.Equal(t, inner{}, got)
}

// nullFeed is a service of streams.
type nullFeed struct {
	Up   endpoint.Endpoint[endpoint.Stream[nullItem], nullItem]
	Down endpoint.Endpoint[endpoint.Empty, endpoint.Stream[nullItem]]
}

type nullItem struct {
	N int `json:"n"`
}

func (s *nullFeed) HTTP(r *httpx.Routes) {
	r.ClientStream("POST", "/up", &s.Up)
	r.ServerStream("GET", "/down", &s.Down)
}

func TestNullInItems(t *testing.T) {
	t.Parallel()
	svc := &nullFeed{
		Up: func(_ context.Context, items endpoint.Stream[nullItem]) (last nullItem, _ error) {
			for item, err := range items {
				if err != nil {
					return last, err
				}
				last = item
			}
			return last, nil
		},
		Down: none[endpoint.Empty, endpoint.Stream[nullItem]],
	}
	a := fetch(t, "POST", listen(t, mounted(t, svc))+"/up", "{\"n\":1}\n{\"n\":null}\n", "Content-Type", "application/x-ndjson")
	require.Equal(t, 400, a.status, a.body)
	require.Contains(t, a.faults(t)[0], "/n: must not be null")

	var c nullFeed
	dial(t, listen(t, answering(200, "data: {\"n\":null}\n\nevent: end\ndata:\n\n", "Content-Type", "text/event-stream")), &c)
	items, err := c.Down(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	all, err := items.Collect()
	require.NoError(t, err)
	require.Equal(t, []nullItem{{}}, all)
}
