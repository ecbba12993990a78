package httpx

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/constraint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
)

// exchange is one request and its answer while it is served. It is the request
// of the endpoint that the layers of a server are wrapped around.
type exchange struct {
	rt       *route
	w        http.ResponseWriter
	r        *http.Request
	call     *endpoint.CallWriter
	wire     *mark.Wire            // of the Call
	format   int                   // of the answer
	sender   *eventSender          // of a response stream
	served   *serving              // of a request stream
	rest     bodyRest              // of the request
	inner    context.Context       // of the endpoint of a request stream
	reader   *lineReader           // of the request stream
	lines    endpoint.Stream[line] // the request stream, as the layers pass it on
	items    endpoint.Stream[any]  // the response stream
	received *binding              // how the body is decoded, once it has been received
	body     []byte
	out      []byte
	headers  []headerValue
	replied  []replyHeader // of them, in the reply
	around   []headerLines // set by middlewares; see setAround
	status   int
	timeout  string   // a Connect-Timeout-Ms that is not valid
	media    []string // room for the Content-Type
	outer    []string // the Content-Type that a middleware set before the call
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// keepBuffer bounds what a buffer may have grown to and still be kept.
const keepBuffer = 64 << 10

func (x *exchange) release() {
	body, out, headers, around, replied := x.body[:0], x.out[:0], x.headers[:0], x.around[:0], x.replied[:0]
	if cap(body) > keepBuffer {
		body = nil
	}
	if cap(out) > keepBuffer {
		out = nil
	}
	clear(headers[:cap(headers)])
	clear(around[:cap(around)])
	clear(replied[:cap(replied)])
	*x = exchange{body: body, out: out, headers: headers, around: around, replied: replied}
	exchanges.Put(x)
}

// Decode reads the request of m.
func (x *exchange) Decode(m *shell.Messages) error {
	switch {
	case x.rt.op.Streams&endpoint.ClientStream != 0:
		x.setItems(m.Req)
		return nil
	case x.sender != nil:
		return x.quietly(func() error { return x.decode(m.Req) })
	}
	x.media = m.Room[:0]
	return x.decode(m.Req)
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) error {
	if x.rt.op.Streams&endpoint.ServerStream != 0 {
		x.items = endpoint.EraseStream(reflect.ValueOf(m.Resp).Elem().Interface())
		return nil
	}
	return x.encode(m.Resp)
}

// takesBody reports whether the operation has a body for the request's method.
func (x *exchange) takesBody() bool {
	return x.rt.hasBody && !(x.rt.anyBody && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead))
}

// hasBody reports whether there is a body to read.
func (x *exchange) hasBody() bool { return x.r.ContentLength != 0 && x.takesBody() }

// receive reads the body, if there is one. What can be refused without reading it
// is refused first. The time that the server has begins when it has been read.
func (x *exchange) receive() error {
	if err := x.receiveBody(); err != nil {
		return err
	}
	x.wire.Restart()
	return nil
}

func (x *exchange) receiveBody() error {
	if x.timeout != "" {
		return x.badTimeout()
	}
	var err error
	if x.format, err = writesType(x.r, x.rt.writes); err != nil {
		return err
	}
	x.received = x.rt.in[0]
	if !x.hasBody() {
		return nil
	}
	i, err := readsType(x.r, x.rt.reads)
	if err != nil {
		return x.unsupported(err)
	}
	x.received = x.rt.in[i]
	coding, err := readsCoding(x.r)
	if err != nil {
		return x.unsupported(err)
	}
	x.wire.Wait()
	defer x.wire.Waited()
	return x.readBody(coding)
}

// decode decodes the request into v, a pointer, and receives it before if nobody
// has.
func (x *exchange) decode(v any) error {
	if x.received == nil {
		if err := x.receive(); err != nil {
			return err
		}
	}
	in := x.received
	d := decoding{b: in}
	if len(in.params) > 0 || len(in.defaults) > 0 {
		d.v = reflect.ValueOf(v).Elem()
		in.setDefaults(d.v)
		if err := d.readParams(x.r, x.rt.by); err != nil {
			return err
		}
		d.finish()
	} else {
		d.readQuery(x.r.URL.RawQuery)
	}
	if x.takesBody() && !d.full() && !(in.empty && len(x.body) == 0) {
		if err := in.read(x.body, v, len(x.r.Header["Content-Type"]) > 0); err != nil {
			if constraint.IsPartly(err) {
				return x.rt.rules.Add(v, d.result(err))
			}
			return d.result(err)
		}
	}
	return x.rt.rules.Add(v, d.result(nil))
}

func (x *exchange) badTimeout() error {
	return ErrInvalidRequest.WithViolations(endpoint.Violation{Parameter: "header:" + timeoutHeader, Detail: x.timeout})
}

// result is the error of all faults of the parameters and of the body.
func (d *decoding) result(err error) error {
	if len(d.fault) == 0 {
		return err
	}
	if err == nil {
		return ErrInvalidRequest.WithViolations(d.fault...)
	}
	e := endpoint.ErrorOf(err)
	if !errors.Is(e, ErrInvalidRequest) {
		return err
	}
	all := append(d.fault, e.Violations()...)
	return ErrInvalidRequest.WithViolations(all[:min(len(all), bounds.Faults)]...).WithCause(shell.CauseOf(err))
}

