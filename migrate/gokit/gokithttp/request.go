package gokithttp

import (
	"context"
	"net/http"
	"net/url"

	"github.com/typedkit/endpoint"
)

type requestKey struct{}

// WithRequest is a middleware of net/http that gives the layers of this package the whole
// request, for functions that look at more of it than its method, header and peer. Put it
// around the router.
func WithRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// requestOf returns the request of the Call in ctx with the header h. It has no body, which
// belongs to the endpoint.
func requestOf(ctx context.Context, h http.Header) *http.Request {
	call := endpoint.CallFrom(ctx)
	op := call.Operation()
	r := &http.Request{
		Method: op.Method, URL: &url.URL{Path: op.Pattern},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if whole, ok := ctx.Value(requestKey{}).(*http.Request); ok && call.Side() == endpoint.ServerSide {
		r = whole
	} else if call.Side() == endpoint.ServerSide {
		r.RemoteAddr = call.Peer()
	}
	r = r.WithContext(ctx)
	r.Header, r.Body = h, http.NoBody
	return r
}

// headerOf returns the map of h, which is not nil.
func headerOf(h *endpoint.Header) http.Header {
	if raw := h.Raw(); raw != nil {
		return raw
	}
	return http.Header{}
}
