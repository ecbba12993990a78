package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheckSentFindsFaults(t *testing.T) {
	t.Parallel()
	good := func(s *shape) (*http.Request, []byte) {
		r := newCaller(subject{s, kindHand, nil}).template
		r.Header = r.Header.Clone()
		u := *r.URL
		r.URL = &u
		return &r, s.body
	}
	post, get := shapes()[0], shapes()[1]
	for _, tt := range []struct {
		name  string
		shape *shape
		spoil func(r *http.Request, body *[]byte)
		want  string
	}{
		{"a good POST", post, func(*http.Request, *[]byte) {}, ""},
		{"a good GET", get, func(*http.Request, *[]byte) {}, ""},
		{"more in the query", get, func(r *http.Request, _ *[]byte) { r.URL.RawQuery += "&more=1" }, ""},
		{"white space", post, func(r *http.Request, b *[]byte) { *b = []byte(`{ "s": "hello" }`); r.ContentLength = 16 }, ""},
		{"another method", post, func(r *http.Request, _ *[]byte) { r.Method = "PUT" }, "the request is PUT /upper, want POST /upper"},
		{"another path", post, func(r *http.Request, _ *[]byte) { r.URL.Path = "/lower" }, "want POST /upper"},
		{"another query", get, func(r *http.Request, _ *[]byte) { r.URL.RawQuery = "status=paid" }, `the query is "status=paid"`},
		{"no type", post, func(r *http.Request, _ *[]byte) { r.Header.Del("Content-Type") }, `the type is ""`},
		{"another length", post, func(r *http.Request, _ *[]byte) { r.ContentLength = -1 }, "the length is -1"},
		{"another body", post, func(_ *http.Request, b *[]byte) { *b = []byte(`{"s":"hallo"}`) }, "the body is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, body := good(tt.shape)
			tt.spoil(r, &body)
			err := tt.shape.checkSent(r, body)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCallsFindFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range clientKinds() {
		for _, s := range shapes() {
			if s.name == textGET {
				continue
			}
			transport := newCanned(s)
			calls, err := callsOf(kind, "http://example.com", transport)
			if err != nil {
				t.Fatal(err)
			}
			if err := calls[s.name].check(t.Context()); err != nil {
				t.Errorf("%s, %s: %v", s.name, kind, err)
			}
			transport.answer = []byte(`{}`)
			if calls[s.name].check(t.Context()) == nil || calls[s.name].call(t.Context()) == nil {
				t.Errorf("%s, %s: an empty answer is no error", s.name, kind)
			}
			transport.answer = []byte(`nothing`)
			if calls[s.name].call(t.Context()) == nil {
				t.Errorf("%s, %s: an answer that is no JSON is no error", s.name, kind)
			}
		}
	}
}