// encode writes the response that v points to into x; nothing goes to the
// socket yet, because a layer may still turn it into an error.
func (x *exchange) encode(v any) error {
	out := x.rt.out[x.format]
	x.status = x.rt.opts.status
	if len(out.params) > 0 || out.status != nil {
		var status int
		var err error
		x.headers, status, err = out.replyHeader(reflect.ValueOf(v).Elem(), x.r.TLS != nil, x.headers[:0])
		if err != nil {
			return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
		}
		if status != 0 {
			x.status = status
		}
	}
	switch {
	case x.status == 0:
		x.status = http.StatusOK
	case !validSuccess(x.status):
		return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", errors.New("status "+itoa(x.status)+" is no status of a success"))
	}
	if !bodiless(x.status) {
		body, err := out.content(v)
		if err == nil && body == nil {
			err = errNoBody
		}
		if err == nil {
			x.out, err = out.format.Append(x.out[:0], body)
		}
		if err != nil {
			return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
		}
	}
	x.setReply()
	x.call.SetStatus(x.status)
	x.call.AddBytes(0, int64(len(x.out)))
	return nil
}

// send writes the answer to the socket, after the layers' Exit.
func (x *exchange) send(ctx context.Context) {
	h := x.w.Header()
	x.keepReply()
	if len(x.rt.writes) > 1 {
		h.Add("Vary", "Accept")
	}
	if bodiless(x.status) {
		x.leaveBody()
		x.w.WriteHeader(x.status)
		return
	}
	if !x.hasOwnType(h["Content-Type"]) {
		h["Content-Type"] = append(x.media, x.rt.writes[x.format])
	}
	x.write(ctx, x.out)
}

// hasOwnType reports whether the handler or a layer set the Content-Type of the reply,
// whose lines these are. That of a middleware is for every route below it, and does not
// know the format. See decision 174.
func (x *exchange) hasOwnType(lines []string) bool {
	return len(lines) > 0 && (len(x.outer) == 0 || &lines[0] != &x.outer[0])
}

// write sends the header and a body. net/http finds the length of a small body
// by itself, but for an answer to HEAD.
func (x *exchange) write(ctx context.Context, body []byte) {
	head := x.r.Method == http.MethodHead
	if head || len(body) > 2<<10-1 {
		x.w.Header()["Content-Length"] = []string{itoa(len(body))}
	}
	x.leaveBody()
	x.w.WriteHeader(x.status)
	if head {
		return
	}
	if _, err := x.w.Write(body); err != nil {
		x.rt.config.Hooks.Report(ctx, endpoint.Errorf(endpoint.Canceled, "the answer was not written: %w", err))
	}
}

// sendError writes the answer of a call that failed.
func (x *exchange) sendError(ctx context.Context, err error) {
	x.dropReply()
	x.rt.problem(ctx, err, func(e *endpoint.Error) {
		h := endpoint.HTTPHeader(x.w.Header())
		shell.SetRetried(&h, e, err)
		answer, fault := x.rt.appendError(x.out[:0], e, x.format)
		if fault != nil {
			x.rt.config.Hooks.Report(ctx, fault)
		}
		x.status, x.out = answer.status, answer.body
		problemHeader(x.w.Header(), x.around, answer.err, x.status, answer.media)
	})
	if len(x.rt.writes) > 1 || x.status == http.StatusNotAcceptable {
		x.w.Header().Add("Vary", "Accept")
	}
	x.write(ctx, x.out)
}

// leaveBody prepares for an answer, just before its header is written: it may
// come before the end of the body.
func (x *exchange) leaveBody() {
	if x.rest == bodyEnded || x.rest == bodyLeft || x.reader.atEnd() || !holdsConn(x.r) {
		return
	}
	switch {
	case x.rest == bodyPending:
		x.w.Header().Set("Connection", "close")
	case x.rest == bodyBroken, x.rt.op.Streams&endpoint.ClientStream != 0: // there is nothing to wait for
		x.w.Header().Set("Connection", "close")
		endBody(x.w, x.r)
	default:
		closeUnread(x.w, x.r)
	}
	x.rest = bodyLeft
}

// done ends what leaveBody did not: a body whose handler broke off, or whose
// answer began before it.
func (x *exchange) done() {
	if (x.rest == bodyUnread || x.rest == bodyBroken) && !x.reader.atEnd() {
		endBody(x.w, x.r)
	}
}

// problem reports an error of a call and has encode make an answer of what goes
// out for it.
func (rt *route) problem(ctx context.Context, err error, encode func(e *endpoint.Error)) {
	shell.Answer(err, func(err error) {
		encode(rt.op.Outgoing(err))
		rt.config.Hooks.ReportCall(ctx, rt.op, err)
	})
}

const timeoutHeader = "Connect-Timeout-Ms"

// deadline returns the context of a call with the time that the client gives
// it, if that is less than it has. The header is that of the Connect protocol:
// a positive integer of at most ten digits. It also returns the deadline that the
// client set, or the zero time.
func (x *exchange) deadline(ctx context.Context) (context.Context, time.Time, context.CancelFunc) {
	values := x.r.Header[timeoutHeader]
	if len(values) == 0 {
		return ctx, time.Time{}, nil
	}
	ms, err := strconv.ParseUint(values[0], 10, 64)
	if err != nil || ms == 0 || len(values[0]) > 10 || len(values) > 1 {
		x.timeout = "must be one positive number of milliseconds of at most ten digits"
		return ctx, time.Time{}, nil
	}
	deadline := time.Now().Add(time.Duration(ms) * time.Millisecond) //nolint:gosec // ten digits
	ctx, cancel := context.WithDeadline(ctx, deadline)
	return ctx, deadline, cancel
}
