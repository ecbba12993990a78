package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// listening returns sockets for one test.
func listening(t *testing.T) *sockets {
	t.Helper()
	s, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestCases(t *testing.T) {
	t.Parallel()
	all, err := cases(listening(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := len(groups()) * len(kinds()); len(all) != want {
		t.Errorf("there are %d cases, want %d", len(all), want)
	}
	for _, c := range all {
		for _, n := range []int{0, 1, 17, 1000} {
			if err := c.Run(n); err != nil {
				t.Errorf("%s, %s, %d items: %v", c.Group, c.Kind, n, err)
			}
		}
		if over := strings.HasSuffix(c.Group, "both ends") && !strings.Contains(c.Group, "CPU"); (c.Clock == nil) != over {
			t.Errorf("%s is measured by the wrong clock", c.Group)
		}
	}
}

// TestRunFindsFaults has servers that send other items, or none.
func TestRunFindsFaults(t *testing.T) {
	t.Parallel()
	short := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "n=3"
		handServer().ServeHTTP(w, r)
	})
	for name, h := range map[string]http.Handler{"fewer": short, "nothing": http.NotFoundHandler()} {
		if err := serverCall(h, eventsServer)(4); err == nil {
			t.Errorf("%s of four items is no error", name)
		}
	}
	if err := serverCall(http.NotFoundHandler(), linesServer)(4); err == nil {
		t.Error("no answer to four items is no error")
	}
	if err := (total{Count: 3}).check(4); !errors.Is(err, errTotal) {
		t.Errorf("three of four items are %v, want %v", err, errTotal)
	}
}

// TestByHandIsCareful holds the code by hand to what it is compared for.
func TestByHandIsCareful(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"whole":  {string(wire(2)), ""},
		"cut":    {"id: 1\ndata: {}\n\n", errBrokeOff.Error()},
		"failed": {"event: error\ndata: {\"status\":500}\n\n", `the server failed: {"status":500}`},
		"lines":  {"data: {\ndata: }\n\nevent: end\ndata: {}\n\n", ""},
		"beat":   {":\n\nevent: end\ndata: {}\n\n", ""},
	} {
		_, err := readEvents(strings.NewReader(tt.body), func([]byte) error { return nil })
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
