package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// The kinds, as they are named in tables and plots.
const (
	kindTyped = "httpx"
	kindHand  = "by hand"
)

func kinds() []string { return []string{kindTyped, kindHand} }

// The groups: which stream, and which end of it.
const (
	eventsServer = "response stream, server in memory"
	eventsClient = "response stream, client in memory"
	eventsBoth   = "response stream, both ends"
	eventsCPU    = "response stream, CPU of both ends"
	linesServer  = "request stream, server in memory"
	linesClient  = "request stream, client in memory"
	linesBoth    = "request stream, both ends"
	linesCPU     = "request stream, CPU of both ends"
)

func groups() []string {
	return []string{eventsServer, eventsClient, eventsBoth, eventsCPU, linesServer, linesClient, linesBoth, linesCPU}
}

// A client makes a call with a stream of n quotes and returns what they come to.
type client interface {
	watch(ctx context.Context, n int) (total, error)
	send(ctx context.Context, n int) (total, error)
}

func newClient(kind, base string, transport http.RoundTripper) (client, error) {
	if kind == kindTyped {
		return newTypedClient(base, transport)
	}
	return newHandClient(base, transport), nil
}

func newServer(kind string) (http.Handler, error) {
	if kind == kindTyped {
		return typedServer()
	}
	return handServer(), nil
}

// wire is what both kinds of server write for n quotes. A quote is an event of
// the same length each time.
func wire(n int) []byte {
	var b bytes.Buffer
	for q := range quotes(n) {
		fmt.Fprintf(&b, "id: %d\ndata: {\"n\":%[1]d,\"symbol\":%q,\"price\":%v,\"size\":%d}\n\n", q.N, q.Symbol, q.Price, q.Size)
	}
	b.WriteString("event: end\ndata: {}\n\n")
	return b.Bytes()
}

// serverCall returns a call of a handler in memory, with a stream of n quotes.
func serverCall(h http.Handler, group string) func(n int) error {
	if group == eventsServer {
		end := len(wire(0))
		each := len(wire(1)) - end
		return func(n int) error {
			w := &countingWriter{header: http.Header{}}
			h.ServeHTTP(w, request(http.MethodGet, "/quotes?n="+strconv.Itoa(n), nil))
			if w.bytes != n*each+end || w.flushes < n {
				return fmt.Errorf("%d bytes in %d pieces, want %d in %d or more", w.bytes, w.flushes, n*each+end, n)
			}
			return nil
		}
	}
	return func(n int) error {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, request(http.MethodPost, "/quotes", &lines{left: n}))
		return checkAnswer(rec.Body.Bytes(), n)
	}
}

func request(method, target string, body io.Reader) *http.Request {
	r := (&http.Request{
		Method: method, URL: must(url.Parse(target)), Host: "example.com", RequestURI: target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.1:1234",
		Header: http.Header{"Accept": {eventType}}, Body: http.NoBody,
	}).WithContext(context.Background())
	if body != nil {
		r.Header = http.Header{"Accept": {jsonType}, "Content-Type": {linesType}}
		r.Body, r.ContentLength = io.NopCloser(body), -1
	}
	return r
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// countingWriter counts what is written and flushed, and forgets it.
type countingWriter struct {
	header  http.Header
	bytes   int
	flushes int
	flushed int // bytes
}

func (w *countingWriter) Header() http.Header         { return w.header }
func (w *countingWriter) WriteHeader(int)             {}
func (w *countingWriter) Write(b []byte) (int, error) { w.bytes += len(b); return len(b), nil }

// FlushError refuses what costs a real connection something for nothing.
func (w *countingWriter) FlushError() error {
	if w.flushed == w.bytes {
		return errNothing
	}
	w.flushes++
	w.flushed = w.bytes
	return nil
}

var errNothing = errors.New("there is nothing to flush")

// canned answers in memory: with the events that are asked for, and to a request
// stream with what it comes to.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {eventType}}, ContentLength: -1, Request: r,
	}
	if r.Method == http.MethodGet {
		n, _ := strconv.Atoi(r.URL.Query().Get("n")) // a zero may be left out
		resp.Body = io.NopCloser(&events{left: n})
		return resp, nil
	}
	defer func() { _ = r.Body.Close() }()
	n, last, buf := 0, byte('\n'), make([]byte, 4096)
	for {
		m, err := r.Body.Read(buf)
		n += bytes.Count(buf[:m], []byte("\n"))
		if m > 0 {
			last = buf[m-1]
		}
		if err != nil && !errors.Is(err, io.EOF) || err != nil && last != '\n' {
			return nil, fmt.Errorf("after %d lines: %w", n, err)
		}
		if err != nil {
			break
		}
	}
	resp.Header.Set("Content-Type", jsonType)
	resp.Body = io.NopCloser(bytes.NewReader(answer(n)))
	return resp, nil
}

