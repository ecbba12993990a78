package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// onChi is the code by hand on another router.
func onChi() http.Handler {
	r := chi.NewRouter()
	r.Post("/upper", handUpper)
	r.Get("/users/{user}/orders", func(w http.ResponseWriter, r *http.Request) {
		handListOf(w, r, chi.URLParam(r, "user"))
	})
	r.Post("/orders", handPlace)
	return r
}
