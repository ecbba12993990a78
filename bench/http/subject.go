package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/httpx"
)

// The kinds of handlers, as they are named in tables and plots.
const (
	kindMount   = "httpx.Mount"
	kindHandler = "httpx.Handler"
	kindHand    = "by hand"
	kindAlone   = "by hand, no router"
	kindBare    = "bare"
	kindHandV1  = "by hand, json v1"
	kindBareV1  = "bare, json v1"
	kindPayload = "codec alone"
	kindChi     = "chi, by hand"
	kindKit     = "go-kit"
	kindHuma    = "huma"
	kindFuego   = "fuego"
	kindGin     = "gin"
	kindEcho    = "echo"
	kindConnect = "connect-go"
)

// handlerKinds are in the order of the tables.
func handlerKinds() []string {
	return []string{
		kindMount, kindHandler, kindHand, kindAlone, kindBare, kindHandV1, kindBareV1, kindPayload,
		kindChi, kindKit, kindHuma, kindFuego, kindGin, kindEcho, kindConnect,
	}
}

// peers are the libraries with a way of their own to bind a request.
func peers() []string {
	return []string{kindKit, kindHuma, kindFuego, kindGin, kindEcho, kindConnect}
}

// A subject is a handler for requests of one shape.
type subject struct {
	shape   *shape
	kind    string
	handler http.Handler
}

// subjects returns all that is measured in process, one shape after the other.
func subjects() ([]subject, error) {
	mount, err := mounted()
	if err != nil {
		return nil, err
	}
	handlers := map[string]http.Handler{
		kindMount: mount, kindHand: byHand(), kindBare: bare(), kindHandV1: byHandV1(), kindBareV1: bareV1(),
		kindChi: onChi(), kindKit: onKit(), kindHuma: onHuma(), kindFuego: onFuego(), kindGin: onGin(),
		kindEcho: onEcho(), kindConnect: onConnect(),
	}
	var all []subject
	for _, s := range shapes() {
		for _, kind := range handlerKinds() {
			h := handlers[kind]
			switch kind {
			case kindHandler:
				h = unrouted(s, httpx.Handler(upper), httpx.Handler(place))
			case kindAlone:
				h = unrouted(s, http.HandlerFunc(handUpper), http.HandlerFunc(handPlace))
			case kindPayload:
				h = payload(s)
			case kindConnect:
				if s.isGET() {
					h = nil // its calls have no values in the path
				}
			}
			if h != nil {
				all = append(all, subject{s, kind, h})
			}
		}
	}
	return all, nil
}

// unrouted returns the handler of a shape that needs no router, or nil.
func unrouted(s *shape, small, large http.Handler) http.Handler {
	switch s.name {
	case smallPOST:
		return small
	case largePOST:
		return large
	}
	return nil
}

func byHand() http.Handler   { return routed(handUpper, handList, handPlace) }
func byHandV1() http.Handler { return routed(handUpperV1, handListV1, handPlaceV1) }
func bare() http.Handler     { return routed(bareUpper, bareList, barePlace) }
func bareV1() http.Handler   { return routed(bareUpperV1, bareListV1, barePlaceV1) }

func routed(upper, list, place http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upper", upper)
	mux.HandleFunc("GET /users/{user}/orders", list)
	mux.HandleFunc("POST /orders", place)
	return mux
}

// payload returns a handler that does nothing but decode, call and encode, into
// memory that is used again: what it allocates is the messages themselves.
func payload(s *shape) http.Handler {
	var in, out bytes.Buffer
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.Reset()
		out.Reset()
		_, err := in.ReadFrom(r.Body)
		if err == nil {
			err = decodeCallEncode(r.Context(), s, in.Bytes(), &out)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header()["Content-Type"] = payloadType
		_, _ = w.Write(out.Bytes())
	})
}

var payloadType = []string{jsonType}

