package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// A probe is a request that somebody careful does not accept. What a handler does
// with it tells what its time is spent on.
type probe struct {
	name   string
	shape  string
	target string // in place of that of the shape
	media  string // in place of JSON
	body   string
}

func probes() []probe {
	return []probe{
		{name: "a body that is no JSON", shape: smallPOST, body: `{"s":`},
		{name: "no body", shape: smallPOST, body: ``},
		{name: "null as the body", shape: smallPOST, body: `null`},
		{name: "a member that the type does not have", shape: smallPOST, body: `{"s":"a","t":1}`},
		{name: "a member twice", shape: smallPOST, body: `{"s":"a","s":"b"}`},
		{name: "a name in another case", shape: smallPOST, body: `{"S":"a"}`},
		{name: "a string that is no UTF-8", shape: smallPOST, body: "{\"s\":\"\xff\"}"},
		{name: "more after the value", shape: smallPOST, body: `{"s":"a"}{"s":"b"}`},
		{name: "a body that says it is text", shape: smallPOST, body: `{"s":"a"}`, media: "text/plain"},
		{name: "a body of 2 MiB", shape: smallPOST, body: `{"s":"` + strings.Repeat("a", 2<<20) + `"}`},
		{name: "a parameter that is no number", shape: listGET, target: "/users/x/orders?limit=many"},
		{name: "a parameter twice", shape: listGET, target: "/users/x/orders?limit=1&limit=2"},
		{name: "a parameter that is no UTF-8", shape: listGET, target: "/users/x/orders?status=%ff"},
	}
}

// ask returns the status with which a handler answers.
func (p probe) ask(h http.Handler, s *shape) int {
	target := s.target
	if p.target != "" {
		target = p.target
	}
	r := httptest.NewRequest(s.method, target, nil)
	if !s.isGET() {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(p.body))), int64(len(p.body))
		r.Header.Set("Content-Type", jsonType)
	}
	if p.media != "" {
		r.Header.Set("Content-Type", p.media)
	}
	w := httptest.NewRecorder()
	func() {
		// net/http would log a panic and break the connection off.
		defer func() {
			if recover() != nil {
				w.Code = 0
			}
		}()
		h.ServeHTTP(w, r)
	}()
	return w.Code
}

// probed returns a table of what each kind does with each probe.
func probed() (*measure.Table, error) {
	// Some of the libraries log what they refuse.
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	all, err := subjects()
	if err != nil {
		return nil, err
	}
	kinds := probedKinds()
	t := &measure.Table{Header: append([]string{"a request with"}, kinds...)}
	for _, p := range probes() {
		row := []string{p.name}
		for _, kind := range kinds {
			cell := "–"
			for _, s := range all {
				if s.kind == kind && s.shape.name == p.shape {
					cell = statusCell(p.ask(s.handler, s.shape))
				}
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t, nil
}

// probedKinds are those that differ in what they refuse.
func probedKinds() []string {
	return append([]string{kindMount, kindHand, kindHandV1, kindBare, kindBareV1}, peers()...)
}

func statusCell(status int) string {
	if status == 0 {
		return "panic"
	}
	if status == http.StatusOK {
		return "200"
	}
	return fmt.Sprintf("**%s**", strconv.Itoa(status))
}
