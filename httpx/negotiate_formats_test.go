package httpx_test

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

type word struct {
	W string `json:"w" xml:"w"`
}

func TestFormats(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[word]("POST", "/"), httpx.Formats(codec.JSON(), codec.XML()))
	const asXML = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<word><w>hi</w></word>`
	tests := map[string]struct {
		header []string
		body   string
		status int
		want   string
	}{
		"by default":     {nil, `{"w":"hi"}`, 200, `{"w":"hi"}`},
		"XML in":         {[]string{"Content-Type", "application/xml"}, asXML, 200, `{"w":"hi"}`},
		"XML out":        {[]string{"Accept", "application/xml"}, `{"w":"hi"}`, 200, asXML},
		"XML both":       {[]string{"Content-Type", "application/xml; charset=UTF-8", "Accept", "application/xml, */*;q=0.1"}, asXML, 200, asXML},
		"best q":         {[]string{"Accept", "application/json;q=0.5, application/xml;q=0.6"}, `{"w":"hi"}`, 200, asXML},
		"suffix":         {[]string{"Content-Type", "application/vnd.x+xml"}, asXML, 415, `accepted: application/json, application/xml`},
		"neither":        {[]string{"Accept", "text/plain"}, `{"w":"hi"}`, 406, `offered: application/json, application/xml`},
		"another type":   {[]string{"Content-Type", "text/plain"}, `hi`, 415, `accepted: application/json, application/xml`},
		"broken XML":     {[]string{"Content-Type", "application/xml"}, `<word>`, 400, `not valid XML in line 1`},
		"XML without it": {nil, asXML, 400, `not valid JSON at byte 0`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, h, "POST", "/", tt.body, tt.header...)
			require.Equal(t, tt.status, a.status, a.body)
			require.Contains(t, a.body, tt.want)
			if tt.status == http.StatusOK {
				require.Equal(t, "Accept", a.header.Get("Vary"))
			}
		})
	}
	url := listen(t, h)
	for _, f := range []codec.Format{codec.JSON(), codec.XML()} {
		c := route[word, word]("POST", "/", nil)
		dial(t, url, c, httpx.Formats(f))
		got, err := c.Do(t.Context(), word{"hi"})
		require.NoError(t, err)
		require.Equal(t, word{"hi"}, got)
	}
}

// TestDeclaredSuffix has a type with a structured suffix, which is read where it is
// declared: by a service or by a route. A client reads an answer whatever its type.
func TestDeclaredSuffix(t *testing.T) {
	t.Parallel()
	const media = "application/vnd.shop.v1+json"
	named, err := codec.Of[word](codec.As(codec.JSON(), media), codec.Options{})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		svc   *one[word, word]
		opts  []httpx.Option
		plain int // the status of a body of application/json
	}{
		"a route":             {echo[word]("POST", "/", httpx.RequestCodec(named)), nil, 415},
		"a service":           {echo[word]("POST", "/"), []httpx.Option{httpx.Formats(codec.JSON(), codec.As(codec.JSON(), media))}, 200},
		"one with parameters": {echo[word]("POST", "/"), []httpx.Option{httpx.Formats(codec.As(codec.JSON(), media+"; charset=utf-8"))}, 415},
	} {
		h := mounted(t, tt.svc, tt.opts...)
		require.Equal(t, 200, ask(t, h, "POST", "/", `{"w":"hi"}`, "Content-Type", media).status, name)
		require.Equal(t, 200, ask(t, h, "POST", "/", `{"w":"hi"}`, "Content-Type", "Application/VND.shop.v1+JSON", "Accept", media+", */*;q=0.1").status, name)
		require.Equal(t, tt.plain, ask(t, h, "POST", "/", `{"w":"hi"}`, "Content-Type", "application/json").status, name)
		require.Equal(t, 415, ask(t, h, "POST", "/", `{"w":"hi"}`, "Content-Type", "application/vnd.shop.v2+json").status, name)
	}
	for _, media := range []string{"application/vnd.shop.v1+json", "text/plain", ""} {
		c := route[word, word]("POST", "/", nil)
		dial(t, listen(t, answering(200, `{"w":"hi"}`, "Content-Type", media)), c)
		got, err := c.Do(t.Context(), word{"hi"})
		require.NoError(t, err, media)
		require.Equal(t, word{"hi"}, got)
		dial(t, listen(t, answering(409, `{"code":"ABORTED","detail":"taken"}`, "Content-Type", media)), c)
		_, err = c.Do(t.Context(), word{"hi"})
		require.Equal(t, endpoint.Aborted, endpoint.CodeOf(err), media)
	}
}

type signUp struct {
	List string                `path:"list"`
	Mail string                `form:"mail" required:"true"`
	Age  codec.Optional[uint8] `form:"age"`
}

func TestForms(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		c := pair(t, r, route("POST", "/lists/{list}", func(_ context.Context, s signUp) (word, error) {
			if _, ok := s.Age.Get(); ok {
				return word{s.List + " " + s.Mail + " with age"}, nil
			}
			return word{s.List + " " + s.Mail}, nil
		}))
		got, err := c.Do(t.Context(), signUp{List: "a/b", Mail: "x&y@example.com"})
		require.NoError(t, err)
		require.Equal(t, word{"a/b x&y@example.com"}, got)
		got, err = c.Do(t.Context(), signUp{List: "l", Mail: "m", Age: codec.Some[uint8](7)})
		require.NoError(t, err)
		require.Equal(t, word{"l m with age"}, got)

		const form = "application/x-www-form-urlencoded"
		a := ask(t, r, "POST", "/lists/l", "age=x&other=1", "Content-Type", form)
		require.ElementsMatch(t, []string{"/mail: missing", "/age: must be an integer", "/other: unknown field"}, a.faults(t))
		a = ask(t, r, "POST", "/lists/l", "list=other&mail=m", "Content-Type", form)
		require.Equal(t, []string{"/list: unknown field"}, a.faults(t), "a body set a path parameter")
		a = ask(t, r, "POST", "/lists/l", `{"mail":"m"}`, "Content-Type", "application/json")
		require.Equal(t, http.StatusUnsupportedMediaType, a.status)
	})
}

// rows is a codec of one type.
type rows struct{}

var errRagged = errors.New("ragged")

func (rows) MediaType() string { return "text/csv" }

func (rows) Append(dst []byte, v [][]string) ([]byte, error) {
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(v); err != nil {
		return dst, err
	}
	return append(dst, b.String()...), nil
}

func (rows) Decode(src []byte, v *[][]string) error {
	all, err := csv.NewReader(strings.NewReader(string(src))).ReadAll()
	if err != nil {
		return codec.ErrInvalid.WithViolations(endpoint.Violation{Detail: "not a table"}).WithCause(errors.Join(errRagged, err))
	}
	*v = all
	return nil
}

type upload struct {
	Name string     `path:"name"`
	Rows [][]string `body:"true"`
}

func TestCodecsOfARoute(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, r muxer) {
		c := pair(t, r, route("PUT", "/tables/{name}", func(_ context.Context, u upload) ([][]string, error) { return u.Rows, nil },
			httpx.RequestCodec(rows{}), httpx.ResponseCodec(rows{})))
		got, err := c.Do(t.Context(), upload{Name: "t", Rows: [][]string{{"a", "b,c"}, {"1", "2"}}})
		require.NoError(t, err)
		require.Equal(t, [][]string{{"a", "b,c"}, {"1", "2"}}, got)
		a := ask(t, r, "PUT", "/tables/t", "a,b\nc\n", "Content-Type", "text/csv")
		require.Equal(t, []string{": not a table"}, a.faults(t))
		a = ask(t, r, "PUT", "/tables/t", "a,b\n", "Content-Type", "text/csv")
		require.Equal(t, "text/csv", a.header.Get("Content-Type"))
		require.Equal(t, http.StatusUnsupportedMediaType, ask(t, r, "PUT", "/tables/t", "[]", "Content-Type", "application/json").status)
	})
}

func TestCodecOfAnotherType(t *testing.T) {
	t.Parallel()
	err := httpx.Mount(http.NewServeMux(), echo[word]("POST", "/", httpx.RequestCodec(rows{}), httpx.ResponseCodec(rows{})))
	require.ErrorContains(t, err, "request: the codec of text/csv is for [][]string, and the body is httpx_test.word")
	require.ErrorContains(t, err, "response: the codec of text/csv is for [][]string, and the body is httpx_test.word")
}
