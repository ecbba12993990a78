package openapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
)

type (
	diff1 struct {
		ID    string   `path:"id"`
		Limit int      `query:"limit" minimum:"1" maximum:"10" default:"5"`
		Old   string   `query:"old"`
		Name  string   `json:"name" required:"true" maxLength:"10"`
		Kind  string   `json:"kind" required:"true" enum:"a,b"`
		Note  string   `json:"note"`
		Count int32    `json:"count"`
		Tags  []string `json:"tags" maxItems:"5"`
		Next  *diff1in `json:"next"`
	}
	diff1in struct {
		Deep string   `json:"deep"`
		Next *diff1in `json:"next"`
	}
	diff2 struct {
		Key   string   `path:"key"`
		Limit int      `query:"limit" minimum:"2" maximum:"20" default:"6"`
		New   string   `query:"new" required:"true"`
		More  string   `query:"more"`
		Name  string   `json:"name" maxLength:"20"`
		Kind  string   `json:"kind" required:"true" enum:"b,c"`
		Note  string   `json:"note" required:"true"`
		Count int64    `json:"count"`
		Tags  []string `json:"tags" maxItems:"4"`
		Added string   `json:"added"`
		Next  *diff2in `json:"next"`
	}
	diff2in struct {
		Next *diff2in `json:"next"`
		Deep int      `json:"deep"`
	}
	answer1 struct {
		Tag  string `header:"X-Tag"`
		Gone string `header:"X-Gone"`
		A    string `json:"a"`
		B    string `json:"b"`
		C    string `json:"c,omitzero"`
		Kind string `json:"kind" enum:"a,b"`
	}
	answer2 struct {
		Tag   int    `header:"X-Tag"`
		A     string `json:"a,omitzero"`
		C     string `json:"c"`
		D     string `json:"d"`
		Kind  string `json:"kind" enum:"b,c"`
		Fresh string `header:"X-Fresh"`
	}
)

func TestDiff(t *testing.T) {
	t.Parallel()
	old := openapi.New("x", "1", of[diff1, answer1]("POST", "/a/{id}", httpx.Named("s"), httpx.Fails(zoo.ErrNoAnimal)),
		openapi.And(of[byID, endpoint.Empty]("GET", "/gone/{id}", httpx.Named("gone"))))
	now := openapi.New("x", "2", of[diff2, answer2]("POST", "/a/{key}", httpx.Named("t"), httpx.Fails(zoo.ErrNoCage, zoo.ErrAsleep)),
		openapi.And(of[byID, endpoint.Empty]("PUT", "/gone/{id}", httpx.Named("gone"), httpx.Status(204))))
	require.NoError(t, old.Err())
	require.NoError(t, now.Err())
	changes, err := openapi.Diff(old.JSON(), now.JSON())
	require.NoError(t, err)
	var got []string
	for _, c := range changes {
		got = append(got, c.String())
	}
	require.Equal(t, strings.Split(strings.TrimSpace(`
harmless: POST /a/{id}: the operation id "s.Do" is now "t.Do", by which generated clients name it
breaking: POST /a/{id}: query parameter limit: minimum is now 2, not 1
harmless: POST /a/{id}: query parameter limit: maximum is now 20, not 10
breaking: POST /a/{id}: query parameter limit: the default is now 6, not 5
breaking: POST /a/{id}: query parameter old: it is gone
breaking: POST /a/{key}: query parameter new: a new one, which is required
harmless: POST /a/{key}: query parameter more: a new one
`), "\n"), got[:7])
	for want := range strings.SplitSeq(strings.TrimSpace(`
harmless: POST /a/{id}: request body, at /name: maxLength is now 20, not 10
breaking: POST /a/{id}: request body, at /kind: the value "a" is gone
harmless: POST /a/{id}: request body, at /kind: a new value "c"
breaking: POST /a/{id}: request body: the member note is always there now
harmless: POST /a/{id}: request body: the member name may be absent now
harmless: POST /a/{id}: request body, at /count: the format int32 is now int64
breaking: POST /a/{id}: request body, at /tags: maxItems is now 4, not 5
harmless: POST /a/{id}: request body: a new member added
breaking: POST /a/{id}: request body, at /next/deep: it may no longer be of type string
harmless: POST /a/{id}: request body, at /next/deep: it may be of type integer now
breaking: POST /a/{id}: response 200: the member b is gone
breaking: POST /a/{id}: response 200: the member a may be absent now
harmless: POST /a/{id}: response 200: the member c is always there now
harmless: POST /a/{id}: response 200: a new member d
harmless: POST /a/{id}: response 200, at /kind: the value "a" is gone
breaking: POST /a/{id}: response 200, at /kind: a new value "c"
breaking: POST /a/{id}: response 200, header X-Gone: it is gone
harmless: POST /a/{id}: response 200, header X-Fresh: a new one
breaking: POST /a/{id}: response 200, header X-Tag: it may be of type integer now
harmless: POST /a/{id}: response 404: the error zoo.NO_ANIMAL is gone
harmless: POST /a/{id}: response 404: a new error zoo.NO_CAGE
harmless: POST /a/{key}: response 503: a new one
breaking: GET /gone/{id}: the operation is gone
harmless: PUT /gone/{id}: a new operation
`), "\n") {
		require.Contains(t, got, want)
	}
}

// TestDiffOfOne checks that a document does not differ from itself, in either version.
func TestDiffOfOne(t *testing.T) {
	t.Parallel()
	d := zoo.Document()
	for _, text := range [][2][]byte{{d.JSON(), d.JSON()}, {d.JSON32(), d.JSON32()}} {
		changes, err := openapi.Diff(text[0], text[1])
		require.NoError(t, err)
		require.Empty(t, changes)
	}
}

// TestDiffNames checks that the name of a schema does not matter.
func TestDiffNames(t *testing.T) {
	t.Parallel()
	d := zoo.Document().JSON()
	renamed := strings.ReplaceAll(strings.ReplaceAll(string(d), `schemas/Animal"`, `schemas/Beast"`), `"Animal": {`, `"Beast": {`)
	require.NotEqual(t, string(d), renamed)
	changes, err := openapi.Diff(d, []byte(renamed))
	require.NoError(t, err)
	require.Empty(t, changes)
}

func TestDiffFaults(t *testing.T) {
	t.Parallel()
	ok := zoo.Document().JSON()
	for name, bad := range map[string]string{
		"not JSON": "{", "no object": "[]", "another version": `{"swagger": "2.0"}`,
		"a lost reference":  `{"openapi": "3.1.0", "paths": {"/animals": {"$ref": "#/x"}}}`,
		"a circle":          `{"openapi": "3.1.0", "paths": {"/animals": {"$ref": "#/components/a"}}, "components": {"a": {"$ref": "#/components/a"}}}`,
		"more than a value": `{"openapi": "3.1.0"} {}`,
	} {
		_, err := openapi.Diff(ok, []byte(bad))
		require.Error(t, err, name)
		_, err = openapi.Diff([]byte(bad), ok)
		require.Error(t, err, name)
	}
}

// FuzzDiff checks that Diff ends, whatever it reads.
func FuzzDiff(f *testing.F) {
	d := zoo.Document()
	f.Add(d.JSON(), d.JSON32())
	f.Add([]byte(`{"openapi":"3.1.0","paths":{"/":{"get":{"responses":{"200":{"$ref":"#/"}}}}}}`), d.JSON())
	f.Fuzz(func(_ *testing.T, old, now []byte) { _, _ = openapi.Diff(old, now) })
}
