package httpx

import (
	"errors"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/shell"
)

// ServerStream adds a route whose response is a stream, sent as server-sent
// events: each item is the JSON of an event, an error after the first item is an
// event of its own, and so is the end, so that a stream that breaks off is never
// taken for a whole one. An error before the first item has its status. The
// request is bound as on any route. T is the type of an item; a field of it
// tagged sse:"id" is the event's id.
func (r *Routes) ServerStream[Req, T any](method, path string, e *endpoint.Endpoint[Req, endpoint.Stream[T]], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.ServerStream, method, path, opts})
}

// ClientStream adds a route whose request is a stream, sent as a JSON value on
// each line. Its response is that of any route. T is the type of an item of the
// request, which has no parameters.
func (r *Routes) ClientStream[T, Resp any](method, path string, e *endpoint.Endpoint[endpoint.Stream[T], Resp], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.ClientStream, method, path, opts})
}

// Bidi adds a route whose request and response are streams that flow at the same
// time, which takes HTTP/2: over TLS, or by H2C on the client and the server's
// unencrypted HTTP/2. Over HTTP/1 it is refused. In and Out are the types of the
// items; those of the request have no parameters.
func (r *Routes) Bidi[In, Out any](method, path string, e *endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]], opts ...RouteOption) {
	shell.Erase(e, &part{r, endpoint.Bidi, method, path, opts})
}

// DefaultHeartbeat is how long a response stream is silent before the server
// sends a comment, unless [Heartbeat] says otherwise.
const DefaultHeartbeat = 15 * time.Second

// Heartbeat sets how long a response stream is silent before the server sends a
// comment, which keeps connections and proxies from giving up. The first one
// sends the header too. The default is [DefaultHeartbeat]; 0 means none.
func Heartbeat(d time.Duration) RouteOption {
	return routeOption(func(c *routeConfig) {
		if d < 0 {
			c.Fault("option Heartbeat: %v is negative", d)
			return
		}
		c.heartbeat = d
	})
}

// DefaultEventTimeout is how long a response stream waits for its reader to take
// an event, unless [EventTimeout] says otherwise.
const DefaultEventTimeout = 30 * time.Second

// EventTimeout sets how long the server waits for the reader of a response stream
// to take an event, or a heartbeat: until the buffers of the connection have room
// for all of it. It then ends the stream, as if the reader had gone, and over
// HTTP/1 the connection; the error hook gets an error that is
// os.ErrDeadlineExceeded. The default is [DefaultEventTimeout]; 0 means no bound.
// It needs a response writer with deadlines, as net/http's are.
//
// Over HTTP/2 it bounds a reader that takes nothing of one stream. A connection
// that takes nothing at all is bounded by the WriteByteTimeout of the
// http.Server's HTTP2Config.
func EventTimeout(d time.Duration) RouteOption {
	return routeOption(func(c *routeConfig) {
		if d < 0 {
			c.Fault("option EventTimeout: %v is negative", d)
			return
		}
		c.eventTimeout = d
	})
}

// Resume makes the client of a response stream go on after an interruption: a
// connection that broke, or the code Unavailable, from a server that stops or an
// answer between two servers. The client asks again with the last id as Last-Event-ID,
// at most ten times in a row without an item, and waits from 100 ms up to 10 s, or as
// long as the server asks for, with up to a half added at random. It gives up if the
// server asks for more than a minute. Any other error ends the stream.
//
// The item must have a field tagged sse:"id", and the request one tagged
// header:"Last-Event-ID", after which the server goes on. A stream that returns has
// ended: a handler that is to be resumed at another server returns an error.
func Resume() RouteOption {
	return routeOption(func(c *routeConfig) { c.resume = true })
}

// bindStream plans the messages of a route with a stream.
func (rt *route) bindStream(p *pattern) []error {
	var faults []error
	kind := rt.op.Streams
	if rt.opts.requestCodec != nil && kind&endpoint.ClientStream != 0 || rt.opts.responseCodec != nil && kind&endpoint.ServerStream != 0 {
		faults = append(faults, errors.New("a stream has items in JSON; RequestCodec and ResponseCodec are for messages"))
	}
	if kind&endpoint.ClientStream != 0 {
		item, errs := bindItem(rt.types.req, codec.Options{AllowUnknown: rt.opts.AllowUnknown, Partly: rt.rules != nil})
		if names := p.wildcardNames(); len(names) > 0 {
			errs = append(errs, fmt.Errorf("{%s} in %q: a request stream has no parameters", names[0], p.text))
		}
		if !rt.hasBody {
			errs = append(errs, fmt.Errorf("a request stream is a body, and %s has none", rt.op.Method))
		}
		faults = addFaults(faults, "request", errs)
		rt.inItem, rt.reads = item, []string{lineStream}
	} else {
		faults = append(faults, rt.bindRequests(p)...)
	}
	if kind&endpoint.ServerStream != 0 {
		item, errs := bindItem(rt.types.resp, codec.Options{AllowUnknown: true, NullIsZero: true})
		faults = addFaults(faults, "response", errs)
		rt.outItem, rt.writes = item, []string{eventStream}
		if bodiless(rt.opts.status) {
			faults = append(faults, fmt.Errorf("option Status: %d has no body, and a response stream is one", rt.opts.status))
		}
	} else {
		faults = append(faults, rt.bindResponses()...)
	}
	if rt.opts.resume {
		faults = addFaults(faults, "option Resume", rt.checkResume())
	}
	return faults
}

// See decision 14.
func (rt *route) checkResume() []error {
	var faults []error
	if rt.op.Streams != endpoint.ServerStream {
		return []error{errors.New("it is for a response stream")}
	}
	if rt.outItem.id == nil {
		faults = append(faults, errors.New(`no field of the item is tagged sse:"id"`))
	}
	for _, p := range rt.in[0].params {
		if p.source == inHeader && p.key == lastEventID {
			return faults
		}
	}
	return append(faults, errors.New(`no field of the request is tagged header:"Last-Event-ID"`))
}

const lastEventID = "Last-Event-Id"
