package leak

import (
	"strings"
	"testing"
	"time"
)

type tests func() int

func (f tests) Run() int { return f() }

func TestRun(t *testing.T) { // not parallel: it counts the goroutines of the process
	stop := make(chan struct{})
	defer close(stop)
	for _, tt := range []struct {
		name   string
		tests  tests
		code   int
		report string
	}{
		{"nothing", func() int { return 0 }, 0, ""},
		{"failed tests", func() int { go forgotten(stop); return 3 }, 3, ""},
		{"a goroutine that ends soon", func() int {
			end := make(chan struct{})
			time.AfterFunc(50*time.Millisecond, func() { close(end) })
			go forgotten(end)
			return 0
		}, 0, ""},
		{"a goroutine that stays", func() int { go forgotten(stop); return 0 }, 1, "leak.forgotten"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wait := 200 * time.Millisecond
			if tt.code == 0 {
				wait = patience
			}
			var out strings.Builder
			if code := run(tt.tests, &out, wait); code != tt.code {
				t.Errorf("run = %d, want %d; it reports:\n%s", code, tt.code, out.String())
			}
			if !strings.Contains(out.String(), tt.report) || tt.report == "" && out.Len() > 0 {
				t.Errorf("run reports %q, want it to name %q", out.String(), tt.report)
			}
		})
	}
}

func forgotten(stop <-chan struct{}) { <-stop }
