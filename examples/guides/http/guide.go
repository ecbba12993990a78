// Package httpguide holds the pieces that docs/http.md shows: a shop over HTTP.
package httpguide

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: errors

var (
	ErrNoOrder = endpoint.Define(endpoint.NotFound, "shop", "NO_ORDER", "no such order")
	ErrSoldOut = endpoint.Define(endpoint.FailedPrecondition, "shop", "SOLD_OUT", "sold out")
)

// end snippet

// Order is what is bought.
type Order struct {
	ID   string `json:"id"`
	Item string `json:"item"`
	Note string `json:"note"`
}

// snippet: parameters

// Search shows where fields of a request come from. All of it is optional but
// for the path.
type Search struct {
	Shop    string        `path:"shop"`
	Text    string        `query:"q"`
	Limit   int           `query:"limit" default:"20"`
	Tags    []string      `query:"tag"`
	Before  *time.Time    `query:"before"`
	MaxAge  time.Duration `query:"max-age"`
	Session string        `cookie:"session"`
	Agent   string        `header:"User-Agent"`
}

// end snippet

// Found is the result of a search.
type Found struct {
	Orders []Order `json:"orders"`
}

// snippet: body

// Place has a parameter and members of the body. The body cannot set Shop: as a
// member it is unknown.
type Place struct {
	Shop string `path:"shop"`
	Item string `json:"item" required:"true"`
	Qty  uint8  `json:"qty" default:"1"`
	Note string `json:"note"`
}

// Replace has a whole value as its body.
type Replace struct {
	Shop  string `path:"shop"`
	ID    string `path:"id"`
	Order Order  `body:"true"`
}

// end snippet

// snippet: optional

// Change tells a member that is absent from one that is null.
type Change struct {
	Shop string                 `path:"shop"`
	ID   string                 `path:"id"`
	Item codec.Optional[string] `json:"item,omitzero"`
	Note codec.Optional[string] `json:"note,omitzero"`
}

func (c Change) apply(o *Order) {
	c.Item.Apply(&o.Item)
	c.Note.Apply(&o.Note) // null clears it, absent leaves it
}

// end snippet

// snippet: response

// Placed sets its status and a header beside its body.
type Placed struct {
	Status   int    `status:"true"`
	Location string `header:"Location"`
	ID       string `json:"id"`
}

// end snippet

// snippet: form

// Login is a form, as browsers send it.
type Login struct {
	User     string `form:"user" required:"true"`
	Password string `form:"password" required:"true"`
}

// end snippet

// snippet: cookie

// Session sets two cookies: one by its value, protected, and one with all that
// belongs to it, or none where it is nil.
type Session struct {
	ID    string       `cookie:"session"`
	Theme *http.Cookie `cookie:"theme"`
}

// end snippet

// snippet: service

// Shop is the service.
type Shop struct {
	Search  endpoint.Endpoint[Search, Found]
	Place   endpoint.Endpoint[Place, Placed]
	Replace endpoint.Endpoint[Replace, endpoint.Empty]
	Change  endpoint.Endpoint[Change, Order]
	Login   endpoint.Endpoint[Login, Session]
	Photo   endpoint.Endpoint[Photo, []byte]
}

// HTTP describes the service.
func (s *Shop) HTTP(r *httpx.Routes) {
	shop := r.Under("/shops/{shop}")
	shop.GET("/orders", &s.Search)
	shop.POST("/orders", &s.Place, httpx.Fails(ErrSoldOut), httpx.ErrorStatus(ErrSoldOut, http.StatusConflict))
	shop.PUT("/orders/{id}", &s.Replace, httpx.Status(http.StatusNoContent))
	shop.PATCH("/orders/{id}", &s.Change, httpx.Fails(ErrNoOrder), httpx.Idempotent())
	r.POST("/login", &s.Login, httpx.MaxBody(4<<10), httpx.BodyTimeout(2*time.Second))
	r.GET("/photos/{path...}", &s.Photo, httpx.ResponseCodec(png{}))
}

// end snippet

// Photo asks for a picture.
type Photo struct {
	Path string `path:"path"`
}

// snippet: codec

// png is a codec of one route.
type png struct{}

func (png) MediaType() string                           { return "image/png" }
func (png) Append(dst []byte, v []byte) ([]byte, error) { return append(dst, v...), nil }
func (png) Decode(src []byte, v *[]byte) error          { *v = append((*v)[:0], src...); return nil }

// end snippet

// snippet: olderrors

// oldErrors are the error bodies that clients of an older shop know.
var oldErrors = httpx.MapErrors(
	func(err *endpoint.Error) (status int, body OldError) { return 0, OldError{err.Message()} },
	func(_ int, body OldError) *endpoint.Error {
		if body.Error == ErrSoldOut.Message() {
			return ErrSoldOut
		}
		return endpoint.Errorf(endpoint.Unknown, "%s", body.Error) // with the code of the status
	},
)

