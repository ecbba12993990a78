package main

import (
	"encoding/json/v2"
	"net/http"
	"strconv"
)

// This file is the least that answers right, on encoding/json/v2: it reads as much
// as is sent, whatever its type, ignores what it does not know, and streams.

func bareUpper(w http.ResponseWriter, r *http.Request) {
	var in upperRequest
	if err := json.UnmarshalRead(r.Body, &in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.MarshalWrite(w, &out) // the status is sent
}

func barePlace(w http.ResponseWriter, r *http.Request) {
	var in placeRequest
	if err := json.UnmarshalRead(r.Body, &in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	out, err := place(r.Context(), in)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.MarshalWrite(w, &out)
}

// bareParams is what is written where a wrong number may count as none.
func bareParams(r *http.Request) listRequest {
	query := r.URL.Query()
	in := listRequest{User: r.PathValue("user"), Status: query.Get("status"), Limit: defaultLimit}
	if in.Status == "" {
		in.Status = defaultStatus
	}
	if n, err := strconv.Atoi(query.Get("limit")); err == nil {
		in.Limit = n
	}
	return in
}

func bareList(w http.ResponseWriter, r *http.Request) {
	out, err := list(r.Context(), bareParams(r))
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_ = json.MarshalWrite(w, &out)
}
