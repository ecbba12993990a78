package main

import (
	"context"
	"net/http"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// listParams is [listRequest] for httpx.
type listParams struct {
	User   string `path:"user"`
	Status string `query:"status" default:"open"`
	Limit  int    `query:"limit" default:"20"`
}

// Orders is the service, on both ends.
type Orders struct {
	Upper endpoint.Endpoint[upperRequest, upperResponse]
	List  endpoint.Endpoint[listParams, listResponse]
	Place endpoint.Endpoint[placeRequest, placeResponse]
}

// HTTP describes the service.
func (s *Orders) HTTP(r *httpx.Routes) {
	r.POST("/upper", &s.Upper)
	r.GET("/users/{user}/orders", &s.List)
	r.POST("/orders", &s.Place)
}

func newOrders() *Orders { return &Orders{Upper: upper, List: listTyped, Place: place} }

func listTyped(ctx context.Context, p listParams) (listResponse, error) {
	return list(ctx, listRequest(p))
}

// mounted is the service on net/http's router.
func mounted() (http.Handler, error) {
	mux := http.NewServeMux()
	return mux, httpx.Mount(mux, newOrders())
}

// noTimeout is what of the service is measured over sockets, with bodies that may
// come as slowly as they like.
func noTimeout() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /upper", httpx.Handler(upper, httpx.BodyTimeout(0)))
	mux.Handle("POST /orders", httpx.Handler(place, httpx.BodyTimeout(0)))
	return mux
}
