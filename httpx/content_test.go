package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/codec/msgpack"
	"github.com/typedkit/endpoint/httpx"
)

// goods is a body with defaults; XML names its root element.
type goods struct {
	Name  string                `json:"name" xml:"name" required:"true"`
	Qty   int                   `json:"qty" xml:"qty" default:"1"`
	Note  *string               `json:"note" default:"none"`
	Rate  codec.Optional[uint8] `json:"rate,omitzero" default:"7"`
	Every time.Duration         `json:"every" default:"1h"`
	Plain int                   `json:"plain"`
	Crate
}

// Crate is embedded in goods.
type Crate struct {
	Size  string `json:"size" default:"m"`
	Color string `default:"red"`
}

func (g goods) String() string {
	note := "nil"
	if g.Note != nil {
		note = *g.Note
	}
	return fmt.Sprint(g.Name, " ", g.Qty, " ", note, " ", g.Rate.Or(0), " ", g.Every, " ", g.Plain, " ", g.Size, " ", g.Color)
}

type (
	putGoods[T any] struct {
		ID   string `path:"id"`
		Body T      `body:"true"`
	}
	said struct {
		Text string `json:"text"`
	}
)

// saying returns a service that says what it got.
func saying[T any](opts ...httpx.RouteOption) *one[putGoods[T], said] {
	return route("PUT", "/{id}", func(_ context.Context, in putGoods[T]) (said, error) {
		switch body := any(in.Body).(type) {
		case *goods:
			if body == nil {
				return said{"absent"}, nil
			}
			return said{body.String()}, nil
		case codec.Optional[goods]:
			if body.IsZero() {
				return said{"absent"}, nil
			}
			return said{body.Or(goods{}).String()}, nil
		}
		return said{fmt.Sprint(in.Body)}, nil
	}, opts...)
}

// TestDefaultsOfWholeBody has a field that is the whole body, in each of its forms:
// defaults and required work inside of it as they do in a request of its own.
func TestDefaultsOfWholeBody(t *testing.T) {
	t.Parallel()
	for name, svc := range map[string]httpx.Service{"value": saying[goods](), "pointer": saying[*goods](), "optional": saying[codec.Optional[goods]]()} {
		h := mounted(t, svc)
		for body, want := range map[string]string{
			`{"name":"a"}`: "a 1 none 7 1h0m0s 0 m red",
			`{"name":"a","qty":0,"note":null,"rate":0,"every":"0s","size":"","Color":""}`: "a 0 nil 0 0s 0  ",
			`{"name":"a","qty":3,"note":"n","rate":8,"every":"1s","plain":2,"size":"l"}`:  "a 3 n 8 1s 2 l red",
		} {
			a := ask(t, h, "PUT", "/1", body)
			require.Equal(t, 200, a.status, "%s: %s", name, a.body)
			require.JSONEq(t, `{"text":"`+want+`"}`, a.body, name)
		}
		require.Equal(t, []string{"/name: missing"}, ask(t, h, "PUT", "/1", `{}`).faults(t), name)
		require.Equal(t, []string{"/qty: must not be null", "/name: missing"}, ask(t, h, "PUT", "/1", `{"qty":null}`).faults(t), name)
		require.Equal(t, []string{": must not be null"}, ask(t, h, "PUT", "/1", `null`).faults(t), name)
	}
	// A response has no defaults.
	type reply struct {
		Body goods `body:"true"`
	}
	h := mounted(t, route("GET", "/", none[endpoint.Empty, reply]))
	require.Contains(t, ask(t, h, "GET", "/", "").body, `"qty":0`)
}

