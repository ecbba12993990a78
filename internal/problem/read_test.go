package problem_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/problem"
)

// TestReadStart reads documents that are longer than a reader takes: the members that
// are whole are kept.
func TestReadStart(t *testing.T) {
	t.Parallel()
	const start = `{"code":"NOT_FOUND","domain":"shop","errors":[{"pointer":"/a"},`
	for name, tt := range map[string]struct {
		body string
		cut  bool
	}{
		"in a fault":  {start + `{"pointer":"/b`, true},
		"beyond 64 K": {start + `{"pointer":"/` + strings.Repeat("b", bounds.ErrorBytes) + `"}]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ok := problem.Read([]byte(tt.body), tt.cut)
			require.True(t, ok)
			require.Equal(t, "NOT_FOUND", d.Code)
			require.Equal(t, problem.Violation{Pointer: "/a"}, d.Errors[0])
		})
	}
}

// TestReadMany reads a document with more members of one kind than a reader takes.
func TestReadMany(t *testing.T) {
	t.Parallel()
	d, ok := problem.Read([]byte(`{"code":"NOT_FOUND","errors":[`+strings.Repeat(`{},`, bounds.Members)+`{}],"domain":"shop"}`), false)
	require.True(t, ok)
	require.Len(t, d.Errors, bounds.Members)
	require.Equal(t, "shop", d.Domain)
}

// FuzzRead reads any bytes.
func FuzzRead(f *testing.F) {
	for _, s := range []string{``, `{}`, `[]`, `{"code":"NOT_FOUND","errors":[{"pointer":"/a"}],"meta":{"a":"b"},"help":[{}]}`, `{"errors":[[[[`} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, cut bool) {
		d, ok := problem.Read(body, cut)
		if ok && (len(d.Errors) > bounds.Members || len(d.Help) > bounds.Members || len(d.Meta) > bounds.Members) {
			t.Fatalf("Read(%q, %v) has more members than it may", body, cut)
		}
		_ = d.ToError(d)
	})
}