// pieces is how many items come in one read.
const pieces = 16

// events are those of a response, in pieces.
type events struct {
	left, next int // items, and the number of the next
	ended      bool
	buf        []byte
	rest       []byte
}

func (e *events) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.ended {
			return 0, io.EOF
		}
		e.buf = e.buf[:0]
		for range min(e.left, pieces) {
			e.buf = append(strconv.AppendInt(append(e.buf, "id: "...), int64(first+e.next), 10), "\ndata: "...)
			e.buf = append(appendQuote(e.buf, e.next), "\n\n"...)
			e.next++
			e.left--
		}
		if len(e.buf) == 0 {
			e.ended = true
			e.buf = append(e.buf, "event: end\ndata: {}\n\n"...)
		}
		e.rest = e.buf
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// lines are those of a request, in pieces.
type lines struct {
	left, next int
	buf        []byte
	rest       []byte
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.left == 0 {
			return 0, io.EOF
		}
		l.buf = l.buf[:0]
		for range min(l.left, pieces) {
			l.buf = append(appendQuote(l.buf, l.next), '\n')
			l.next++
			l.left--
		}
		l.rest = l.buf
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// appendQuote appends the JSON of a quote at little cost: it is not what is
// measured.
func appendQuote(b []byte, i int) []byte {
	b = strconv.AppendInt(append(b, `{"n":`...), int64(first+i), 10)
	return append(b, `,"symbol":"ACME","price":123.25,"size":400}`...)
}

// clientCall returns a call of a client.
func clientCall(c client, group string) func(n int) error {
	call := c.send
	if group == eventsClient || group == eventsBoth || group == eventsCPU {
		call = c.watch
	}
	return func(n int) error {
		t, err := call(context.Background(), n)
		if err != nil {
			return err
		}
		return t.check(n)
	}
}

// someItems are in the stream that a case is checked with.
const someItems = 100

// manyCollections is how many windows long one is: long enough for some
// collections of garbage.
const manyCollections = 20

// manyPackets is the same over sockets: how many items go into one write is luck,
// and has to be the same luck for both.
const manyPackets = 60

// cases returns what is measured. An iteration is an item; a run of n is one call
// with a stream of n items. Each case has shown before that it does its work.
func cases(s *sockets) ([]measure.Case, error) {
	var all []measure.Case
	for _, group := range groups() {
		for _, kind := range kinds() {
			run, err := runner(s, group, kind)
			if err == nil {
				err = run(someItems)
			}
			if err != nil {
				return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", group, kind, err)
			}
			c := measure.Case{Group: group, Kind: kind, Windows: manyCollections, Clock: measure.CPUTime, Run: run}
			switch group {
			case eventsBoth, linesBoth:
				c.Windows, c.Clock = manyPackets, nil
			case eventsCPU, linesCPU:
				c.Windows = manyPackets
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// runner returns what one case does.
func runner(s *sockets, group, kind string) (func(n int) error, error) {
	switch group {
	case eventsServer, linesServer:
		h, err := newServer(kind)
		return serverCall(h, group), err
	case eventsClient, linesClient:
		c, err := newClient(kind, "http://example.com", canned{})
		return clientCall(c, group), err
	}
	return clientCall(s.clients[kind], group), nil
}