// TestDefaultsThroughClient has a client leave out what is zero and has a default, in
// each format, so that the server's default applies. A pointer and an Optional send zero.
func TestDefaultsThroughClient(t *testing.T) {
	t.Parallel()
	for _, f := range []codec.Format{codec.JSON(), cbor.Format(), msgpack.Format()} {
		name := f.MediaType()
		value, pointer, opt := saying[goods](), saying[*goods](), saying[codec.Optional[goods]]()
		for _, svc := range []httpx.Service{value, pointer, opt} {
			url := listen(t, mounted(t, svc, httpx.Formats(f)))
			dial(t, url, svc, httpx.Formats(f))
		}
		zero := goods{Name: "a", Note: new(""), Rate: codec.Some[uint8](0)}
		for in, want := range map[*goods]string{
			{Name: "a"}: "a 1 none 7 1h0m0s 0 m red",
			&zero:       "a 1  0 1h0m0s 0 m red",
			{Name: "a", Qty: 2, Every: time.Second, Plain: 3, Crate: Crate{"s", "blue"}}: "a 2 none 7 1s 3 s blue",
		} {
			got, err := value.Do(t.Context(), putGoods[goods]{"1", *in})
			require.NoError(t, err, name)
			require.Equal(t, want, got.Text, name)
			got, err = pointer.Do(t.Context(), putGoods[*goods]{"1", in})
			require.NoError(t, err, name)
			require.Equal(t, want, got.Text, name)
			got, err = opt.Do(t.Context(), putGoods[codec.Optional[goods]]{"1", codec.Some(*in)})
			require.NoError(t, err, name)
			require.Equal(t, want, got.Text, name)
		}
	}
}

// crate has members with defaults beside nothing else, and in the other formats.
type (
	crateXML struct {
		Qty  int    `xml:"qty" default:"1"`
		Kind string `xml:"kind,attr" default:"box"`
		Note string `xml:"-"`
	}
	crateForm struct {
		Qty  int    `form:"qty" default:"1"`
		Zero *int   `form:"zero" default:"5"`
		Text string `form:"text" default:"t"`
	}
)

