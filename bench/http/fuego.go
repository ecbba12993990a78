package main

import (
	"net/http"

	"github.com/go-fuego/fuego"
	"github.com/go-fuego/fuego/option"
	"github.com/go-fuego/fuego/param"
)

// onFuego is fuego without its log of each request, which nobody else writes here.
func onFuego() http.Handler {
	s := fuego.NewServer(
		fuego.WithoutStartupMessages(),
		fuego.WithLoggingMiddleware(fuego.LoggingConfig{DisableRequest: true, DisableResponse: true}),
	)
	fuego.Post(s, "/upper", func(c fuego.ContextWithBody[upperRequest]) (upperResponse, error) {
		in, err := c.Body()
		if err != nil {
			return upperResponse{}, err
		}
		return upper(c, in)
	})
	fuego.Get(s, "/users/{user}/orders", func(c fuego.ContextNoBody) (listResponse, error) {
		limit, err := c.QueryParamIntErr("limit")
		if err != nil {
			return listResponse{}, err
		}
		return list(c, listRequest{User: c.PathParam("user"), Status: c.QueryParam("status"), Limit: limit})
	},
		option.Query("status", "which orders", param.Default(defaultStatus)),
		option.QueryInt("limit", "how many orders", param.Default(defaultLimit)),
	)
	fuego.Post(s, "/orders", func(c fuego.ContextWithBody[placeRequest]) (placeResponse, error) {
		in, err := c.Body()
		if err != nil {
			return placeResponse{}, err
		}
		return place(c, in)
	})
	return s.Mux
}
