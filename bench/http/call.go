package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
	"github.com/typedkit/endpoint/httpx"
	"golang.org/x/sync/errgroup"
)

// kindClient is httpx's client; the one by hand is kindHand.
const kindClient = "httpx.Client"

func clientKinds() []string { return []string{kindClient, kindHand} }

// The ways in which a client's call is measured.
const (
	inMemory = "client in memory"
	overLoop = "client over loopback"
	cpuOfIt  = "client's CPU over loopback"
)

func clientWays() []string { return []string{inMemory, overLoop, cpuOfIt} }

// clientShapes are measured from the client's side.
func clientShapes() []string { return []string{smallPOST, listGET, largePOST} }

func clientGroup(shape, way string) string { return shape + ", " + way }

// A clientCall makes one call of a shape and checks that the answer is right:
// in part when it is timed, by reading all of it when it is checked.
type clientCall struct {
	call  func(ctx context.Context) error
	check func(ctx context.Context) error
}

// withDeadline returns a context for calls. A call without a deadline is another one:
// httpx bounds it by itself, and the client by hand waits for ever.
func withDeadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Hour)
}

// callsOf returns the calls of a client of a kind for a server, with what makes its
// exchanges; nil for one of its own.
func callsOf(kind, base string, transport http.RoundTripper) (map[string]clientCall, error) {
	if kind == kindHand {
		if transport == nil {
			own := http.DefaultTransport.(*http.Transport).Clone()
			own.MaxIdleConnsPerHost = own.MaxIdleConns // of its 2, the other callers would dial for each call
			transport = own
		}
		c := &handClient{base: base, http: &http.Client{Transport: transport}}
		return callsWith(c.upper, c.list, c.place), nil
	}
	var opts []httpx.ConnOption
	if transport != nil {
		opts = append(opts, httpx.HTTPClient(&http.Client{Transport: transport}))
	}
	s := new(Orders)
	if err := httpx.Client(httpx.To(base, opts...), s); err != nil {
		return nil, err
	}
	listAll := func(ctx context.Context, in listRequest) (listResponse, error) { return s.List(ctx, listParams(in)) }
	return callsWith(s.Upper, listAll, s.Place), nil
}

// callsWith returns the calls of the three shapes.
func callsWith(
	upperCall func(context.Context, upperRequest) (upperResponse, error),
	listCall func(context.Context, listRequest) (listResponse, error),
	placeCall func(context.Context, placeRequest) (placeResponse, error),
) map[string]clientCall {
	all := placeRequest{Orders: orders}
	return map[string]clientCall{
		smallPOST: callOf(upperCall, upperRequest{S: "hello"}, upperResponse{V: "HELLO"},
			func(r upperResponse) bool { return r.V == "HELLO" }),
		listGET: callOf(listCall, listRequest{User: buyer, Status: "paid", Limit: ordersOf1KB},
			listResponse{User: buyer, Status: "paid", Orders: orders[:ordersOf1KB]},
			func(r listResponse) bool { return len(r.Orders) == ordersOf1KB }),
		largePOST: callOf(placeCall, all, must(place(context.Background(), all)),
			func(r placeResponse) bool { return r.Count == ordersOf10KB }),
	}
}

func callOf[Req, Resp any](call func(context.Context, Req) (Resp, error), req Req, want Resp, ok func(Resp) bool) clientCall {
	return clientCall{
		call: func(ctx context.Context) error {
			resp, err := call(ctx, req)
			if err == nil && !ok(resp) {
				err = fmt.Errorf("%w: %+v", errAnswer, resp)
			}
			return err
		},
		check: func(ctx context.Context) error {
			resp, err := call(ctx, req)
			if err == nil && !reflect.DeepEqual(resp, want) {
				err = fmt.Errorf("the answer is %+v, want %+v", resp, want)
			}
			return err
		},
	}
}

