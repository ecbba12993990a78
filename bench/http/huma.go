package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

type humaRequest[T any] struct{ Body T }

type humaResponse[T any] struct{ Body T }

// humaParams is [listRequest] for huma.
type humaParams struct {
	User   string `path:"user"`
	Status string `query:"status" default:"open"`
	Limit  int    `query:"limit" default:"20"`
}

// onHuma is huma on net/http's router. Its default is spared the one thing that
// would make its answers longer than others': the link to a schema in each.
func onHuma() http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("bench", "1.0.0")
	config.CreateHooks = nil
	api := humago.New(mux, config)
	huma.Post(api, "/upper", func(ctx context.Context, in *humaRequest[upperRequest]) (*humaResponse[upperResponse], error) {
		out, err := upper(ctx, in.Body)
		return &humaResponse[upperResponse]{out}, err
	})
	huma.Get(api, "/users/{user}/orders", func(ctx context.Context, in *humaParams) (*humaResponse[listResponse], error) {
		out, err := list(ctx, listRequest(*in))
		return &humaResponse[listResponse]{out}, err
	})
	huma.Post(api, "/orders", func(ctx context.Context, in *humaRequest[placeRequest]) (*humaResponse[placeResponse], error) {
		out, err := place(ctx, in.Body)
		return &humaResponse[placeResponse]{out}, err
	})
	return mux
}
