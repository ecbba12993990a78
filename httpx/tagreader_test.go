package httpx_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/httpx"
)

// evenTags reads the tag even: a number must be even.
type evenTags struct{}

func (*evenTags) Tags() []string { return []string{"even"} }

func (*evenTags) Compile(t reflect.Type) (func(v any) []httpx.TagFault, error) {
	return func(v any) []httpx.TagFault {
		var all []httpx.TagFault
		for _, sf := range reflect.VisibleFields(t) {
			if within, ok := sf.Tag.Lookup("even"); ok && reflect.ValueOf(v).Elem().FieldByIndex(sf.Index).Int()%2 != 0 {
				all = append(all, httpx.TagFault{Field: sf.Name, Within: within, Detail: "must be even"})
			}
		}
		return all
	}, nil
}

type evenRequest struct {
	Page int `query:"page" even:""`
	Size int `json:"size" even:"/x" maximum:"9"`
}

func TestReadTags(t *testing.T) {
	t.Parallel()
	svc := echo[evenRequest]("POST", "/")
	h := mounted(t, svc, httpx.ReadTags(new(evenTags)))
	require.Equal(t, 200, ask(t, h, "POST", "/?page=2", `{"size":4}`).status)
	require.Equal(t, []string{"query:page: must be even", "/size/x: must be even"}, ask(t, h, "POST", "/?page=1", `{"size":3}`).faults(t))
	require.Equal(t, []string{"/size: must be at most 9"}, ask(t, h, "POST", "/?page=1", `{"size":11}`).faults(t))
	require.Equal(t, 200, ask(t, mounted(t, svc), "POST", "/?page=1", `{"size":3}`).status)

	for _, r := range []httpx.TagReader{nil, (*evenTags)(nil)} {
		require.ErrorContains(t, httpx.Mount(http.NewServeMux(), svc, httpx.ReadTags(r)), "option ReadTags: the reader is nil")
	}
}