// canned answers each request with the same from memory, after reading its body
// as a transport does.
type canned struct {
	header  http.Header
	answer  []byte
	scratch []byte
	sent    func(r *http.Request, body []byte) // is told of a request that is checked; else nil
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	n := 0
	if r.Body != nil {
		for {
			m, err := r.Body.Read(c.scratch[n:])
			n += m
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		_ = r.Body.Close()
	}
	if c.sent != nil {
		c.sent(r, c.scratch[:n])
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.header, Body: io.NopCloser(bytes.NewReader(c.answer)), ContentLength: int64(len(c.answer)), Request: r,
	}, nil
}

// newCanned returns a transport with the answers of one shape, which it takes from
// the code by hand.
func newCanned(s *shape) *canned {
	w := &recorded{header: http.Header{}}
	r := newCaller(subject{s, kindHand, nil}).template
	r.Body = io.NopCloser(bytes.NewReader(s.body))
	byHand().ServeHTTP(w, &r)
	return &canned{header: w.header, answer: w.body, scratch: make([]byte, 64<<10)}
}

type recorded struct {
	header http.Header
	body   []byte
}

func (w *recorded) Header() http.Header { return w.header }
func (w *recorded) WriteHeader(int)     {}
func (w *recorded) Write(b []byte) (int, error) {
	w.body = append(w.body, b...)
	return len(b), nil
}

// memoryCases returns what is measured of a client's calls in memory.
func memoryCases() ([]measure.Case, error) {
	return casesOf(inMemory, manyCollections, measure.CPUTime, nil)
}

// clientCases returns what is measured of a client's calls.
func clientCases(server *serverProcess) ([]measure.Case, error) {
	all, err := memoryCases()
	if err != nil {
		return nil, err
	}
	for _, way := range []string{overLoop, cpuOfIt} {
		clock := measure.CPUTime
		if way == overLoop {
			clock = nil
		}
		cases, err := casesOf(way, clientWindows, clock, server)
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

func casesOf(way string, windows int, clock func() (time.Duration, error), server *serverProcess) ([]measure.Case, error) {
	var cases []measure.Case
	for _, s := range shapes() {
		if !slices.Contains(clientShapes(), s.name) {
			continue
		}
		for _, kind := range clientKinds() {
			c, err := checkedCall(s, kind, way, server)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", clientGroup(s.name, way), kind, err)
			}
			run := repeat(c.call)
			if way != inMemory {
				run = concurrently(run)
			}
			cases = append(cases, measure.Case{
				Group: clientGroup(s.name, way), Kind: kind, Windows: windows, Clock: clock, Run: run,
			})
		}
	}
	return cases, nil
}

func repeat(call func(ctx context.Context) error) func(n int) error {
	return func(n int) error {
		ctx, cancel := withDeadline()
		defer cancel()
		for range n {
			if err := call(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// concurrently returns a run of as many callers as the server has connections in
// the other cases. A caller that is alone sleeps in each call, and what the system
// and Go's scheduler do to find that out would be most of what is measured.
func concurrently(run func(n int) error) func(n int) error {
	return func(n int) error {
		var callers errgroup.Group
		for i := range connections {
			callers.Go(func() error { return run((n + i) / connections) })
		}
		return callers.Wait()
	}
}

// checkedCall returns a client whose request and answer were checked.
func checkedCall(s *shape, kind, way string, server *serverProcess) (clientCall, error) {
	ctx, cancel := withDeadline()
	defer cancel()
	if way != inMemory {
		all, err := callsOf(kind, "http://"+server.address(kindHand), nil)
		if err != nil {
			return clientCall{}, err
		}
		return all[s.name], all[s.name].check(ctx)
	}
	transport := newCanned(s)
	all, err := callsOf(kind, "http://example.com", transport)
	if err != nil {
		return clientCall{}, err
	}
	var wrong error
	transport.sent = func(r *http.Request, body []byte) { wrong = s.checkSent(r, body) }
	if err := all[s.name].check(ctx); err != nil {
		return clientCall{}, err
	}
	transport.sent = nil
	return all[s.name], wrong
}

// checkSent compares a client's request with what the shape asks for.
func (s *shape) checkSent(r *http.Request, body []byte) error {
	want := must(url.Parse(s.target))
	if r.Method != s.method || r.URL.Path != want.Path {
		return fmt.Errorf("the request is %s %s, want %s %s", r.Method, r.URL.Path, s.method, want.Path)
	}
	// A client may send what the shape leaves to its default.
	query := r.URL.Query()
	for name, values := range want.Query() {
		if !slices.Equal(query[name], values) {
			return fmt.Errorf("the query is %q, want %q", r.URL.RawQuery, want.RawQuery)
		}
	}
	if s.body == nil {
		return nil
	}
	if got := r.Header.Get("Content-Type"); got != jsonType {
		return fmt.Errorf("the type is %q, want %s", got, jsonType)
	}
	if r.ContentLength != int64(len(body)) {
		return fmt.Errorf("the length is %d, and %d bytes were sent", r.ContentLength, len(body))
	}
	var got, wanted any
	if err := json.Unmarshal(body, &got); err != nil {
		return err
	}
	if err := json.Unmarshal(s.body, &wanted); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("the body is %.200q, want %.200q", body, s.body)
	}
	return nil
}
