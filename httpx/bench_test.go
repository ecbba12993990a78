package httpx_test

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/typedkit/endpoint/httpx"
)

type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *nullWriter) WriteHeader(int)             {}

type body struct{ bytes.Reader }

func (b *body) Close() error { return nil }

func hand(w http.ResponseWriter, r *http.Request) {
	var in Text
	if err := json.UnmarshalRead(r.Body, &in); err != nil {
		http.Error(w, "bad", 400)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		http.Error(w, "bad", 400)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, out); err != nil {
		http.Error(w, "bad", 500)
	}
}

func hand2(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "bad", 400)
		return
	}
	var in Text
	if err := json.Unmarshal(b, &in); err != nil {
		http.Error(w, "bad", 400)
		return
	}
	out, err := upper(r.Context(), in)
	if err != nil {
		http.Error(w, "bad", 400)
		return
	}
	b, err = json.Marshal(out)
	if err != nil {
		http.Error(w, "bad", 500)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b)
}

func BenchmarkSmallPOST(b *testing.B) {
	mux := http.NewServeMux()
	s := &Strings{Upper: upper, Count: count}
	if err := httpx.Mount(mux, s); err != nil {
		b.Fatal(err)
	}
	mux.HandleFunc("POST /hand", hand)
	mux.HandleFunc("POST /hand2", hand2)
	for _, path := range []string{"/hand", "/hand2", "/upper"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			src := []byte(`{"s":"hello"}`)
			r := httptest.NewRequest("POST", path, nil)
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = int64(len(src))
			w := &nullWriter{http.Header{}}
			rd := &body{}
			for b.Loop() {
				rd.Reset(src)
				r.Body = rd
				clear(w.h)
				mux.ServeHTTP(w, r.WithContext(b.Context()))
			}
		})
	}
}
