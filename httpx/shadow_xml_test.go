package httpx_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

type (
	// Book has parameters of requests and of responses beside members, and
	// structs in it with more of both.
	Book struct {
		ID     string                 `path:"id" json:"-" xml:"-"`
		Shelf  int                    `query:"shelf" json:"-" xml:"-"`
		ETag   string                 `header:"ETag" json:"-"`
		Seen   string                 `cookie:"seen" json:"-"`
		Lang   string                 `json:"lang" xml:"lang,attr"`
		Title  string                 `json:"title" xml:"title"`
		Tags   []string               `json:"tags" xml:"tags>tag"`
		At     time.Time              `json:"at" xml:"at"`
		Pages  codec.Optional[int]    `json:"pages,omitzero" xml:"pages"`
		Sequel codec.Optional[Author] `json:"sequel,omitzero" xml:"sequel"`
		Author
		Press
		*Seller
	}
	Author struct {
		Name string `json:"name" xml:"name"`
	}
	// Press has a parameter of its own, and a method.
	Press struct {
		By    string `header:"X-By" json:"-"`
		House string `json:"house" xml:"house"`
	}
	Seller struct {
		Price float64 `json:"price" xml:"price"`
	}
	// Rooted names its root element.
	Rooted struct {
		XMLName xml.Name `json:"-" xml:"urn:x root"`
		ETag    string   `header:"ETag"`
		A       int      `json:"a" xml:"a"`
	}
	// PageOf is generic.
	PageOf[T any] struct {
		ETag  string `header:"ETag"`
		Items []T    `json:"items" xml:"item"`
	}
)

func (Press) String() string { return "press" }
func (*Seller) Open() bool   { return true }

const declaration = xml.Header

// TestXMLBesideParameters has bodies in XML of types with parameters, from the
// outside and from a client, in both directions.
func TestXMLBesideParameters(t *testing.T) {
	t.Parallel()
	both := httpx.Formats(codec.JSON(), codec.XML())
	onRouters(t, func(t *testing.T, r muxer) {
		require.NoError(t, httpx.Mount(r, echo[Book]("PUT", "/books/{id}"), both))
		require.NoError(t, httpx.Mount(r, echo[Rooted]("POST", "/rooted"), both))
		require.NoError(t, httpx.Mount(r, echo[PageOf[Author]]("POST", "/pages"), both))
		send := func(method, path, body string) answer {
			return ask(t, r, method, path, body, "Content-Type", "application/xml", "Accept", "application/xml",
				"ETag", `"1"`, "X-By", "ada", "Cookie", "seen=y")
		}
		const book = `<Book lang="en"><title>T</title><tags><tag>a</tag><tag>b</tag></tags><at>2024-02-29T12:00:00Z</at>` +
			`<pages>7</pages><name>N</name><house>H</house><price>1.5</price></Book>`
		a := send("PUT", "/books/9?shelf=3", book)
		require.Equal(t, 200, a.status, a.body)
		require.Equal(t, declaration+book, a.body)
		require.Equal(t, `"1"`, a.header.Get("ETag"))
		require.Equal(t, "ada", a.header.Get("X-By"))
		require.Equal(t, "seen=y; Path=/; HttpOnly; SameSite=Lax", a.header.Get("Set-Cookie"))

		// A body can no more set a parameter than one in JSON, and shows none.
		a = send("PUT", "/books/9", `<any><ETag>x</ETag><By>x</By><Seen>x</Seen><title>T</title></any>`)
		require.Equal(t, 200, a.status, a.body)
		require.Equal(t, declaration+`<Book lang=""><title>T</title><tags></tags><at>0001-01-01T00:00:00Z</at><name></name><house></house></Book>`, a.body)
		require.Equal(t, `"1"`, a.header.Get("ETag"))

		a = send("POST", "/rooted", `<root xmlns="urn:x"><a>5</a></root>`)
		require.Equal(t, declaration+`<root xmlns="urn:x"><a>5</a></root>`, a.body)
		require.Equal(t, 400, send("POST", "/rooted", `<other><a>5</a></other>`).status)
		a = send("POST", "/pages", `<PageOf><item><name>N</name></item></PageOf>`)
		require.Equal(t, declaration+`<PageOf><item><name>N</name></item></PageOf>`, a.body)

		c := route[Book, Book]("PUT", "/books/{id}", nil)
		dial(t, listen(t, r), c, httpx.Formats(codec.XML()))
		want := Book{
			ID: "9", ETag: `"2"`, Seen: "s", Lang: "ü", Title: "<&>", Tags: []string{"a"}, At: time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
			Sequel: codec.Some(Author{"S"}), Author: Author{"N"}, Press: Press{"b", "H"}, Seller: &Seller{2},
		}
		got, err := c.Do(t.Context(), want)
		require.NoError(t, err)
		want.ID = "" // which a response has no place for
		require.Equal(t, want, got)
	})
}

// TestXMLNull has what XML cannot say.
func TestXMLNull(t *testing.T) {
	t.Parallel()
	h := mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (Book, error) {
		var b Book
		b.Pages.SetNull()
		return b, nil
	}), httpx.Formats(codec.XML()))
	require.Equal(t, 500, ask(t, h, "GET", "/", "").status)
}

type ownXML struct {
	ETag string `header:"ETag"`
	A    int    `json:"a"`
}

func (ownXML) MarshalXML(*xml.Encoder, xml.StartElement) error    { return nil }
func (*ownXML) UnmarshalXML(*xml.Decoder, xml.StartElement) error { return nil }

// TestXMLFaults has types that speak JSON and no XML: whoever adds the format
// hears of it at construction.
func TestXMLFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		svc  httpx.Service
		want string
	}{
		"a form of its own": {route("GET", "/", none[endpoint.Empty, ownXML]), "it has a form of its own in XML"},
		"a map":             {route("GET", "/", none[endpoint.Empty, map[string]int]), "map has no form in XML"},
		"a list":            {route("GET", "/", none[endpoint.Empty, []Text]), "no name for the root element"},
		"no name": {route("GET", "/", none[endpoint.Empty, struct {
			ETag string `header:"ETag"`
			A    int
		}]), "no name for the root element"},
		"a map inside": {route("GET", "/", none[endpoint.Empty, struct {
			XMLName xml.Name `xml:"x"`
			ETag    string   `header:"ETag"`
			M       map[string]int
		}]), "M: a map has no form in XML"},
		"required": {route("POST", "/", none[struct {
			XMLName xml.Name `xml:"x" json:"-"`
			A       int      `required:"true"`
		}, endpoint.Empty]), "A: a member that is required has no form in XML"},
		"names that conflict": {route("GET", "/", none[endpoint.Empty, struct {
			XMLName xml.Name `xml:"x" json:"-"`
			A       int      `xml:"a" json:"a"`
			B       int      `xml:"a>b" json:"b"`
		}]), "conflicts with field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, httpx.Mount(http.NewServeMux(), tt.svc))
			require.ErrorContains(t, httpx.Mount(http.NewServeMux(), tt.svc, httpx.Formats(codec.JSON(), codec.XML())), tt.want)
		})
	}
}