// TestDefaultsInOtherFormats has XML and forms.
func TestDefaultsInOtherFormats(t *testing.T) {
	t.Parallel()
	var sent string
	record := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var b strings.Builder
			_ = r.Write(&b)
			sent = b.String()
			_, body, _ := strings.Cut(sent, "\r\n\r\n")
			r.Body = http.MaxBytesReader(w, readCloser{strings.NewReader(body)}, 1<<20)
			h.ServeHTTP(w, r)
		})
	}
	var gotXML crateXML
	xml := route("POST", "/", func(_ context.Context, in crateXML) (said, error) { gotXML = in; return said{"x"}, nil })
	dial(t, listen(t, record(mounted(t, xml, httpx.Formats(codec.XML())))), xml, httpx.Formats(codec.XML()))
	_, err := xml.Do(t.Context(), crateXML{})
	require.NoError(t, err)
	require.Equal(t, crateXML{Qty: 1, Kind: "box"}, gotXML)
	require.Contains(t, sent, "<crateXML></crateXML>")

	var gotForm crateForm
	form := route("POST", "/", func(_ context.Context, in crateForm) (said, error) { gotForm = in; return said{"x"}, nil })
	dial(t, listen(t, mounted(t, form)), form)
	_, err = form.Do(t.Context(), crateForm{Zero: new(0)})
	require.NoError(t, err)
	require.Equal(t, crateForm{Qty: 1, Zero: new(0), Text: "t"}, gotForm)
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestAbsentBody has a whole body that may be absent: a pointer or an Optional.
func TestAbsentBody(t *testing.T) {
	t.Parallel()
	pointer, opt := saying[*goods](), saying[codec.Optional[goods]]()
	for name, svc := range map[string]httpx.Service{"pointer": pointer, "optional": opt} {
		h := mounted(t, svc)
		for _, header := range [][]string{nil, {"Content-Type", "application/json"}} {
			a := ask(t, h, "PUT", "/1", "", header...)
			require.JSONEq(t, `{"text":"absent"}`, a.body, name)
		}
		url := listen(t, h)
		a := fetch(t, "PUT", url+"/1", "")
		require.JSONEq(t, `{"text":"absent"}`, a.body, name)
		require.Equal(t, 400, ask(t, h, "PUT", "/1", " ").status, "white space is a body, and no value")
		dial(t, url, svc)
	}
	got, err := pointer.Do(t.Context(), putGoods[*goods]{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, "absent", got.Text)
	got, err = opt.Do(t.Context(), putGoods[codec.Optional[goods]]{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, "absent", got.Text)
	var null codec.Optional[goods]
	null.SetNull()
	_, err = opt.Do(t.Context(), putGoods[codec.Optional[goods]]{"1", null})
	require.ErrorContains(t, err, "the value is null, which is no body")

	type must struct {
		Body *goods `body:"true" required:"true"`
	}
	h := mounted(t, route("POST", "/", none[must, endpoint.Empty]))
	require.Equal(t, []string{": empty; a JSON value is expected"}, ask(t, h, "POST", "/", "").faults(t))
	c := route[must, endpoint.Empty]("POST", "/", nil)
	dial(t, listen(t, h), c)
	_, err = c.Do(t.Context(), must{})
	require.ErrorContains(t, err, "the value is nil, which is no body")
	// A body that is not a pointer is never absent.
	require.Equal(t, 400, ask(t, mounted(t, saying[goods]()), "PUT", "/1", "").status)
}

// TestEmptyIsNotAbsent has values that are written as no bytes.
func TestEmptyIsNotAbsent(t *testing.T) {
	t.Parallel()
	svc := route("PUT", "/{id}", func(_ context.Context, in putGoods[codec.Optional[string]]) (said, error) {
		v, ok := in.Body.Get()
		return said{fmt.Sprintf("%q %t", v, ok)}, nil
	}, httpx.RequestCodec(optionalText(t)))
	h := mounted(t, svc)
	url := listen(t, h)
	dial(t, url, svc)
	for in, want := range map[codec.Optional[string]]string{
		codec.Some("a"): `"a" true`, codec.Some(""): `"" true`, {}: `"" false`,
	} {
		got, err := svc.Do(t.Context(), putGoods[codec.Optional[string]]{"1", in})
		require.NoError(t, err)
		require.Equal(t, want, got.Text)
	}
}

func optionalText(tb testing.TB) codec.Codec[string] {
	tb.Helper()
	c, err := codec.Of[string](codec.Text(), codec.Options{})
	require.NoError(tb, err)
	return c
}

// TestAbsentBodyOfReply has a client read no body as absent, and a server refuse to
// answer without one, unless the status has none.
func TestAbsentBodyOfReply(t *testing.T) {
	t.Parallel()
	type reply struct {
		Status int                   `status:"true"`
		Body   codec.Optional[goods] `body:"true"`
	}
	c := route[endpoint.Empty, reply]("GET", "/", nil)
	dial(t, listen(t, answering(200, "")), c)
	got, err := c.Do(t.Context(), endpoint.Empty{})
	require.NoError(t, err)
	require.True(t, got.Body.IsZero())

	var hooked error
	hook := httpx.ErrorHook(func(_ context.Context, err error) { hooked = err })
	h := mounted(t, route("GET", "/", none[endpoint.Empty, reply]), hook)
	require.Equal(t, 500, ask(t, h, "GET", "/", "").status)
	require.ErrorContains(t, hooked, "the value is nil, which is no body")
	h = mounted(t, route("GET", "/", func(context.Context, endpoint.Empty) (reply, error) { return reply{Status: 204}, nil }))
	require.Equal(t, 204, ask(t, h, "GET", "/", "").status)
}

// TestWholeBodyConstruction has tags inside a whole body that nothing would look at.
func TestWholeBodyConstruction(t *testing.T) {
	t.Parallel()
	type deep struct {
		N int `json:"n" default:"1"`
	}
	type bad struct {
		Deep  deep  `json:"deep"`
		Q     int   `query:"q"`
		Both  int   `json:"both" default:"1" required:"true"`
		Kind  []int `json:"kind" default:"1"`
		Wrong int   `json:"wrong" default:"x"`
		*Crate
	}
	err := httpx.Mount(&ledger{}, saying[bad]())
	for _, want := range []string{
		"field Body.Deep.N is tagged default and cannot be reached", "field Body.Q is tagged query and cannot be reached",
		"field Both is required and has a default", "field Kind: a default for the kind slice has no form",
		`field Wrong: tag default "x": must be an integer`, "field Size has a default behind an embedded pointer",
	} {
		require.ErrorContains(t, err, want)
	}
	type list struct {
		Body []deep `body:"true"`
	}
	err = httpx.Mount(&ledger{}, route("POST", "/", none[list, endpoint.Empty]))
	require.ErrorContains(t, err, "field Body.N is tagged default and cannot be reached")
}
