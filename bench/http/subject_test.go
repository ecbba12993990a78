package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// answering returns a handler with a fixed answer.
func answering(status int, media, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"another status", answering(201, jsonType, `{"v":"HELLO"}`), "the status is 201, want 200"},
		{"another type", answering(200, "text/html", `{"v":"HELLO"}`), `the type is "text/html", want application/json`},
		{"a parameter of the type", answering(200, jsonType+"; charset=utf-8", `{"v":"HELLO"}`), ""},
		{"another answer", answering(200, jsonType, `{"v":"hello"}`), "the answer is {V:hello}, want {V:HELLO}"},
		{"a member more", answering(200, jsonType, `{"v":"HELLO","w":1}`), "cannot be read"},
		{"white space", answering(200, jsonType, "{\"v\": \"HELLO\"}\n"), ""},
		{"no JSON", answering(200, jsonType, `HELLO`), "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := subject{shapes()[0], kindHand, tt.handler}.check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

// TestRunFindsFaults has handlers that are right at first and wrong later.
func TestRunFindsFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		later http.Handler
		want  string
	}{
		{"a longer answer", answering(200, jsonType, `{"v":"HELLO!"}`), errSum.Error()},
		{"another status", answering(500, jsonType, `{"v":"HELLO"}`), "the status is 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			c, err := caseOf(subject{shapes()[0], kindHand, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls++; calls > 3 {
					tt.later.ServeHTTP(w, r)
					return
				}
				answering(200, jsonType, `{"v":"HELLO"}`).ServeHTTP(w, r)
			})})
			if err != nil {
				t.Fatal(err)
			}
			_, err = measure.Run(t.Context(), []measure.Case{c}, measure.Config{Rounds: 1})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckSum(t *testing.T) {
	t.Parallel()
	if err := checkSum(26, 2, 13); err != nil {
		t.Error(err)
	}
	if err := checkSum(27, 2, 13); !errors.Is(err, errSum) {
		t.Errorf("the error is %v, want %v", err, errSum)
	}
}

// TestCallerForgets has a call leave nothing of itself in the next request.
func TestCallerForgets(t *testing.T) {
	t.Parallel()
	c := newCaller(subject{shapes()[1], kindHand, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Form != nil || r.PathValue("user") != "" {
			t.Errorf("the request has the form %v and the path value %q of the one before", r.Form, r.PathValue("user"))
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		r.SetPathValue("user", "x")
	})})
	c.call()
	c.call()
}

// TestRefusals has httpx refuse all probes, and the careful code by hand those
// that it is compared for.
func TestRefusals(t *testing.T) {
	t.Parallel()
	all, err := subjects()
	if err != nil {
		t.Fatal(err)
	}
	byHandTakes := map[string]bool{"null as the body": true, "a parameter twice": true}
	for _, p := range probes() {
		for _, s := range all {
			if s.shape.name != p.shape || s.kind != kindMount && s.kind != kindHand {
				continue
			}
			status := p.ask(s.handler, s.shape)
			if status < 400 && (s.kind == kindMount || !byHandTakes[p.name]) {
				t.Errorf("%s takes %s: the status is %d", s.kind, p.name, status)
			}
		}
	}
}

func TestProbed(t *testing.T) {
	t.Parallel()
	table, err := probed()
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != len(probes()) {
		t.Errorf("there are %d rows, want one for each of %d probes", len(table.Rows), len(probes()))
	}
	for _, row := range table.Rows {
		if len(row) != len(table.Header) {
			t.Errorf("%q has %d cells, want %d", row[0], len(row), len(table.Header))
		}
	}
}
