package httpxtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
)

// A tap is the transport of the typed client. It sends another request in the place of the
// client's, if there is one, and keeps what goes over the wire.
type tap struct {
	next    http.RoundTripper
	prepare []func(r *http.Request)

	mu       sync.Mutex    // guards the fields below
	replace  *http.Request // what to send
	begun    func()        // is called when the answer begins; may be nil
	sent     *http.Request
	sentBody bytes.Buffer
	answer   *http.Response
	body     bytes.Buffer
}

func (p *tap) reset(replace *http.Request, begun func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replace, p.begun, p.sent, p.answer = replace, begun, nil, nil
	p.sentBody.Reset()
	p.body.Reset()
}

// RoundTrip sends r, or what is sent in its place.
func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	replace := p.replace
	p.mu.Unlock()
	out := r.Clone(r.Context())
	if replace != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		out = replace.Clone(r.Context())
		for _, key := range []string{"Accept", "Connect-Timeout-Ms"} {
			if len(out.Header[key]) == 0 {
				out.Header[key] = r.Header[key]
			}
		}
	} else if out.Body != nil && out.Body != http.NoBody {
		out.Body = &tee{r.Body, p, &p.sentBody}
	}
	for _, f := range p.prepare {
		f(out)
	}
	answer, err := p.next.RoundTrip(out)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.answer = out, answer
	if err == nil {
		answer.Body = &tee{answer.Body, p, &p.body}
		if p.begun != nil {
			p.begun()
		}
	}
	return answer, err
}

// tee keeps what is read.
type tee struct {
	io.ReadCloser

	tap  *tap
	into *bytes.Buffer
}

func (t *tee) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	t.tap.mu.Lock()
	defer t.tap.mu.Unlock()
	t.into.Write(b[:n])
	return n, err
}

// A result is what came of a call.
type result struct {
	sent     *http.Request
	sentBody []byte
	status   int // 0 if there was no answer
	header   http.Header
	body     []byte
	values   []reflect.Value // pointers to the response, or to items
	err      error
	late     bool // a response stream was not read to its end
	quiet    bool // a response stream that has no items yet: the implementation waits for one
	saw      sighting
}

// The time that calls have.
const (
	callTime   = 10 * time.Second
	streamTime = 500 * time.Millisecond // for the items that are looked at, from the start of the answer or of the implementation
	someItems  = 3
)

// call calls an endpoint of the client with a request. If replace is not nil, that is sent.
func (c *checker) call(e, request reflect.Value, replace *http.Request) result {
	_, streams := endpoint.StreamItem(e.Type().Out(0))
	ctx, cancel := context.WithTimeout(c.t.Context(), callTime)
	defer cancel()
	var begun func()
	if streams {
		end := time.AfterFunc(callTime, cancel)
		defer end.Stop()
		wait := max(streamTime>>c.late, streamTime/32)
		begun = func() { end.Reset(wait) }
	}
	c.watch.look()
	c.watch.notify(begun)
	c.tap.reset(replace, begun)
	out := e.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	var res result
	res.err, _ = reflect.TypeAssert[error](out[1])
	switch {
	case res.err != nil:
	case streams:
		res.items(ctx, endpoint.EraseStream(out[0].Interface()))
	default:
		v := reflect.New(out[0].Type())
		v.Elem().Set(out[0])
		res.values = append(res.values, v)
	}
	c.watch.notify(nil)
	if streams && ctx.Err() != nil {
		c.late++
	}
	res.saw = c.watch.look()
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	if res.late && c.tap.answer == nil {
		res.late, res.err = false, ctx.Err()
	}
	// The header of a response stream is sent with its first item.
	res.quiet = streams && c.tap.answer == nil && res.saw.reached > 0 && ctx.Err() != nil
	res.sent, res.sentBody, res.body = c.tap.sent, bytes.Clone(c.tap.sentBody.Bytes()), bytes.Clone(c.tap.body.Bytes())
	if a := c.tap.answer; a != nil {
		res.status, res.header = a.StatusCode, a.Header
	}
	return res
}

// items reads the first items of a response stream.
func (r *result) items(ctx context.Context, items endpoint.Stream[any]) {
	for item, err := range items {
		if err != nil {
			if r.late = ctx.Err() != nil; !r.late {
				r.err = err
			}
			return
		}
		v := reflect.New(reflect.TypeOf(item).Elem())
		v.Elem().Set(reflect.ValueOf(item).Elem())
		if r.values = append(r.values, v); len(r.values) == someItems {
			r.late = true
			return
		}
	}
}
