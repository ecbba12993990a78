package health_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/health"
)

func pass(context.Context) error { return nil }

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		check health.Check
		want  []string
	}{
		{"none", health.Check{Name: "user database/1", Run: pass}, nil},
		{"no name, no func", health.Check{}, []string{"the name is empty", "the func is nil"}},
		{"longest name", health.Check{Name: strings.Repeat("x", 128), Run: pass}, nil},
		{"long name", health.Check{Name: strings.Repeat("x", 129), Run: pass}, []string{"the name has 129 bytes, more than 128"}},
		{"colon", health.Check{Name: "a:b", Run: pass}, []string{`the name "a:b" has a colon or a character that is not printable`}},
		{"line", health.Check{Name: "a\nb", Run: pass}, []string{`the name "a\nb" has a colon or a character that is not printable`}},
		{"not UTF-8", health.Check{Name: "a\xff", Run: pass}, []string{`the name "a\xff" has a colon or a character that is not printable`}},
		{"time-out of a period", health.Check{Name: "a", Run: pass, Every: time.Second, Within: time.Second}, nil},
		{
			"time-out above the period",
			health.Check{Name: "a", Run: pass, Every: time.Second, Within: 2 * time.Second},
			[]string{"the time-out of 2s is longer than the period of 1s"},
		},
		{
			"time-out above the default period",
			health.Check{Name: "a", Run: pass, Within: 11 * time.Second},
			[]string{"the time-out of 11s is longer than the period of 10s"},
		},
		{"short period", health.Check{Name: "a", Run: pass, Every: time.Second}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, tt.check.Faults())
		})
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for want, parts := range map[string][]string{
		"pool/strings":                {"pool", "strings"},
		"pool/http_//a_80 b":          {"pool", "http://a:80 b"},
		"breaker/a_b_":                {"breaker", "a\nb\xff"},
		strings.Repeat("é", 64):       {strings.Repeat("é", 65)},
		"x" + strings.Repeat("é", 63): {"x" + strings.Repeat("é", 64)},
	} {
		got := health.Name(parts...)
		require.Equal(t, want, got)
		require.Empty(t, health.Check{Name: got, Run: pass}.Faults())
	}
}
