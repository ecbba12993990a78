package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const (
		one   = `{"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}`
		two   = `{"openapi": "3.1.0", "paths": {"/a": {"get": {}, "put": {}}}}`
		other = `{"openapi": "3.1.0", "paths": {"/b": {"get": {}}}}`
	)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "x.json")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		out  string
	}{
		"the same":      {[]string{file(one), file(one)}, 0, ""},
		"harmless":      {[]string{file(one), file(two)}, 0, "harmless: PUT /a: a new operation\n"},
		"breaking":      {[]string{file(one), file(other)}, 1, "breaking: GET /a: the operation is gone\nharmless: GET /b: a new operation\n"},
		"only breaking": {[]string{"-breaking", file(one), file(other)}, 1, "breaking: GET /a: the operation is gone\n"},
		"one file":      {[]string{file(one)}, 2, ""},
		"no file":       {[]string{file(one), "nowhere"}, 2, ""},
		"no document":   {[]string{file(`[]`), file(one)}, 2, ""},
		"a wrong flag":  {[]string{"-x"}, 2, ""},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, tt.code, run(tt.args, &out, &errs), name)
		require.Equal(t, tt.out, out.String(), name)
		require.Equal(t, tt.code == 2, errs.Len() > 0, name)
	}
}
