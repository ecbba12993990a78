package main

import (
	"encoding/json"
	"net/http"
)

// This file is bare.go on encoding/json.

func bareUpperV1(w http.ResponseWriter, r *http.Request) {
	var in upperRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.NewEncoder(w).Encode(&out) // the status is sent
}

func barePlaceV1(w http.ResponseWriter, r *http.Request) {
	var in placeRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	out, err := place(r.Context(), in)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.NewEncoder(w).Encode(&out)
}

func bareListV1(w http.ResponseWriter, r *http.Request) {
	out, err := list(r.Context(), bareParams(r))
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.NewEncoder(w).Encode(&out)
}