type OldError struct {
	Error string `json:"error"`
}

// HTTP describes an older shop to servers and clients. httpx.Problems takes the same
// option.
func (s *OldShop) HTTP(r *httpx.Routes) {
	shop := r.Under("/shops/{shop}", oldErrors)
	shop.POST("/orders", &s.Place, httpx.Fails(ErrSoldOut))
}

// end snippet

// OldShop has one operation of a Shop.
type OldShop struct {
	Place endpoint.Endpoint[Place, Placed]
}

// snippet: foreign

// dialForeign returns a client of a shop that is not one of ours: its errors are texts.
func dialForeign(url string) (*Shop, error) {
	decode := func(status int, _ http.Header, body []byte) *endpoint.Error {
		if status == http.StatusConflict && bytes.HasPrefix(body, []byte("sold out")) {
			return ErrSoldOut
		}
		return nil // the code is that of the status
	}
	var shop Shop
	err := httpx.Client(httpx.To(url), &shop, httpx.DecodeError(decode))
	return &shop, err
}

// end snippet

// snippet: mount

// mount serves the shop on the standard library's router.
func mount(mux *http.ServeMux, shop *Shop, log *slog.Logger) (http.Handler, error) {
	report := func(ctx context.Context, err error) {
		if call := endpoint.CallFrom(ctx); call.Status(err) >= 500 {
			log.ErrorContext(ctx, "call failed", "operation", call.Operation().Name, "err", err)
		}
	}
	err := httpx.Mount(mux, shop, httpx.ErrorHook(report))
	return httpx.Problems(mux), err
}

// end snippet

// snippet: protect

// protect refuses what pages of other origins send in the name of a browser's
// user, except pages of the trusted one.
func protect(h http.Handler, trusted string) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	err := protection.AddTrustedOrigin(trusted)
	return protection.Handler(h), err
}

// end snippet

// snippet: client

// dial returns a client of the shop.
func dial(url string, roots *tls.Config) (*Shop, error) {
	var shop Shop
	err := httpx.Client(httpx.To(url, httpx.TLS(roots), httpx.MaxResponse(1<<20)), &shop)
	return &shop, err
}

// end snippet

// snippet: status

// counting is a layer that counts the answers by status, whoever made them: the
// endpoint, a layer inside it, or the transport.
func counting(count func(operation string, status int)) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			call := endpoint.CallFrom(ctx)
			count(call.Operation().Name, call.Status(err))
			return err
		}, nil
	}
}

// end snippet

// snippet: twice

// Branches has one service twice, each under a path and a name of its own.
type Branches struct {
	Books Shelf
	Toys  Shelf
}

// HTTP describes the service.
func (b *Branches) HTTP(r *httpx.Routes) {
	b.Books.describe(r.Under("/books", httpx.Named("books")))
	b.Toys.describe(r.Under("/toys", httpx.Named("toys"), httpx.Partial())) // not built yet
}

// end snippet

// snippet: under

// mountUnder mounts the branches below a prefix, on a router of their own.
func mountUnder(outer *http.ServeMux, branches *Branches, layers ...endpoint.Layer) (http.Handler, error) {
	mux := http.NewServeMux()
	err := httpx.Mount(mux, branches, httpx.Use(layers...))
	inner := httpx.Problems(mux, httpx.Use(layers...))
	outer.Handle("/branches/", http.StripPrefix("/branches", inner))
	return httpx.Problems(outer, httpx.Use(layers...)), err
}

// end snippet

// Shelf is a part of a service.
type Shelf struct {
	Count endpoint.Endpoint[endpoint.Empty, Counted]
}

func (s *Shelf) describe(r *httpx.Routes) { r.GET("/count", &s.Count) }

// Counted is a number of things.
type Counted struct {
	N int `json:"n"`
}

// snippet: dialmore

// dialMore returns a client over HTTP/2 without TLS, one with an http.Client of
// the program's own, and layers around every call of both.
func dialMore(url string, own *http.Client, layers ...endpoint.Layer) (plain, shared *Branches, err error) {
	plain, shared = new(Branches), new(Branches)
	err = errors.Join(
		httpx.Client(httpx.To(url, httpx.H2C()), plain, httpx.Use(layers...)),
		httpx.Client(httpx.To(url, httpx.HTTPClient(own)), shared, httpx.Use(layers...)),
	)
	return plain, shared, err
}

// end snippet

// snippet: call

// place orders something, with a deadline that the server hears of and a header
// of this call alone.
func place(ctx context.Context, shop *Shop, item string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	ctx = endpoint.WithHeader(ctx, "Idempotency-Key", item)
	placed, err := shop.Place(ctx, Place{Shop: "books", Item: item, Qty: 1})
	if err != nil {
		return "", err
	}
	return placed.Location, nil
}

// end snippet
