package main

import (
	"encoding/json/v2"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// This file is the code that httpx is compared with: handlers of net/http as a
// careful engineer writes them by hand, on encoding/json/v2. They bound the body,
// look at its type, refuse members that they do not know, and answer faults in
// one form. Nothing in them is slow on purpose: the type is found without
// mime.ParseMediaType and its map, and what is encoded is behind a pointer,
// because json/v2 copies what is not.

// A refusal is an error with what the caller gets to see.
type refusal struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (e *refusal) Error() string { return e.Detail }

func refuse(status int, detail string) error {
	return &refusal{Status: status, Title: http.StatusText(status), Detail: detail}
}

func writeError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		e = &refusal{Status: http.StatusInternalServerError, Title: "Internal Server Error", Detail: "internal error"}
	}
	body, err := json.Marshal(e)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}

// isJSON says that the header names JSON.
func isJSON(h http.Header) bool {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), jsonType)
}

// refused is the error of a body that could not be read to its end.
func refused(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "the body is too large")
	}
	return refuse(http.StatusBadRequest, "the body cannot be read")
}

func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if !isJSON(r.Header) {
		return refuse(http.StatusUnsupportedMediaType, "send application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return refused(err)
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return refuse(http.StatusBadRequest, "the body does not fit")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(body)
}

func handUpper(w http.ResponseWriter, r *http.Request) {
	var in upperRequest
	if err := readJSON(w, r, &in); err != nil {
		writeError(w, err)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, &out)
}

func handPlace(w http.ResponseWriter, r *http.Request) {
	var in placeRequest
	if err := readJSON(w, r, &in); err != nil {
		writeError(w, err)
		return
	}
	out, err := place(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, &out)
}

// readList reads the parameters of a list; user is the value in the path, which
// routers give in ways of their own.
func readList(r *http.Request, user string) (listRequest, error) {
	in := listRequest{User: user, Status: defaultStatus, Limit: defaultLimit}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return in, refuse(http.StatusBadRequest, "the query is malformed")
	}
	if query.Has("status") {
		in.Status = query.Get("status")
	}
	if query.Has("limit") {
		if in.Limit, err = strconv.Atoi(query.Get("limit")); err != nil {
			return in, refuse(http.StatusBadRequest, "limit is no number")
		}
	}
	return in, nil
}

func handList(w http.ResponseWriter, r *http.Request) { handListOf(w, r, r.PathValue("user")) }

func handListOf(w http.ResponseWriter, r *http.Request, user string) {
	in, err := readList(r, user)
	if err != nil {
		writeError(w, err)
		return
	}
	out, err := list(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, &out)
}