func decodeCallEncode(ctx context.Context, s *shape, in []byte, out *bytes.Buffer) error {
	switch s.name {
	case smallPOST:
		return payloadOf(ctx, in, out, upper)
	case largePOST:
		return payloadOf(ctx, in, out, place)
	}
	user := buyer
	if s.name == textGET {
		user = writer
	}
	answer, err := list(ctx, listRequest{User: user, Status: "paid", Limit: ordersOf1KB})
	if err != nil {
		return err
	}
	return json.MarshalWrite(out, &answer)
}

func payloadOf[Req, Resp any](ctx context.Context, in []byte, out *bytes.Buffer, call func(context.Context, Req) (Resp, error)) error {
	var req Req
	if err := json.Unmarshal(in, &req, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	resp, err := call(ctx, req)
	if err != nil {
		return err
	}
	return json.MarshalWrite(out, &resp)
}

// A caller asks a handler for the same again and again. Request, body and writer
// are used again, so that what is allocated is the handler's.
type caller struct {
	handler  http.Handler
	template http.Request
	request  http.Request
	src      []byte
	body     requestBody
	w        nullWriter
}

func newCaller(s subject) *caller {
	c := &caller{handler: s.handler, src: s.shape.body, w: nullWriter{header: http.Header{}}}
	u := must(url.Parse(s.shape.target))
	c.template = *(&http.Request{
		Method: s.shape.method, URL: u, Host: "example.com", RequestURI: s.shape.target,
		Header: s.shape.header(), ContentLength: int64(len(s.shape.body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.1:1234",
	}).WithContext(context.Background())
	return c
}

// call makes one request. The copy forgets what a handler or a router keeps in
// the request: the parsed form, the values of the path.
func (c *caller) call() {
	c.request = c.template
	c.body.Reset(c.src)
	c.request.Body = &c.body
	clear(c.w.header)
	c.w.status, c.w.bytes = 0, 0
	c.handler.ServeHTTP(&c.w, &c.request)
}

// requestBody is a body in memory.
type requestBody struct{ bytes.Reader }

func (*requestBody) Close() error { return nil }

// nullWriter counts the bytes of an answer and forgets them.
type nullWriter struct {
	header http.Header
	status int
	bytes  int
}

func (w *nullWriter) Header() http.Header { return w.header }

func (w *nullWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *nullWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.bytes += len(b)
	return len(b), nil
}

// check compares one answer with what it should be, and returns its size.
func (s subject) check() (size int, err error) {
	c := newCaller(s)
	rec := httptest.NewRecorder()
	r := c.template
	r.Body = http.NoBody
	if s.shape.body != nil {
		r.Body = &c.body
		c.body.Reset(c.src)
	}
	s.handler.ServeHTTP(rec, &r)
	size = rec.Body.Len()
	return size, s.shape.checkAnswer(rec.Code, rec.Header(), rec.Body.Bytes())
}

// manyCollections is how many windows long one is: long enough for some
// collections of garbage also where little of it is made. In a short window
// there is either none or one, and the median would have none of their cost.
const manyCollections = 20

// handlerCases returns what is measured in process. It is processor time, not
// time on the wall: other work on the machine does not count then, and
// collections do that run on another core.
func handlerCases() ([]measure.Case, error) {
	all, err := subjects()
	if err != nil {
		return nil, err
	}
	var cases []measure.Case
	for _, s := range all {
		c, err := caseOf(s)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", s.shape.name, s.kind, err)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func caseOf(s subject) (measure.Case, error) {
	size, err := s.check()
	c := newCaller(s)
	run := func(n int) error {
		sum := 0
		for range n {
			c.call()
			if c.w.status != http.StatusOK {
				return fmt.Errorf("the status is %d", c.w.status)
			}
			sum += c.w.bytes
		}
		return checkSum(sum, n, size)
	}
	return measure.Case{Group: s.shape.name, Kind: s.kind, Windows: manyCollections, Clock: measure.CPUTime, Run: run}, err
}
