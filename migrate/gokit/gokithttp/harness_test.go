package gokithttp_test

import (
	"context"
	"encoding/json/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/migrate/gokit"
)

var errZero = endpoint.Define(endpoint.NotFound, "echo", "ZERO", "nothing to say")

type number struct {
	N int `json:"n"`
}

type word struct {
	S string `json:"s"`
}

// sayer is the service.
type sayer struct {
	Say endpoint.Endpoint[number, word]
}

func (s *sayer) HTTP(r *httpx.Routes) { r.POST("/say", &s.Say, httpx.Fails(errZero)) }

func say(_ context.Context, n number) (word, error) {
	if n.N == 0 {
		return word{}, errZero
	}
	return word{"fine"}, nil
}

// serve returns the URL of a server of ours.
func serve(t *testing.T, svc *sayer, layers ...endpoint.Layer) string {
	t.Helper()
	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc, httpx.Use(layers...)))
	return start(t, mux)
}

// serveKit returns the URL of a server of go-kit's over an endpoint of ours.
func serveKit(t *testing.T, e endpoint.Endpoint[number, word], opts ...kithttp.ServerOption) string {
	t.Helper()
	return start(t, kithttp.NewServer(gokit.ToKit(e), func(_ context.Context, r *http.Request) (any, error) {
		var n number
		return n, json.UnmarshalRead(r.Body, &n)
	}, kithttp.EncodeJSONResponse, opts...))
}

func start(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// kitClient returns a client of go-kit's. Its decoder has the status of an error as the error.
func kitClient(t *testing.T, at string, opts ...kithttp.ClientOption) *kithttp.Client {
	t.Helper()
	u, err := url.Parse(at + "/say")
	require.NoError(t, err)
	return kithttp.NewClient(http.MethodPost, u, kithttp.EncodeJSONRequest, func(_ context.Context, r *http.Response) (any, error) {
		if r.StatusCode != http.StatusOK {
			return nil, status(r.StatusCode)
		}
		var w word
		return w, json.UnmarshalRead(r.Body, &w)
	}, opts...)
}

type status int

func (s status) Error() string   { return http.StatusText(int(s)) }
func (s status) StatusCode() int { return int(s) }
