package httpxtest_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

type upload struct {
	Name string  `path:"name"`
	Hash [4]byte `json:"hash"`
	Size int     `json:"size" minimum:"1" required:"true"`

	From netip.Addr    `json:"from"`
	For  time.Duration `json:"for"`
}

type files struct {
	Put endpoint.Endpoint[upload, endpoint.Empty]
}

func (s *files) HTTP(r *httpx.Routes) { r.PUT("/files/{name...}", &s.Put) }

// Paths of several parts, arrays of bytes and the media type go out as a client writes them.
func TestRequests(t *testing.T) {
	t.Parallel()
	names, lasting := map[string]int{}, 0
	svc := &files{Put: func(_ context.Context, u upload) (endpoint.Empty, error) {
		names[u.Name]++
		if u.For == time.Second {
			lasting++
		}
		return endpoint.Empty{}, nil
	}}
	require.Empty(t, check(t, svc).errors)
	require.Positive(t, lasting, "types that write themselves have a value")
	clear(names)

	mux := http.NewServeMux()
	require.NoError(t, httpx.Mount(mux, svc))
	media := map[string]int{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			media[r.Header.Get("Content-Type")]++
		}
		mux.ServeHTTP(w, r)
	})
	require.Empty(t, check(t, svc, httpxtest.Handler(h), httpxtest.Values("path:name", "x"), httpxtest.Valid(&svc.Put, upload{Name: "a/b c/d", Size: 1})).errors)
	require.Len(t, media, 1)
	require.Positive(t, media["application/json"])
	require.Greater(t, names["a/b c/d"], 5, "requests at bounds are made of the first")
}
