package main

import (
	"context"
	"encoding/json"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"
)

// onKit is go-kit's HTTP transport as its examples use it: decoders by hand, its
// own encoder, net/http's router.
func onKit() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /upper", kithttp.NewServer(
		func(ctx context.Context, request any) (any, error) { return upper(ctx, request.(upperRequest)) },
		kitDecode[upperRequest], kithttp.EncodeJSONResponse,
	))
	mux.Handle("GET /users/{user}/orders", kithttp.NewServer(
		func(ctx context.Context, request any) (any, error) { return list(ctx, request.(listRequest)) },
		func(_ context.Context, r *http.Request) (any, error) {
			in, err := readList(r, r.PathValue("user"))
			if err != nil {
				return nil, kitRefusal{err}
			}
			return in, nil
		},
		kithttp.EncodeJSONResponse,
	))
	mux.Handle("POST /orders", kithttp.NewServer(
		func(ctx context.Context, request any) (any, error) { return place(ctx, request.(placeRequest)) },
		kitDecode[placeRequest], kithttp.EncodeJSONResponse,
	))
	return mux
}

func kitDecode[Req any](_ context.Context, r *http.Request) (any, error) {
	var in Req
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, kitRefusal{err}
	}
	return in, nil
}

// kitRefusal has go-kit's error encoder send a 400.
type kitRefusal struct{ error }

func (kitRefusal) StatusCode() int { return http.StatusBadRequest }
