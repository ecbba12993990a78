package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// This file is byhand.go on encoding/json: by its Decoder, which alone refuses
// members that the type does not have.

func readJSONv1(w http.ResponseWriter, r *http.Request, v any) error {
	if !isJSON(r.Header) {
		return refuse(http.StatusUnsupportedMediaType, "send application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return refused(err)
		}
		return refuse(http.StatusBadRequest, "the body does not fit")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, "there is more after the value")
	}
	return nil
}

func writeJSONv1(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(body)
}

func handUpperV1(w http.ResponseWriter, r *http.Request) {
	var in upperRequest
	if err := readJSONv1(w, r, &in); err != nil {
		writeError(w, err)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSONv1(w, &out)
}

func handPlaceV1(w http.ResponseWriter, r *http.Request) {
	var in placeRequest
	if err := readJSONv1(w, r, &in); err != nil {
		writeError(w, err)
		return
	}
	out, err := place(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSONv1(w, &out)
}

func handListV1(w http.ResponseWriter, r *http.Request) {
	in, err := readList(r, r.PathValue("user"))
	if err != nil {
		writeError(w, err)
		return
	}
	out, err := list(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSONv1(w, &out)
}
