package openapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo"
)

var update = flag.Bool("update", false, "write the golden documents")

// TestGolden compares the documents of a service with every kind of thing.
func TestGolden(t *testing.T) {
	t.Parallel()
	d := zoo.Document()
	require.NoError(t, d.Err())
	for name, got := range map[string][]byte{
		"zoo.json": d.JSON(), "zoo.yaml": d.YAML(), "zoo-3.2.json": d.JSON32(), "zoo-3.2.yaml": d.YAML32(),
	} {
		file := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(file, got, 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err, "write it with -update")
		require.Equal(t, string(want), string(got), name)
	}
}

func TestNewIsDeterministic(t *testing.T) {
	t.Parallel()
	want := zoo.Document()
	for range 5 {
		d := zoo.Document()
		require.Equal(t, string(want.JSON()), string(d.JSON()))
		require.Equal(t, string(want.YAML32()), string(d.YAML32()))
	}
}

// solo is a service of one endpoint.
type solo[Req, Resp any] struct {
	Do endpoint.Endpoint[Req, Resp]

	method, path string
	opts         []httpx.RouteOption
}

func (s *solo[Req, Resp]) HTTP(r *httpx.Routes) { r.Handle(s.method, s.path, &s.Do, s.opts...) }

// of returns a service with a route of these types.
func of[Req, Resp any](method, path string, opts ...httpx.RouteOption) *solo[Req, Resp] {
	return &solo[Req, Resp]{method: method, path: path, opts: opts}
}

type badExamples struct {
	N int      `json:"n" example:"many"`
	M int      `json:"m" maximum:"3" example:"4"`
	L []string `json:"l" example:"a"`
	P *int     `json:"p" example:"1"`
}

func TestFaults(t *testing.T) {
	t.Parallel()
	d := openapi.New("", "", of[badExamples, endpoint.Empty]("POST", "/x"),
		openapi.Server("", ""), openapi.License("", ""), openapi.Tag("", ""), openapi.Prefix("x"),
		openapi.Schema(badExamples{}, "[]"), nil,
		openapi.And(new(zoo.Zoo), openapi.Description("x"), openapi.And(nil)))
	require.Error(t, d.Err())
	require.Empty(t, d.JSON())
	for _, want := range []string{
		"the title is empty", "the version is empty", "option Server: the URL is empty", "option License: the name is empty",
		"option Tag: the name is empty", `option Prefix: "x" does not begin with a slash`, "option Schema: the schema of openapi_test.badExamples is not a JSON object",
		"a nil option", "option Description belongs to the document, not to And", "option And belongs to the document, not to And",
	} {
		require.ErrorContains(t, d.Err(), want)
	}
	d = openapi.New("x", "1", of[badExamples, endpoint.Empty]("POST", "/x"))
	require.EqualError(t, d.Err(), strings.Join([]string{
		`openapi_test.badExamples: field N: tag example "many": must be an integer`,
		`openapi_test.badExamples: field M: tag example "4": must be at most 3`,
		`openapi_test.badExamples: field L: tag example "a": it is not JSON for []string, but "invalid request: not valid JSON at byte 0"`,
	}, "\n"))
	require.PanicsWithValue(t, "openapi: "+d.Err().Error(), func() { d.Handler() })
	require.Error(t, openapi.New("x", "1", nil).Err())
}

type clashing struct {
	A endpoint.Endpoint[byID, endpoint.Empty]
	B endpoint.Endpoint[byPath, endpoint.Empty]
}

type byID struct {
	ID string `path:"id"`
}

type byPath struct {
	Path string `path:"path"`
}

func (s *clashing) HTTP(r *httpx.Routes) {
	r.GET("/a/{id}", &s.A)
	r.GET("/a/{path...}", &s.B)
}

// TestPaths checks what a document cannot tell apart, and that paths with other names of
// their parameters are one path.
func TestPaths(t *testing.T) {
	t.Parallel()
	require.EqualError(t, openapi.New("x", "1", new(clashing)).Err(), "clashing.A and clashing.B are both GET /a/{id} in a document")
	d := openapi.New("x", "1", of[byID, endpoint.Empty]("GET", "/a/{id}"), openapi.Prefix("/v1/"),
		openapi.And(of[byPath, endpoint.Empty]("PUT", "/a/{path}", httpx.Named("other")), openapi.Prefix("/v1")))
	require.NoError(t, d.Err())
	paths := at(t, d.JSON(), "paths")
	require.Len(t, paths, 1)
	require.Equal(t, "id", at(t, d.JSON(), "paths", "/v1/a/{id}", "put", "parameters", "0", "name"))
}
