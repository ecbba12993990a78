package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

func shout(_ context.Context, s string) (string, error) {
	if s == "" {
		return "", ErrEmpty
	}
	return strings.ToUpper(s), nil
}

func ExampleUse() {
	logging := func(ctx context.Context) (context.Context, func(error) error, error) {
		fmt.Println("begin")
		return ctx, func(err error) error {
			call := endpoint.CallFrom(ctx)
			fmt.Println("end:", call.Operation().Name, call.Status(err), err)
			return err
		}, nil
	}
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, newShop(), httpx.Use(endpoint.LayerFunc(logging))); err != nil {
		fmt.Println(err)
		return
	}
	show(mux, "GET", "/items?limit=0", "")
	// Output:
	// begin
	// end: List 200 <nil>
	// 200 {"items":[]}
}

func ExampleErrorHook() {
	broken := func(context.Context, endpoint.Empty) (endpoint.Empty, error) {
		return endpoint.Empty{}, errors.New("connect to db-7: refused")
	}
	show(httpx.Handler(broken, httpx.ErrorHook(func(_ context.Context, err error) {
		fmt.Println("log:", err)
	})), "POST", "/", "")
	// Output:
	// log: connect to db-7: refused
	// 500 {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"internal error","code":"INTERNAL"}
}

func ExampleFormats() {
	h := httpx.Handler(func(_ context.Context, i Item) (Item, error) { return i, nil }, httpx.Formats(codec.JSON(), codec.XML()))
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"id":"7","name":"lamp"}`))
	r.Header.Set("Accept", "application/xml")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <Item><ID>7</ID><Name>lamp</Name></Item>
}

func ExampleFails() {
	h := httpx.Handler(shout, httpx.Fails(ErrEmpty))
	show(h, "POST", "/", `""`)
	// Output: 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"empty string","code":"INVALID_ARGUMENT","domain":"strings","reason":"EMPTY"}
}

func ExampleErrorStatus() {
	h := httpx.Handler(shout, httpx.ErrorStatus(ErrEmpty, http.StatusUnprocessableEntity))
	show(h, "POST", "/", `""`)
	// Output: 422 {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"empty string","code":"INVALID_ARGUMENT","domain":"strings","reason":"EMPTY"}
}

func ExampleStatus() {
	h := httpx.Handler(func(context.Context, endpoint.Empty) (endpoint.Empty, error) {
		return endpoint.Empty{}, nil
	}, httpx.Status(http.StatusNoContent))
	show(h, "POST", "/", "")
	// Output: 204
}

func ExampleMaxBody() {
	h := httpx.Handler(shout, httpx.MaxBody(8))
	show(h, "POST", "/", `"hello"`)
	show(h, "POST", "/", `"hello, world"`)
	// Output:
	// 200 "HELLO"
	// 413 {"type":"about:blank","title":"Request Entity Too Large","status":413,"detail":"the body is too large","code":"RESOURCE_EXHAUSTED","domain":"endpoint","reason":"BODY_TOO_LARGE","meta":{"limit":"8"}}
}

func ExampleBodyTimeout() {
	h := httpx.Handler(shout, httpx.BodyTimeout(30*time.Second))
	show(h, "POST", "/", `"hello"`)
	// Output: 200 "HELLO"
}

func ExampleAllowUnknown() {
	e := func(_ context.Context, i Item) (Item, error) { return i, nil }
	const newer = `{"id":"7","name":"lamp","color":"red"}`
	show(httpx.Handler(e, httpx.AllowUnknown()), "POST", "/", newer)
	show(httpx.Handler(e), "POST", "/", newer)
	// Output:
	// 200 {"id":"7","name":"lamp"}
	// 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/color","detail":"unknown member"}]}
}

func ExamplePartial() {
	var notYet endpoint.Endpoint[Item, Item]
	show(httpx.Handler(notYet, httpx.Partial()), "POST", "/", "{}")
	// Output: 501 {"type":"about:blank","title":"Not Implemented","status":501,"detail":"Handler is not implemented","code":"UNIMPLEMENTED"}
}

func ExampleRequestCodec() {
	text, err := codec.Of[string](codec.Text(), codec.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := httpx.Handler(shout, httpx.RequestCodec(text))
	r := httptest.NewRequest("POST", "/", strings.NewReader(`hello`))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: "HELLO"
}

func ExampleResponseCodec() {
	text, err := codec.Of[string](codec.Text(), codec.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	show(httpx.Handler(shout, httpx.ResponseCodec(text)), "POST", "/", `"hello"`)
	// Output: 200 HELLO
}

func ExampleMaxResponse() {
	server := httptest.NewServer(httpx.Handler(func(context.Context, endpoint.Empty) (string, error) {
		return strings.Repeat("x", 1000), nil
	}))
	defer server.Close()
	var c Quotes
	if err := httpx.Client(httpx.To(server.URL, httpx.MaxResponse(100)), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Get(context.Background(), endpoint.Empty{})
	fmt.Println(endpoint.CodeOf(err), err)
	// Output: RESOURCE_EXHAUSTED the response is larger than 100 bytes
}

// Quotes is a service whose reads are a POST.
type Quotes struct {
	Get endpoint.Endpoint[endpoint.Empty, string]
}

func (q *Quotes) HTTP(r *httpx.Routes) { r.POST("/", &q.Get, httpx.Idempotent()) }

// A repeat of an idempotent call does no harm, so a broken one may be retried.
func ExampleIdempotent() {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler) // breaks off
	}))
	defer server.Close()
	var c Quotes
	if err := httpx.Client(httpx.To(server.URL), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Get(context.Background(), endpoint.Empty{})
	fmt.Println(endpoint.CodeOf(err), endpoint.Retryable(err))
	// Output: UNAVAILABLE true
}
